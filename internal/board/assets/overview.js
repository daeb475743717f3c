import { Chart } from "./chart.js";
import { CurveSet } from "./curves.js";
import { h, replace } from "./dom.js";
import { digits, short } from "./format.js";
import { Legend } from "./legend.js";
import { color, shown, store } from "./store.js";
import { RunTable } from "./table.js";
import { tools } from "./tools.js";

const kinds = [
  { name: "train:loss", title: "Training loss", unit: "nats per token", cut: true, wide: true },
  { name: "valid:loss", title: "Validation loss", unit: "nats per token", cut: true, wide: true },
  { name: "valid:bpb", title: "Validation bits per byte", cut: true },
  { name: "valid:accuracy", title: "Validation accuracy", format: (y) => (100 * y).toFixed(Math.abs(y) < 0.1 ? 1 : 0) + " %" },
  { name: "train:lr", title: "Learning rate", format: (y) => digits(y, 3) },
  { name: "train:grad_norm", title: "Gradient norm", cut: true },
  { name: "train:tokens_per_sec", title: "Tokens per second", format: short },
];

// Overview is the page of all runs.
export class Overview {
  constructor(changed) {
    this.zoom = (from, to) => {
      store.from = from;
      store.to = from === null ? null : to;
      changed();
    };
    this.charts = kinds.map((kind) => new Chart({ ...kind, zoom: this.zoom }));
    this.legend = new Legend(changed);
    this.table = new RunTable(changed);
    this.tools = tools(changed, () => this.zoom(null));
    this.set = new CurveSet(kinds.map((k) => k.name), (curves, raw) => this.draw(curves, raw));
    this.grid = h("div", { class: "charts" }, ...this.charts.map((c) => c.element));
    this.parts = [this.legend.element, h("div", { class: "stack" }, this.tools.element, this.grid, this.table.element)];
    this.element = h("div", { class: "layout" }, ...this.parts);
  }

  async update() {
    const none = store.ids.length === 0;
    if (none !== (this.element.firstChild !== this.legend.element)) {
      replace(this.element, ...(none ? [empty()] : this.parts));
      this.element.className = none ? "" : "layout";
    }
    if (none) return;
    this.tools.update();
    this.legend.update();
    this.table.update();
    await this.set.update(shown());
  }

  draw(curves, raw) {
    const runs = shown(), view = { ...store.view, from: store.from, to: store.to };
    kinds.forEach((kind, i) => {
      const line = (r, data, faint) => ({ key: r.id + (faint ? " raw" : ""), label: r.name, color: color(r.id), data, faint });
      const faint = runs.map((r) => line(r, raw[kind.name]?.[r.id], true)).filter((l) => l.data);
      this.charts[i].draw([...faint, ...runs.map((r) => line(r, curves[kind.name]?.[r.id], false))], view);
      const { element } = this.charts[i]; // a measurement that no run has is not shown
      element.hidden = i > 1 && !runs.some((r) => curves[kind.name]?.[r.id]);
    });
  }

  destroy() {
    for (const chart of this.charts) chart.destroy();
  }
}

// empty says how to start a run.
function empty() {
  const command = "go run ./cmd/train";
  const copy = h("button", { on: { click: async () => {
    try {
      await navigator.clipboard.writeText(command);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Copying is not allowed here";
    }
  } } }, "Copy");
  return h("div", { class: "empty" }, h("h1", {}, "No runs yet"),
    h("p", { class: "quiet" }, `Nothing in ${store.folders.join(", ")} holds a run. This command trains a small model on the sources of your Go installation in about two minutes. It appears here as it starts.`),
    h("pre", {}, command), copy);
}
