import { imageURL } from "./api.js";
import { Chart } from "./chart.js";
import { h, replace } from "./dom.js";

// The smaller parts of the page of a run. Each fills its section, and hides it if there is nothing to show.

export function sample(section, text) {
  section.hidden = !text;
  replace(section, h("h2", {}, "Sample at the end of training"), h("pre", { tabindex: 0, "aria-label": "Sample" }, text));
}

export function settings(section, detail) {
  replace(section, h("h2", {}, "Settings"), h("dl", { class: "settings" }, ...detail.settings.map(([name, text]) => h("div", {}, h("dt", {}, name), h("dd", {}, text || "–")))),
    h("p", { class: "quiet" }, detail.dir));
}

export function pictures(section, id, images) {
  section.hidden = !images.length;
  const key = JSON.stringify(images);
  if (section.dataset.key === key) return; // images that are the same do not flicker
  section.dataset.key = key;
  replace(section, h("h2", {}, "Pictures in the folder"), h("div", { class: "pictures" }, ...images.map((image) =>
    h("figure", {}, h("img", { src: imageURL(id, image), alt: image.name, loading: "lazy" }), h("figcaption", {}, image.name)))));
}

// lengthChart draws the accuracy against the length of the sequences.
export function lengthChart() {
  const chart = new Chart({ title: "Accuracy by length", format: (y) => (100 * y).toFixed(0) + " %" });
  chart.element.hidden = true;
  return {
    element: chart.element,
    fill(lengths) {
      chart.element.hidden = !lengths.length;
      chart.draw(lengths.map((c, i) => ({ key: c.name, label: c.name, color: ["#3b82f6", "#f59e0b"][i % 2], data: [c.points.map((p) => p[0]), c.points.map((p) => p[1])] })), { axis: "length", logX: true, logY: false });
    },
    destroy: () => chart.destroy(),
  };
}
