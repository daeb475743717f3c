import { h, replace } from "./dom.js";
import { count, digits, duration, memory, percent, short } from "./format.js";
import { choose, color, filtered, shown, store } from "./store.js";

const order = { running: 0, stale: 1, stopped: 2, finished: 3 };

// The columns that every run has: key, title, value to sort by, cell. Those without values of any run are not shown.
const fixed = [
  { key: "state", title: "State", value: (r) => order[r.state], cell: (r) => h("span", { class: "state " + r.state }, r.state) },
  { key: "step", title: "Step", value: (r) => r.step, cell: progress },
  { key: "eta", title: "ETA", n: true, value: (r) => (r.state === "running" ? r.eta : null), cell: (r) => (r.state === "running" ? duration(r.eta) : "–") },
  { key: "elapsed", title: "Time", n: true, value: (r) => r.elapsed, cell: (r) => duration(r.elapsed) },
  { key: "loss", title: "Loss", n: true, value: (r) => r.loss, cell: (r) => digits(r.loss, 4) },
  { key: "valid", title: "Valid", n: true, value: (r) => r.valid, cell: (r) => digits(r.valid, 4) },
  { key: "best", title: "Best", n: true, value: (r) => r.best, cell: (r) => digits(r.best, 4) },
  { key: "bpb", title: "Bits per byte", n: true, value: (r) => r.bpb, cell: (r) => digits(r.bpb, 4) },
  { key: "accuracy", title: "Accuracy", n: true, value: (r) => r.accuracy, cell: (r) => percent(r.accuracy) },
  { key: "speed", title: "Tokens/s", n: true, value: (r) => r.speed, cell: (r) => short(r.speed) },
  { key: "memory", title: "Memory", n: true, value: (r) => r.memory, cell: (r) => memory(r.memory) },
  { key: "health", title: "Health", value: (r) => r.badSteps + r.notes.length, cell: health },
];

export function progress(r) {
  const text = r.steps ? `${count(r.step)} / ${count(r.steps)}` : count(r.step);
  const share = r.steps ? Math.min(1, r.step / r.steps) : 0;
  return h("div", {}, text, h("div", { class: "bar" }, h("i", { style: { width: 100 * share + "%" } })));
}

export function health(r) {
  if (r.badSteps) return h("span", { class: "bad", title: "logged steps whose loss or gradient was not finite" }, `${r.badSteps} not finite`);
  if (r.notes.length) return h("span", { class: "bad", title: r.notes.join("\n") }, "bad lines");
  return "good";
}

const setting = (name) => ({ key: "-" + name, title: name, setting: true, cell: (r) => r.settings[name] ?? "–", value: (r) => {
  const text = r.settings[name];
  return text === undefined ? null : text !== "" && isFinite(text) ? Number(text) : text;
} });

const rowsAtFirst = 200;

// RunTable is the table of the runs.
export class RunTable {
  constructor(changed) {
    this.changed = changed;
    this.by = { key: "", down: false };
    this.rows = rowsAtFirst;
    this.head = h("thead");
    this.body = h("tbody");
    this.more = h("p", { class: "more" });
    this.element = h("section", { class: "card runs" }, h("h2", {}, "All runs"),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of runs" }, h("table", {}, this.head, this.body)), this.more);
  }

  update() {
    const runs = filtered(), on = new Set(shown().map((r) => r.id));
    const columns = [...fixed.filter((c) => runs.some((r) => c.value(r) !== null)), ...store.columns.map(setting)];
    const sorted = this.sort(runs, columns);
    replace(this.head, h("tr", {}, this.header({ key: "name", title: "Run" }, "first"), ...columns.map((c) => this.header(c, c.n ? "n" : ""))));
    replace(this.body, ...sorted.slice(0, this.rows).map((r) => this.row(r, columns, on.has(r.id))));
    const rest = sorted.length - this.rows;
    replace(this.more, rest > 0 && h("button", { on: { click: () => {
      this.rows = Infinity;
      this.changed();
    } } }, `Show ${rest} more`));
  }

  sort(runs, columns) {
    const column = this.by.key === "name" ? { value: (r) => r.name } : columns.find((c) => c.key === this.by.key);
    if (!column) return runs;
    const sign = this.by.down ? -1 : 1;
    return [...runs].sort((a, b) => {
      const x = column.value(a), y = column.value(b);
      if (x === null || y === null) return (x === null) - (y === null); // unknown values last
      if (typeof x === typeof y) return sign * (x < y ? -1 : x > y ? 1 : 0);
      return typeof x === "number" ? -1 : 1;
    });
  }

  header(column, css) {
    const mine = this.by.key === column.key;
    return h("th", { class: css, scope: "col", "aria-sort": mine ? (this.by.down ? "descending" : "ascending") : null },
      h("button", { dataset: { focus: "sort " + column.key }, on: { click: () => {
        this.by = { key: column.key, down: mine && !this.by.down };
        this.changed();
      } } }, column.title));
  }

  row(run, columns, on) {
    const toggle = h("button", { class: "toggle", "aria-pressed": String(on), "aria-label": "Curves of " + run.name, dataset: { focus: "toggle " + run.id }, on: { click: () => {
      choose([run.id], !on);
      this.changed();
    } } }, h("span", { class: "swatch", style: { color: color(run.id) } }));
    return h("tr", {}, h("td", { class: "first" }, h("div", {}, toggle, h("a", { href: "#/run/" + run.id, title: run.name, dataset: { focus: "open " + run.id } }, run.name))),
      ...columns.map((c) => h("td", { class: c.n ? "n" : c.setting ? "text" : "", title: c.setting ? run.settings[c.title] : null }, c.cell(run))));
  }
}
