/** The picture that the cursor is on, as large as the window; the cursor and the keys go on to work. */
import { open } from "./dialogs.js";
import { newElement } from "./dom.js";
import { facts } from "./panel.js";
import { shown } from "./words.js";

export class LargeView {
  #dialog = null;
  #number = null;

  /** `controls` makes the buttons for a picture, `onKey` does what a key says. */
  constructor(store, grid, { controls, onKey }) {
    Object.assign(this, { store, grid, controls });
    this.onKey = onKey;
    for (const what of ["move", "change"]) grid.addEventListener(what, () => this.#draw());
  }

  open() {
    if (this.#dialog || !this.store.items.has(this.grid.current)) return;
    this.#number = null;
    const stage = newElement("div", { className: "stage" });
    const beside = newElement("div", { className: "beside" });
    const close = newElement("form", { method: "dialog" }, newElement("button", { className: "quiet" }, "Close"));
    // It has the focus itself: Enter closes it, and presses none of its buttons.
    this.#dialog = newElement("dialog", { className: "large", tabIndex: -1, autofocus: true }, stage, newElement("div", { className: "side" }, beside, close));
    this.#dialog.addEventListener("close", () => (this.#dialog = null));
    this.#dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.tagName !== "BUTTON") this.#dialog.close();
      else this.onKey(event);
    });
    this.#draw();
    open(this.#dialog);
  }

  #draw() {
    const item = this.store.items.get(this.grid.current);
    if (!this.#dialog || !item) return;
    const [stage, side] = this.#dialog.children;
    this.#dialog.setAttribute("aria-label", shown(item.name));
    if (item.number !== this.#number) stage.replaceChildren(...largePicture(item));
    this.#number = item.number;
    const within = side.firstChild.contains(document.activeElement);
    side.firstChild.replaceChildren(...facts(item), ...this.controls(item));
    if (within) side.querySelector("form button").focus();
  }
}

function largePicture(item) {
  if (item.trouble) return [newElement("p", { className: "why" }, item.trouble)];
  const image = newElement("img", { src: `picture/${item.number}/large`, alt: shown(item.name) });
  const why = newElement("p", { className: "why", hidden: true });
  if (Math.max(...item.size) <= 96) image.classList.add("tiny");
  image.addEventListener("error", async () => {
    image.hidden = true;
    why.hidden = false;
    const { detail } = await fetch(image.src).then((answer) => answer.json()).catch(() => ({}));
    why.textContent = detail ?? "It cannot be shown.";
  });
  return [image, why];
}
