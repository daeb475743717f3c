import { getParameters } from "./api.js";
import { h, replace } from "./dom.js";
import { count, digits, plural, short } from "./format.js";

// Parameters shows the weights of a checkpoint by layer. It reads them when it is opened: that can take a while.
export class Parameters {
  constructor(id) {
    this.id = id;
    this.choice = h("select", { "aria-label": "Checkpoint", on: { change: () => this.load() } });
    this.body = h("div", { class: "layers" });
    this.details = h("details", { on: { toggle: () => this.details.open && !this.shown && this.load() } },
      h("summary", {}, h("strong", {}, "Parameters by layer")), h("p", {}, h("label", { class: "quiet" }, "Checkpoint ", this.choice)), this.body);
    this.element = h("section", { class: "card", hidden: true }, this.details);
  }

  fill(detail) {
    const usable = detail.checkpoints.filter((c) => !c.error).reverse();
    this.element.hidden = !usable.length;
    const chosen = this.choice.value;
    replace(this.choice, ...usable.map((c) => h("option", { value: c.name }, `step ${count(c.step)}${c.last ? ", last" : ""}${c.best ? ", best" : ""}`)));
    if (usable.some((c) => c.name === chosen)) this.choice.value = chosen;
  }

  async load() {
    const name = (this.shown = this.choice.value);
    replace(this.body, h("p", { class: "quiet" }, "Reading the weights…"));
    let content;
    try {
      content = table(await getParameters(this.id, name));
    } catch (error) {
      content = [h("p", { class: "bad" }, error.message)];
    }
    if (this.shown === name) replace(this.body, ...content);
  }
}

function table(parameters) {
  const largest = Math.max(...parameters.layers.map((l) => l.rms ?? 0), 1e-30);
  const notes = [parameters.note, parameters.measured ? "" : "The file is large: only shapes are shown."].filter(Boolean);
  return [h("p", { class: "quiet" }, [plural(parameters.total, "parameter") + "; the bars are root mean squares", ...notes].join(". ")),
    ...parameters.layers.map((layer) => h("details", {}, h("summary", {}, h("span", { title: layer.name }, layer.name), h("span", {}, short(layer.count)),
      h("div", { class: "bar" }, h("i", { style: { width: (100 * (layer.rms ?? 0)) / largest + "%" } })), h("span", {}, digits(layer.rms, 3))), tensors(layer)))];
}

function tensors(layer) {
  const head = ["Tensor", "Shape", "Count", "RMS", "Mean", "Deviation", "Smallest", "Largest", "Not finite"].map((t, i) => h("th", { scope: "col", class: i > 1 ? "n" : "" }, t));
  const row = (t) => h("tr", {}, h("td", {}, t.name), h("td", {}, t.shape.join(" × ") || "scalar"), h("td", { class: "n" }, count(t.count)),
    ...[t.rms, t.mean, t.deviation, t.smallest, t.largest].map((x) => h("td", { class: "n" }, digits(x, 4))), h("td", { class: "n" + (t.nonfinite ? " bad" : "") }, count(t.nonfinite)));
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...layer.tensors.map(row))));
}
