import { h } from "./dom.js";
import { setView, store } from "./store.js";

// tools are the controls above the curves.
export function tools(changed, showAll) {
  const set = (change) => {
    setView(change);
    if ("axis" in change || "logX" in change) store.from = store.to = null;
    changed();
  };
  const axis = h("select", { on: { change: (e) => set({ axis: e.target.value }) } },
    ...[["step", "steps"], ["tokens", "tokens"], ["time", "training time"]].map(([value, text]) => h("option", { value }, text)));
  const amount = h("output", {});
  const smooth = h("input", { type: "range", min: 0, max: 0.99, step: 0.01, on: { input: (e) => set({ smooth: Number(e.target.value) }) } });
  const logX = h("input", { type: "checkbox", on: { change: (e) => set({ logX: e.target.checked }) } });
  const logY = h("input", { type: "checkbox", on: { change: (e) => set({ logY: e.target.checked }) } });
  const all = h("button", { on: { click: showAll }, title: "or double-click a curve" }, "Show the whole range");
  const element = h("div", { class: "card tools", role: "toolbar", "aria-label": "Curves" },
    h("label", {}, "Over", axis), h("label", { title: "of what is measured at every step; the values themselves are drawn faintly" }, "Smoothing", smooth, amount), h("label", {}, logX, "log x"), h("label", {}, logY, "log y"), all,
    h("span", { class: "quiet" }, "Drag over a curve to zoom."));
  const update = () => {
    axis.value = store.view.axis;
    smooth.value = store.view.smooth;
    amount.textContent = store.view.smooth ? store.view.smooth.toFixed(2) : "off";
    logX.checked = store.view.logX;
    logY.checked = store.view.logY;
    all.hidden = store.from === null;
  };
  update();
  return { element, update };
}
