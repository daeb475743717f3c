import { generate } from "./api.js";
import { h, replace } from "./dom.js";
import { count } from "./format.js";
import { store } from "./store.js";

// client tells the server that two orders come from one page.
const client = Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");

// Generator writes text with a checkpoint of a run, as it is generated.
export class Generator {
  constructor(id) {
    this.id = id;
    const number = (value, min, max, step) => h("input", { type: "number", value, min, max, step, required: true });
    this.checkpoint = h("select");
    this.prompt = h("textarea", { rows: 2, "aria-label": "Prompt", placeholder: "Prompt: text to continue. Empty: the beginning of a document" });
    this.tokens = number(300, 1, 2000, 1);
    this.temperature = number(0.8, 0, 10, "any");
    this.topK = number(0, 0, 1000000, 1);
    this.topP = number(1, 0.01, 1, "any");
    this.seed = number(1, 0, 2 ** 32, 1);
    this.go = h("button", { class: "main", type: "submit" }, "Generate");
    this.end = h("button", { type: "button", disabled: true, on: { click: () => this.stop() } }, "Stop");
    this.out = h("pre", { tabindex: 0, "aria-label": "Generated text" });
    this.say = h("p", { class: "quiet", role: "status" });
    const field = (name, input) => h("label", {}, name, input);
    this.form = h("form", { class: "generate", on: { submit: (e) => {
      e.preventDefault();
      this.run();
    } } }, this.prompt, h("div", { class: "fields" }, field("Checkpoint", this.checkpoint), field("Tokens", this.tokens), field("Temperature", this.temperature),
      field("Top k (0: all)", this.topK), field("Top p", this.topP), field("Seed", this.seed), this.go, this.end), this.out, this.say);
    this.element = h("section", { class: "card", hidden: true }, h("h2", {}, "Generate text"), this.form);
  }

  fill(detail) {
    this.element.hidden = Boolean(detail.generate) || !store.generate;
    const usable = detail.checkpoints.filter((c) => !c.error), best = usable.find((c) => c.best) ?? usable.at(-1);
    const chosen = this.checkpoint.value || best?.name;
    replace(this.checkpoint, ...usable.reverse().map((c) => h("option", { value: c.name }, `step ${count(c.step)}${c.last ? ", last" : ""}${c.best ? ", best" : ""}`)));
    this.checkpoint.value = usable.some((c) => c.name === chosen) ? chosen : (best?.name ?? "");
  }

  async run() {
    if (this.abort) return;
    this.abort = new AbortController();
    this.go.disabled = true;
    this.end.disabled = false;
    this.say.textContent = "Loading the model…";
    const prompt = this.prompt.value;
    const text = document.createTextNode("");
    replace(this.out, h("span", { class: "prompt" }, prompt), text);
    try {
      await generate({ client, id: this.id, checkpoint: this.checkpoint.value, prompt, tokens: this.tokens.valueAsNumber, temperature: this.temperature.valueAsNumber,
        topK: this.topK.valueAsNumber, topP: this.topP.valueAsNumber, seed: this.seed.valueAsNumber }, this.abort.signal, (m) => this.receive(m, text));
    } catch (error) {
      this.say.textContent = error.name === "AbortError" ? "Stopped." : "The board does not answer: " + error.message;
    }
    this.abort = null;
    this.go.disabled = false;
    this.end.disabled = true;
  }

  receive(m, text) {
    if (m.text) {
      text.appendData(m.text);
      this.say.textContent = "Generating…";
      this.out.scrollTop = this.out.scrollHeight;
    }
    if (m.note) text.before(h("span", { class: "quiet" }, ` [${m.note}] `));
    if (m.error) this.say.textContent = m.error;
    if (m.done) this.say.textContent = `${count(m.tokens)} tokens at ${count(Math.round(m.tokens / Math.max(m.seconds, 1e-3)))} tokens/s`;
  }

  stop() {
    this.abort?.abort();
  }
}
