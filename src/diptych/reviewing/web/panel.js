/** The picture that the cursor is on: large, with what is known of it, and what it is like. */
import { get } from "./api.js";
import { newElement } from "./dom.js";
import { thumbnail } from "./grid.js";
import { percent, shown } from "./words.js";

const SETTLE = 120; // milliseconds that the cursor rests before more is asked for

export class Panel extends EventTarget {
  #number = null;
  #timer = null;
  #neighbours = new Map(); // number → what the server said

  constructor(store, box) {
    super();
    this.store = store;
    this.box = box;
  }

  /** Show a picture; undefined for none. */
  show(number) {
    const item = this.store.items.get(number);
    const same = number === this.#number;
    this.#number = number;
    if (!item) {
      this.box.replaceChildren();
      return;
    }
    const near = newElement("div", { className: "near" });
    const within = this.box.contains(document.activeElement);
    this.box.replaceChildren(this.#plate(item, same), ...facts(item), ...this.controls(item), near);
    if (within) this.dispatchEvent(new Event("left"));
    this.#showNear(near, number);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(number, item, near), SETTLE);
  }

  /** What was asked for may be answered otherwise by now. */
  forget() {
    this.#neighbours.clear();
  }

  #plate(item, same) {
    const before = this.box.querySelector(".plate");
    if (same && before) return before;
    const plate = newElement("button", { type: "button", className: "plate", "aria-label": `Show ${shown(item.name)} large` }, thumbnail(item));
    plate.addEventListener("click", () => this.dispatchEvent(new Event("look")));
    return plate;
  }

  /** Buttons that decide about a picture: what is done with it, and its class. */
  controls(item) {
    const verb = item.label ? "Relabel" : "Label";
    const acts = [["keep", "k", "Keep"], ["drop", "d", "Drop"], ["relabel", "r", item.proposed && !item.decision ? verb : `${verb}…`]];
    // What has no label has none to keep.
    const buttons = acts.slice(item.label ? 0 : 1).map(([act, key, name]) => {
      const button = newElement("button", { type: "button", "aria-keyshortcuts": key, "aria-pressed": String(item.decision === act && item.by !== "audit") },
        newElement("kbd", {}, key), name);
      button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("act", { detail: act })));
      return button;
    });
    return [newElement("div", { className: "deciding", role: "group", "aria-label": "Decide" }, ...buttons), this.#classes(item)];
  }

  #classes(item) {
    const { classes } = this.store.overview;
    const buttons = classes.slice(0, 9).map((label, at) => {
      const button = newElement("button", { type: "button", "aria-keyshortcuts": String(at + 1), "aria-pressed": String(item.now === label && item.decision !== "drop") },
        newElement("kbd", {}, String(at + 1)), newElement("bdi", {}, label));
      button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("label", { detail: label })));
      return button;
    });
    const other = newElement("button", { type: "button", "aria-keyshortcuts": "c" },
      newElement("kbd", {}, "c"), classes.length > 9 ? "Another class…" : "Other, or new…");
    other.addEventListener("click", () => this.dispatchEvent(new Event("choose")));
    return newElement("div", { className: "classes", role: "group", "aria-label": "Its class" }, ...buttons, other);
  }

  async #ask(number, item, near) {
    if (this.#number !== number || this.#neighbours.has(number)) return;
    if (!item.proposed && !item.now) return;
    try {
      const answer = await get(`picture/${number}/neighbours`);
      if (!answer.waits) this.#neighbours.set(number, answer);
      this.store.need(answer.classes.flatMap(({ pictures }) => pictures));
      if (this.#number === number) this.#showNear(near, number, answer);
    } catch {
      // It is a help, and no more.
    }
  }

  #showNear(near, number, answer = this.#neighbours.get(number)) {
    const { background } = this.store.overview;
    if (answer?.waits) near.replaceChildren(newElement("p", { className: "soft small" }, "Its nearest pictures are still being looked for."));
    else if (background.trouble) near.replaceChildren(newElement("p", { className: "soft small" }, background.trouble));
    if (!answer) return;
    const draw = () => {
      if (this.#number !== number) return;
      near.replaceChildren(...answer.classes.map(({ label, pictures }) =>
        newElement("div", {},
          newElement("h3", {}, "Nearest of ", newElement("bdi", {}, label)),
          newElement("div", { className: "row" }, ...pictures.map((other) => {
            const known = this.store.items.get(other);
            return newElement("span", { className: "plate", title: known ? shown(known.name) : "" }, known ? thumbnail(known, shown(known.name)) : "");
          })),
          ...(pictures.length ? [] : [newElement("p", { className: "soft small" }, "There is none yet.")]))));
    };
    if (!answer.waits && answer.classes.length) draw();
    const missing = new Set(answer.classes.flatMap(({ pictures }) => pictures.filter((n) => !this.store.items.has(n))));
    if (!missing.size) return;
    const arrived = () => {
      if ([...missing].some((n) => !this.store.items.has(n))) return;
      this.store.removeEventListener("items", arrived);
      draw();
    };
    this.store.addEventListener("items", arrived);
  }
}

/** What is known of a picture, in words. */
export function facts(item) {
  const [width, height] = item.size;
  const parts = [newElement("h2", { dir: "auto" }, shown(item.name))];
  const label = item.now || "no label";
  const line = [newElement("bdi", {}, label)];
  if (item.decision === "relabel" && item.label) line.push(newElement("span", { className: "soft" }, ` (was ${item.label})`));
  if (item.proposed && !item.decision) line.push(" → ", newElement("bdi", { className: "proposed" }, item.proposed), "?");
  if (item.guess && item.proposed === item.guess.label) line.push(newElement("span", { className: "soft number" }, ` ${percent(item.guess.p)}`));
  parts.push(newElement("p", { className: "label-now" }, ...line));
  if (item.decision) parts.push(newElement("p", { className: "by" }, said(item)));
  if (item.stuck) parts.push(newElement("p", { className: "soft small" }, "It stays set aside, whatever is decided: it cannot be used as it is."));
  if (item.trouble) parts.push(newElement("p", { className: "why" }, item.trouble));
  if (item.findings.length) {
    parts.push(newElement("ul", { className: "findings small" }, ...item.findings.map(({ issue, detail, related }) =>
      newElement("li", {}, newElement("b", {}, issue), `: ${shown(detail)}`, ...(related ? [` (${shown(related)})`] : [])))));
  }
  if (width) parts.push(newElement("p", { className: "soft small number" }, `${width} × ${height}`));
  return parts;
}

function said({ decision, by, label, now }) {
  if (by === "audit") return "Set aside by the audit";
  const what = { keep: "Kept", drop: "Dropped", relabel: label ? `Relabelled to ${now}` : `Labelled ${now}` }[decision];
  return by ? `${what} by ${by}` : what;
}

