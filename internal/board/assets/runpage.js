import { getRun } from "./api.js";
import { Chart } from "./chart.js";
import { Classes } from "./classes.js";
import { CurveSet } from "./curves.js";
import { h, replace } from "./dom.js";
import { count, digits, duration, memory, percent, short } from "./format.js";
import { Generator } from "./generator.js";
import { lengthChart, pictures, sample, settings } from "./parts.js";
import { Parameters } from "./parameters.js";
import { color, store } from "./store.js";
import { health } from "./table.js";
import { tools } from "./tools.js";

const colors = ["#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#06b6d4", "#ec4899", "#84cc16"];
const lossesAtMost = 8; // validation sets with a curve

// RunPage shows one run.
export class RunPage {
  constructor(id, changed) {
    this.id = id;
    this.revision = null;
    const zoom = (from, to) => {
      store.from = from;
      store.to = from === null ? null : to;
      changed();
    };
    this.tools = tools(changed, () => zoom(null));
    this.charts = {
      loss: new Chart({ title: "Loss", unit: "nats per token", wide: true, cut: true, zoom }),
      accuracy: new Chart({ title: "Accuracy", zoom, format: (y) => (100 * y).toFixed(Math.abs(y) < 0.1 ? 1 : 0) + " %" }),
      lr: new Chart({ title: "Learning rate", zoom, format: (y) => digits(y, 3) }),
      norm: new Chart({ title: "Gradient norm", cut: true, zoom }),
      layers: new Chart({ title: "Gradient norms by layer", unit: "at evaluations", wide: true, cut: true, zoom }),
      speed: new Chart({ title: "Tokens per second", zoom, format: short }),
    };
    this.head = h("div");
    this.generator = new Generator(id);
    this.parameters = new Parameters(id);
    this.classes = new Classes();
    this.lengths = lengthChart();
    this.sample = h("section", { class: "card" });
    this.settings = h("section", { class: "card" });
    this.pictures = h("section", { class: "card" });
    this.element = h("div", {}, this.head, h("div", { class: "stack" }, this.tools.element,
      h("div", { class: "charts" }, ...Object.values(this.charts).map((c) => c.element), this.lengths.element),
      this.generator.element, this.sample, this.classes.element, this.parameters.element, this.settings, this.pictures));
  }

  async update() {
    const run = store.runs.get(this.id);
    if (!run) {
      replace(this.element, h("div", { class: "empty" }, h("h1", {}, "This run is not there"), h("p", { class: "quiet" }, "Its folder was moved or removed."), h("a", { href: "#/" }, "All runs")));
      return;
    }
    this.tools.update();
    this.header(run);
    if (run.revision !== this.revision) {
      this.revision = run.revision;
      this.fill(await getRun(this.id));
    }
    await this.set?.update([run]);
    if (this.layers?.length) await this.layerSet.update([run]);
    else this.charts.layers.element.hidden = true;
  }

  header(run) {
    const fact = (name, value) => value !== "–" && h("div", {}, h("dt", {}, name), h("dd", {}, value));
    const facts = [
      fact("Step", run.steps ? `${count(run.step)} / ${count(run.steps)}` : count(run.step)), fact("Loss", digits(run.loss, 4)), fact("Validation loss", digits(run.valid, 4)),
      fact("Best", digits(run.best, 4)), fact("Bits per byte", digits(run.bpb, 4)), fact("Accuracy", percent(run.accuracy)), fact("Tokens/s", short(run.speed)),
      fact("Training time", duration(run.elapsed)), run.state === "running" && fact("Remaining", duration(run.eta)), fact("Peak memory", memory(run.memory)),
    ].filter(Boolean);
    replace(this.head, h("div", { class: "head" }, h("a", { href: "#/", dataset: { focus: "back" } }, "← All runs"), h("h1", {}, run.name), h("span", { class: "state " + run.state }, run.state),
      h("span", {}, run.badSteps ? health(run) : "")), h("dl", { class: "facts" }, ...facts), ...run.notes.map((n) => h("p", { class: "note" }, n)), run.notes.length ? h("br") : null);
  }

  // fill shows what the folder of the run holds.
  fill(detail) {
    const sets = detail.splits.filter((s) => s !== "train").sort((a, b) => (b === "valid") - (a === "valid") || (a < b ? -1 : 1));
    const losses = ["train", ...sets].slice(0, lossesAtMost);
    const names = [...losses.map((s) => s + ":loss"), ...losses.slice(0, 4).map((s) => s + ":accuracy"), "train:lr", "train:grad_norm", "train:tokens_per_sec"];
    const layers = detail.layers.map((l) => "layer/" + l + ":grad_norm");
    this.layers = detail.layers;
    if (this.layerSet?.names.join() !== layers.join()) this.layerSet = new CurveSet(layers, (curves) => this.drawLayers(curves));
    if (this.set?.names.join() !== names.join()) this.set = new CurveSet(names, (curves, raw) => this.draw(losses, curves, raw));
    this.generator.fill(detail);
    this.parameters.fill(detail);
    this.classes.fill(detail.confusion);
    this.lengths.fill(detail.lengths);
    sample(this.sample, detail.sample);
    settings(this.settings, detail);
    pictures(this.pictures, this.id, detail.images);
  }

  draw(losses, curves, raw) {
    const view = { ...store.view, from: store.from, to: store.to };
    const others = colors.filter((c) => c !== color(this.id));
    const line = (name, label, i, source, faint) => ({ key: name + (faint ? " raw" : ""), label, faint, color: i ? others[(i - 1) % others.length] : color(this.id), data: source[name]?.[this.id] });
    const both = (name, label, i) => [line(name, label, i, raw, true), line(name, label, i, curves, false)];
    const show = (chart, lines) => {
      chart.element.hidden = !lines.some((l) => l.data);
      chart.draw(lines, view);
    };
    show(this.charts.loss, losses.flatMap((s, i) => both(s + ":loss", s, i)));
    show(this.charts.accuracy, losses.slice(0, 4).flatMap((s, i) => both(s + ":accuracy", s, i)));
    show(this.charts.lr, both("train:lr", "learning rate", 0));
    show(this.charts.norm, both("train:grad_norm", "gradient norm", 0));
    show(this.charts.speed, both("train:tokens_per_sec", "tokens/s", 0));
  }

  // drawLayers draws a line for each layer, whose hue is its place in the model.
  drawLayers(curves) {
    const hue = (i) => `hsl(${Math.round((300 * i) / Math.max(this.layers.length - 1, 1))} 70% 50%)`;
    const lines = this.layers.map((l, i) => ({ key: l, label: l, color: hue(i), data: curves["layer/" + l + ":grad_norm"]?.[this.id] }));
    this.charts.layers.element.hidden = !lines.some((l) => l.data);
    this.charts.layers.draw(lines, { ...store.view, from: store.from, to: store.to });
  }

  destroy() {
    for (const chart of Object.values(this.charts)) chart.destroy();
    this.lengths.destroy();
    this.generator.stop();
  }
}
