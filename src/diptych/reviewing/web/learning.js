/** From an unlabelled pile to a classifier: what was learned so far, how good it is, what comes next. */
import { post } from "./api.js";
import { newElement } from "./dom.js";
import { count, percent } from "./words.js";

export class Learning extends EventTarget {
  #drawn = "";

  constructor(store, box) {
    super();
    this.store = store;
    this.box = box;
    store.addEventListener("overview", () => this.show());
    store.addEventListener("state", () => this.show());
  }

  show() {
    const { learning, training, unlabelled, background } = this.store.overview;
    this.box.hidden = !learning;
    if (!learning) return;
    const drawn = JSON.stringify([learning, training, background.doing]);
    if (drawn === this.#drawn) return; // what is in use stays as it is
    this.#drawn = drawn;
    const open = this.box.querySelector("details")?.open ?? false;
    const learn = newElement("button", { type: "button", disabled: Boolean(learning.missing) || learning.running },
      learning.running ? "Learning …" : "Learn from these labels");
    learn.addEventListener("click", () => this.#post("learn"));
    const doing = background.doing && `First: ${background.doing} …`;
    this.box.replaceChildren(
      newElement("p", {}, newElement("b", {}, `${learning.labelled.toLocaleString("en")} of ${count(unlabelled, "picture")} labelled. `),
        learning.lesson ? lessonText(learning.lesson) : doing || hint(learning)),
      ...(learning.trouble ? [newElement("p", { className: "why" }, learning.trouble)] : []),
      newElement("div", { className: "ways" }, learn, this.#bundle(training, learning, open)));
  }

  #bundle(training, learning, open) {
    const parts = [newElement("summary", {}, "Train a classifier")];
    if (learning.labelled < 8) parts.push(newElement("p", { className: "soft small" }, "Once some pictures of each class are labelled."));
    parts.push(newElement("p", { className: "small" }, "This trains and tests it on what is labelled, and writes a bundle:"),
      newElement("pre", { tabIndex: 0 }, newElement("code", {}, training.command)));
    const start = newElement("button", { type: "button", disabled: training.state === "running" || learning.labelled < 8 },
      training.state === "running" ? "Training …" : "Start it here");
    start.addEventListener("click", () => this.#post("train"));
    parts.push(start);
    if (training.lines.length) parts.push(newElement("pre", { className: "log", tabIndex: 0, "aria-label": "Its progress" }, training.lines.join("\n")));
    if (training.state === "done") parts.push(newElement("p", { role: "status" }, `${training.out} is written. `, newElement("code", {}, `diptych serve ${training.out}`), " answers by it."));
    if (training.state === "failed") parts.push(newElement("p", { className: "why" }, "It ended without a bundle; the last line says why."));
    return newElement("details", { open: open || training.state !== "idle" }, ...parts);
  }

  async #post(what) {
    try {
      const answer = await post(what, {});
      this.store.overview = { ...this.store.overview, ...answer };
      this.show();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error }));
    }
  }
}

function lessonText({ accuracy, tested, pictures }) {
  if (!accuracy) return `A network has learned from ${pictures}; how good it is shows once each class has 4 or more.`;
  const { value, low, high } = accuracy;
  return `A network that has learned from ${pictures} is right on ${percent(value)} of those it had not seen (95\u00a0% interval ${percent(low)} to ${percent(high)}, ${count(tested, "picture")}). What it proposes for the others is under “Proposed”.`;
}

function hint({ missing, labelled }) {
  if (missing) return `To begin: ${missing}.`;
  return labelled < 10 ? "It learns by itself from ten labels on." : "";
}
