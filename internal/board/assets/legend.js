import { h, replace } from "./dom.js";
import { digits, plural } from "./format.js";
import { choose, color, filtered, shown, store } from "./store.js";

const most = 300; // runs that are listed; the filter finds the others

// Legend lists the runs with their colors, and switches their curves on and off.
export class Legend {
  constructor(changed) {
    this.changed = changed;
    this.filter = h("input", { type: "search", placeholder: "name, state or lr=0.003", "aria-label": "Show only runs with these words", on: { input: (e) => {
      store.filter = e.target.value;
      changed();
    } } });
    this.title = h("summary", {}, "Runs");
    this.list = h("ul", { "aria-label": "Runs with curves" });
    const both = (on) => () => {
      choose(filtered().map((r) => r.id), on);
      changed();
    };
    this.element = h("aside", { class: "card legend", "aria-label": "Runs" }, h("details", { open: true }, this.title, this.filter,
      h("div", { class: "both" }, h("button", { on: { click: both(true) } }, "Show all"), h("button", { on: { click: both(false) } }, "Hide all")), this.list));
  }

  update() {
    const runs = filtered(), on = new Set(shown().map((r) => r.id));
    this.title.textContent = `Runs (${on.size} of ${runs.length} shown)`;
    const items = runs.slice(0, most).map((run) => h("li", {}, h("button", {
      "aria-pressed": String(on.has(run.id)), title: run.name, dataset: { focus: "legend " + run.id }, on: { click: () => {
        choose([run.id], !on.has(run.id));
        this.changed();
      } },
    }, h("span", { class: "swatch", style: { color: color(run.id) } }), h("span", { class: "name" }, h("bdi", {}, run.name)), h("span", { class: "value" }, digits(run.loss, 4)))));
    if (runs.length > most) items.push(h("li", { class: "quiet" }, plural(runs.length - most, "more run") + ": use the filter"));
    replace(this.list, ...items);
  }
}
