import { getCurves } from "./api.js";
import { store } from "./store.js";

// A CurveSet keeps charts of some runs up to date: it asks for the curves that are missing, and for those of runs that
// have changed.
export class CurveSet {
  // draw(curves) draws: curves[name][id] is [xs, ys]. With smoothing, raw[name][id] has the values themselves.
  constructor(names, draw) {
    this.names = names;
    this.draw = draw;
    this.key = "";
    this.have = new Map(); // id: revision
    this.curves = {};
    this.raw = {};
  }

  // update fetches what the runs need in the present view and draws.
  async update(runs) {
    const key = JSON.stringify([store.view.axis, store.view.smooth, store.view.logX, store.from, store.to, this.names]);
    if (key !== this.key) this.have.clear();
    this.key = key;
    const old = runs.filter((r) => this.have.get(r.id) !== r.revision);
    for (const r of old) this.have.set(r.id, r.revision);
    if (old.length) {
      try {
        const ids = old.map((r) => r.id), raw = { ...store.view, smooth: 0 };
        const width = Math.max(100, Math.min(900, Math.floor(20000 / Math.max(runs.length, 1))));
        const [curves, plain] = await Promise.all([store.view, ...(store.view.smooth > 0 && runs.length <= 8 ? [raw] : [])].map((v) => getCurves(ids, this.names, v, store.from, store.to, width)));
        if (key !== this.key) return; // the view has changed meanwhile
        for (const name of this.names) {
          for (const id of ids) {
            (this.curves[name] ??= {})[id] = curves[name][id];
            (this.raw[name] ??= {})[id] = plain?.[name][id];
          }
        }
      } catch (error) {
        for (const r of old) this.have.delete(r.id); // asked for again
        throw error;
      }
    }
    this.draw(this.curves, this.raw);
  }
}
