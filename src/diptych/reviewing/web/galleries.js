/** The galleries: a list at the side, or one to pick from where there is little room. */
import { newElement } from "./dom.js";

const HEADINGS = { work: "To do", issue: "Found", proposal: "Proposed", class: "Classes", all: "All" };

export class Galleries extends EventTarget {
  #list = [];
  current = null;

  constructor(nav, pick) {
    super();
    this.nav = nav;
    this.pick = pick;
    pick.addEventListener("change", () => this.choose(pick.value));
  }

  get ids() {
    return this.#list.map(({ id }) => id);
  }

  find(id) {
    return this.#list.find((gallery) => gallery.id === id);
  }

  choose(id) {
    this.dispatchEvent(new CustomEvent("choose", { detail: id }));
  }

  /** The gallery before or after the current one. */
  step(by) {
    const at = this.ids.indexOf(this.current) + by;
    if (this.ids[at]) this.choose(this.ids[at]);
  }

  show(list, current) {
    // One that is empty by now stays where it was as long as it is looked at.
    const at = this.ids.indexOf(current);
    if (at >= 0 && !list.some(({ id }) => id === current)) {
      list = list.toSpliced(at, 0, { ...this.#list[at], pictures: 0, open: 0 });
    }
    this.#list = list;
    this.current = current;
    const focused = document.activeElement?.dataset?.gallery;
    const groups = Object.entries(HEADINGS).map(([kind, title]) => [title, list.filter((one) => one.kind === kind)]);
    const filled = groups.filter(([, some]) => some.length);
    this.nav.replaceChildren(...filled.map(([title, some]) =>
      newElement("section", {}, newElement("h2", {}, title), newElement("ul", {}, ...some.map((one) => this.#line(one))))));
    this.pick.replaceChildren(...filled.map(([title, some]) =>
      newElement("optgroup", { label: title }, ...some.map((one) =>
        newElement("option", { value: one.id, selected: one.id === current }, `${one.title} (${counts(one)})`)))));
    if (focused) this.nav.querySelector(`[data-gallery="${CSS.escape(focused)}"]`)?.focus();
  }

  #line(gallery) {
    const button = newElement("button", { type: "button", "data-gallery": gallery.id },
      newElement("bdi", {}, gallery.title), newElement("span", { className: "number" }, counts(gallery)));
    if (gallery.id === this.current) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => this.choose(gallery.id));
    return newElement("li", {}, button);
  }
}

/** How many pictures a gallery has, and how many of these are open. */
function counts({ pictures, open }) {
  const all = pictures.toLocaleString("en");
  return open && open < pictures ? `${open.toLocaleString("en")} of ${all}` : all;
}
