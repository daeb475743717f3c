import { h, replace } from "./dom.js";
import { count, percent } from "./format.js";

const withCounts = 20; // classes up to which the counts stand in the cells

// Classes shows the results on each class and which class is taken for which.
export class Classes {
  constructor() {
    this.element = h("section", { class: "card", hidden: true });
  }

  fill(confusion) {
    this.element.hidden = !confusion;
    if (!confusion) return;
    const names = confusion.counts.map((_, i) => confusion.names?.[i] ?? String(i));
    replace(this.element, h("h2", {}, `Classes at step ${count(confusion.step)}`), h("div", { class: "columns" },
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Results on each class" }, scores(confusion, names)),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Confusion matrix" }, matrix(confusion, names))));
  }
}

function scores(confusion, names) {
  const head = ["Class", "Precision", "Recall", "F1", "Count"].map((t, i) => h("th", { scope: "col", class: i ? "n" : "" }, t));
  return h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...confusion.scores.map((s, i) =>
    h("tr", {}, h("td", { class: "text" }, names[i]), ...[percent(s.precision), percent(s.recall), percent(s.f1), count(s.count)].map((t) => h("td", { class: "n" }, t))))));
}

// matrix has a row for each class; colors are shares of its sequences.
function matrix(confusion, names) {
  const many = names.length > withCounts;
  const none = confusion.counts.some((row) => row.length > names.length);
  const columns = none ? [...names, "none"] : names;
  return h("table", { class: "confusion" + (many ? " many" : "") }, h("caption", { class: "quiet" }, "rows: the class, columns: what it was given to"),
    h("thead", {}, h("tr", {}, h("th"), ...columns.map((n) => h("th", { scope: "col", class: "n" }, n)))),
    h("tbody", {}, ...confusion.counts.map((row, i) => h("tr", {}, h("th", { scope: "row" }, names[i]), ...columns.map((column, j) => {
      const n = row[j] ?? 0, share = n / Math.max(confusion.scores[i].count, 1);
      return h("td", { class: "n", title: `${names[i]}, given to ${column}: ${n}`, style: { backgroundColor: n ? `color-mix(in srgb, var(--accent) ${Math.round(8 + 62 * share)}%, transparent)` : "" } }, many ? "" : String(n));
    })))));
}
