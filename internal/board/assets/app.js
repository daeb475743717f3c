import { getRuns } from "./api.js";
import { onTheme } from "./chart.js";
import { h, replace } from "./dom.js";
import { plural } from "./format.js";
import { Overview } from "./overview.js";
import { RunPage } from "./runpage.js";
import { all, store, take } from "./store.js";

const every = 2000; // milliseconds between questions; shorter while much is unread
const main = document.getElementById("main"), status = document.getElementById("status"), notes = document.getElementById("notes");
let page = null, route = null, version = 0, boot = 0, failed = "";

// open shows the page of the address: #/ or #/run/ID.
function open() {
  const next = location.hash.startsWith("#/run/") ? location.hash.slice(6) : "";
  if (page && (location.hash === "#main" || next === route)) return;
  page?.destroy();
  route = next;
  store.from = store.to = null;
  page = next ? new RunPage(next, draw) : new Overview(draw);
  main.replaceChildren(page.element);
  scrollTo(0, 0);
  draw();
}

// draw shows what is known.
async function draw() {
  const runs = all(), count = runs.filter((r) => r.state === "running").length;
  status.textContent = failed ? "not connected" : [plural(runs.length, "run"), count ? `${count} running` : "", store.unread ? `reading ${store.unread}` : ""].filter(Boolean).join(" · ");
  const texts = [...(failed ? [failed] : []), ...store.notes];
  const key = texts.join("\n");
  if (notes.dataset.key !== key) {
    notes.dataset.key = key;
    replace(notes, ...texts.map((t) => h("p", { class: "note" }, t)));
  }
  document.title = (count ? `(${count}) ` : "") + "goomtrain board";
  try {
    await page?.update();
  } catch (error) {
    console.error(error);
  }
}

// poll asks for news, draws them, and asks again later. A page in the background asks rarely.
async function poll() {
  let wait = every;
  try {
    let list = await getRuns(version);
    if (boot && list.boot !== boot) list = await getRuns(0); // the server was started again
    const first = !page;
    boot = list.boot;
    version = list.version;
    const changed = take(list).length > 0 || list.ids || failed;
    failed = "";
    if (store.unread) wait = 150;
    if (first) open();
    else if (changed) await draw();
  } catch (error) {
    failed = `The board does not answer (${error.message}). Is go run ./cmd/board still running? This page goes on when it is.`;
    await draw();
  }
  setTimeout(poll, document.hidden ? 5 * every : wait);
}

addEventListener("hashchange", open);
onTheme(draw);
poll();
