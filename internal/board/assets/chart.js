import { h } from "./dom.js";
import { digits, duration, short } from "./format.js";

// A Chart draws lines over a common x with uPlot, and shows the values at the pointer. Dragging zooms, a double click
// shows all; with the keyboard: + and - zoom, arrows move, 0 shows all.
export class Chart {
  // options: title, unit, wide, format (of y), zoom(from, to) or zoom(null), and x: step, tokens, time or another title.
  constructor(options) {
    this.options = options;
    this.lines = [];
    this.plot = h("div", { class: "plot", tabindex: 0, role: "img", on: { keydown: (e) => this.key(e), dblclick: () => options.zoom?.(null) } });
    this.none = h("div", { class: "none" }, "no values");
    this.tip = h("div", { class: "tip", hidden: true });
    this.element = h("section", { class: "card chart" + (options.wide ? " wide" : "") },
      h("h2", {}, options.title, h("span", {}, options.unit ?? "")), this.plot, this.none, this.tip);
    new ResizeObserver(() => this.u?.setSize(this.size())).observe(this.plot);
  }

  size() {
    return { width: Math.max(this.plot.clientWidth, 60), height: Math.max(this.plot.clientHeight, 60) };
  }

  // draw shows lines: key, label, color, data ([xs, ys]), and optionally dash and faint. view: axis, logX, logY, from, to.
  draw(lines, view) {
    lines = lines.filter((l) => l.data?.[0].length);
    const shape = JSON.stringify([lines.map((l) => [l.key, l.color, l.dash, l.data[0].length < 40]), view.axis, view.logX, view.logY, theme()]);
    this.lines = lines;
    this.view = view;
    this.none.hidden = lines.length > 0;
    this.element.dataset.lines = lines.filter((l) => !l.faint).length; // for tests
    this.element.dataset.points = Math.max(0, ...lines.map((l) => l.data[0].length));
    const latest = lines.slice(0, 6).map((l) => `${l.label}: ${this.format(l.data[1].at(-1))}`);
    this.plot.setAttribute("aria-label", `${this.options.title}. ${latest.join(", ") || "no values"}`);
    const data = lines.length ? uPlot.join(lines.map((l) => l.data)) : [[], []];
    if (this.u && shape === this.shape) {
      this.u.setData(data);
      return;
    }
    this.shape = shape;
    this.u?.destroy();
    this.tip.hidden = true;
    this.u = new uPlot(this.uplotOptions(), data, this.plot);
  }

  format(y) {
    return this.options.format ? this.options.format(y) : digits(y, 4);
  }

  formatX(x) {
    return this.view.axis === "time" ? duration(x) : this.view.axis === "tokens" ? short(x) : digits(x, 6);
  }

