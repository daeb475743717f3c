// What the page knows of the runs, and how the user wants to see them. The choices stay in localStorage.
const palette = ["#3b82f6", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#06b6d4", "#ec4899", "#84cc16", "#f97316", "#6366f1", "#14b8a6", "#c026d3"];
const shownAtFirst = 12;
const mostShown = 100; // curves in a chart

const load = (key, otherwise) => {
  try {
    return { ...otherwise, ...JSON.parse(localStorage.getItem(key) ?? "{}") };
  } catch {
    return otherwise;
  }
};
const save = (key, value) => {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {} // private windows may refuse: the choices then end with the page
};

export const store = {
  runs: new Map(), ids: [], columns: [], folders: [], generate: false, unread: 0, notes: [],
  colors: load("board.colors", {}), choices: load("board.choices", {}), filter: "",
  view: load("board.view", { axis: "step", smooth: 0.6, logX: false, logY: false }), from: null, to: null,
};

// take takes an answer of /api/runs in and returns the ids of the runs that have changed.
export function take(list) {
  store.columns = list.columns ?? [];
  store.folders = list.folders ?? [];
  store.generate = list.generate;
  store.unread = list.unread;
  store.notes = list.notes ?? [];
  for (const run of list.runs) {
    run.words = [run.name, run.state, ...Object.entries(run.settings).map(([k, v]) => k + "=" + v)].join(" ").toLowerCase();
    store.runs.set(run.id, run);
  }
  if (list.ids) {
    store.ids = list.ids;
    const there = new Set(list.ids);
    for (const id of store.runs.keys()) if (!there.has(id)) store.runs.delete(id);
    assign();
  }
  return list.runs.map((r) => r.id);
}

// assign gives every new run the color that is used least; a run keeps its color.
function assign() {
  const used = palette.map(() => 0);
  for (const id of store.ids) if (id in store.colors) used[store.colors[id] % palette.length]++;
  const fresh = store.ids.filter((id) => !(id in store.colors));
  for (const id of fresh) {
    const least = used.indexOf(Math.min(...used));
    used[least]++;
    store.colors[id] = least;
  }
  if (fresh.length) save("board.colors", store.colors);
}

export const color = (id) => palette[(store.colors[id] ?? 0) % palette.length];

// all lists the runs, the last started first.
export const all = () => store.ids.map((id) => store.runs.get(id)).filter(Boolean).sort((a, b) => b.started - a.started || (a.name < b.name ? -1 : 1));

export function filtered() {
  const words = store.filter.toLowerCase().split(/\s+/).filter(Boolean);
  return all().filter((run) => words.every((w) => run.words.includes(w)));
}

// shown lists the runs whose curves are drawn: those that the user chose and, unless hidden, the newest few.
export function shown() {
  const out = [];
  let newest = 0;
  for (const run of filtered()) {
    if (store.choices[run.id] ?? newest < shownAtFirst) out.push(run);
    newest++;
  }
  return out.slice(0, mostShown);
}

export function choose(ids, on) {
  for (const id of ids) store.choices[id] = on;
  save("board.choices", store.choices);
}

export function setView(change) {
  Object.assign(store.view, change);
  save("board.view", store.view);
}