  uplotOptions() {
    const style = getComputedStyle(document.documentElement);
    const axis = { stroke: style.getPropertyValue("--quiet"), grid: { stroke: style.getPropertyValue("--grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const log = (on) => (on ? { distr: 3, log: 10 } : {});
    return {
      ...this.size(), legend: { show: false }, padding: [8, 16, 0, 0],
      scales: {
        x: { time: false, ...log(this.view.logX), range: (u, min, max) => this.xRange(min, max) },
        y: { ...log(this.view.logY), ...(this.view.logY ? {} : { range: (u, min, max) => this.yRange(min, max) }) },
      },
      axes: [
        { ...axis, size: 26, gap: 3, values: (u, values) => values.map((v) => (v === null ? "" : this.formatX(v))) },
        { ...axis, size: 46, gap: 3, values: (u, values) => values.map((v) => (v === null ? "" : this.format(v))) },
      ],
      cursor: { sync: this.options.zoom ? { key: "board" } : undefined, drag: { x: Boolean(this.options.zoom), y: false, setScale: false }, points: { show: false } },
      series: [{}, ...this.lines.map((l) => ({ stroke: l.color, alpha: l.faint ? 0.25 : 1, width: l.faint ? 1 : 1.6, dash: l.dash, spanGaps: true,
        points: { show: l.data[0].length < 40, size: 4.5, fill: l.color } }))],
      hooks: { setSelect: [(u) => this.select(u)], setCursor: [(u) => this.point(u)] },
    };
  }

  xRange(min, max) {
    if (this.view.from !== null && this.view.from !== undefined) return [this.view.from, this.view.to];
    if (min === null || max === null) return [1, 10];
    return min === max ? [min * 0.9, max * 1.1 || 1] : [min, max];
  }

  // yRange leaves out the first values of long lines, which may be far above all others.
  yRange(min, max) {
    if (min === null || max === null) return [0, 1];
    let top = -Infinity, values = 0;
    for (const { data: [xs, ys] } of this.lines) {
      const begin = xs[0] + (xs.at(-1) - xs[0]) / 10;
      for (let i = 0; i < xs.length; i++) if (xs[i] >= begin) { top = Math.max(top, ys[i]); values++; }
    }
    if (values >= 20 && top > min && this.options.cut) max = Math.min(max, top + 0.08 * (top - min));
    return uPlot.rangeNum(min, max, 0.06, true);
  }

  select(u) {
    if (u.select.width < 4) return;
    const from = u.posToVal(u.select.left, "x"), to = u.posToVal(u.select.left + u.select.width, "x");
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.options.zoom?.(from, to);
  }

  key(event) {
    if (!this.options.zoom || !this.lines.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const { min, max } = this.u.scales.x, log = this.view.logX;
    const at = (share) => (log ? min * (max / min) ** share : min + (max - min) * share);
    const range = { "+": [0.25, 0.75], "=": [0.25, 0.75], "-": [-0.5, 1.5], ArrowLeft: [-0.25, 0.75], ArrowRight: [0.25, 1.25] }[event.key];
    if (range) this.options.zoom(at(range[0]), at(range[1]));
    else if (event.key === "0") this.options.zoom(null);
    else return;
    event.preventDefault();
  }

  // point shows the values at the pointer, the largest first.
  point(u) {
    const { left, top } = u.cursor;
    if (left === null || left < 0 || !this.lines.length || !this.plot.matches(":hover")) {
      this.tip.hidden = true;
      return;
    }
    const x = u.posToVal(left, "x");
    const rows = this.lines.filter((l) => !l.faint).map((l) => ({ l, i: nearest(l.data[0], x) })).map(({ l, i }) => ({ l, x: l.data[0][i], y: l.data[1][i] }));
    rows.sort((a, b) => b.y - a.y);
    const more = rows.length - 10;
    this.tip.replaceChildren(h("div", { class: "quiet" }, `${this.view.axis} ${this.formatX(x)}`),
      ...rows.slice(0, 10).map(({ l, y }) => h("div", {}, h("span", { class: "swatch on", style: { color: l.color } }), h("span", {}, l.label), h("span", {}, this.format(y)))),
      more > 0 ? h("div", { class: "quiet" }, `and ${more} more`) : "");
    this.tip.hidden = false;
    const wide = this.tip.offsetWidth, x0 = this.plot.offsetLeft + u.bbox.left / devicePixelRatio + left;
    this.tip.style.left = Math.max(4, x0 + wide + 24 < this.element.clientWidth ? x0 + 14 : x0 - wide - 14) + "px";
    this.tip.style.top = this.plot.offsetTop + Math.min(top, 60) + "px";
  }

  destroy() {
    this.u?.destroy();
    this.u = null;
  }
}

// nearest is the index of the element of an increasing array that is closest to x.
function nearest(xs, x) {
  let lo = 0, hi = xs.length - 1;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if (xs[middle] < x) lo = middle + 1;
    else hi = middle;
  }
  return lo > 0 && x - xs[lo - 1] < xs[lo] - x ? lo - 1 : lo;
}

const dark = matchMedia("(prefers-color-scheme: dark)");
export const theme = () => (dark.matches ? "dark" : "light");
export const onTheme = (listener) => dark.addEventListener("change", listener);
