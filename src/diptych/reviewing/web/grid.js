/**
 * The pictures of a gallery as a list of which only what is near the window is in the page, with a
 * cursor that the arrows move, and marks.
 */
import { newElement } from "./dom.js";
import { describe } from "./words.js";

const WIDTH = 168; // pixels that a tile would like to have
const CAPTION = 46; // pixels below a picture
const BEYOND = 2; // rows kept above and below what is seen

export class Grid extends EventTarget {
  numbers = [];
  cursor = 0; // a position
  marks = new Set(); // numbers
  #tiles = new Map(); // position → element
  #anchor = null; // where a range began
  #columns = 1;
  #side = WIDTH;

  constructor(store, scroller, list) {
    super();
    this.store = store;
    this.scroller = scroller;
    this.list = list;
    scroller.addEventListener("scroll", () => this.#drawSoon(), { passive: true });
    new ResizeObserver(() => this.#layOut()).observe(scroller);
    store.addEventListener("items", ({ detail }) => this.#redraw(detail));
    store.addEventListener("forgotten", () => this.#drawSoon());
    list.addEventListener("click", (event) => this.#click(event));
    list.addEventListener("dblclick", () => this.dispatchEvent(new Event("look")));
  }

  show(numbers, cursor = 0) {
    this.numbers = numbers;
    this.marks.clear();
    this.#anchor = null;
    this.cursor = Math.min(cursor, Math.max(numbers.length - 1, 0));
    for (const tile of this.#tiles.values()) tile.remove();
    this.#tiles.clear();
    this.scroller.scrollTop = 0;
    this.#layOut();
    this.#moved();
  }

  get current() {
    return this.numbers[this.cursor];
  }

  /** The numbers that a decision is for: those that are marked, else the current one. */
  get chosen() {
    if (this.marks.size) return this.numbers.filter((number) => this.marks.has(number));
    return this.current === undefined ? [] : [this.current];
  }

  /** Move the cursor by columns and rows; with `range` all between are marked. */
  move(across, down, { range = false } = {}) {
    this.moveTo(this.cursor + across + down * this.#columns, { range });
  }

  movePage(direction, how) {
    const rows = Math.max(Math.floor(this.scroller.clientHeight / this.#height), 1);
    this.move(0, direction * rows, how);
  }

  moveTo(position, { range = false } = {}) {
    const before = this.cursor;
    this.cursor = Math.max(0, Math.min(position, this.numbers.length - 1));
    if (range) {
      this.#anchor ??= before;
      const [from, to] = [this.#anchor, this.cursor].sort((a, b) => a - b);
      this.marks = new Set(this.numbers.slice(from, to + 1));
    } else {
      this.#anchor = null;
    }
    this.#moved(before);
  }

  toggle(position = this.cursor) {
    const number = this.numbers[position];
    if (number === undefined) return;
    if (!this.marks.delete(number)) this.marks.add(number);
    this.#anchor = position;
    this.#marked();
  }

  markAll() {
    this.marks = new Set(this.numbers);
    this.#marked();
  }

  unmark() {
    this.marks.clear();
    this.#anchor = null;
    this.#marked();
  }

  /** Go to the next picture that waits for a decision, or simply to the next. */
  advance(isOpen) {
    const next = this.numbers.findIndex((number, at) => at > this.cursor && isOpen(number));
    this.moveTo(next < 0 ? this.cursor + 1 : next);
  }

  #click(event) {
    const tile = event.target.closest("[role=option]");
    if (!tile) return;
    const position = Number(tile.dataset.position);
    const touch = matchMedia("(hover: none) and (pointer: coarse)").matches;
    if (event.shiftKey) this.moveTo(position, { range: true });
    else {
      const again = touch || event.ctrlKey || event.metaKey || event.target.closest(".mark");
      this.moveTo(position);
      if (again) this.toggle(position);
    }
    this.list.focus({ preventScroll: true });
  }

  #marked() {
    for (const tile of this.#tiles.values()) this.#setMark(tile);
    this.dispatchEvent(new Event("marks"));
  }

  #moved(before) {
    this.#reveal();
    this.#draw();
    for (const position of [before, this.cursor]) {
      const tile = this.#tiles.get(position);
      if (tile) tile.classList.toggle("current", position === this.cursor);
    }
    if (this.current === undefined) this.list.removeAttribute("aria-activedescendant");
    else this.list.setAttribute("aria-activedescendant", `picture-${this.current}`);
    this.#marked();
    this.dispatchEvent(new Event("move"));
  }

  #reveal() {
    const top = Math.floor(this.cursor / this.#columns) * this.#height;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + this.#height > scrollTop + clientHeight) {
      this.scroller.scrollTop = top + this.#height - clientHeight;
    }
  }

  get #height() {
    return this.#side + CAPTION;
  }

  #layOut() {
    const width = this.scroller.clientWidth;
    if (!width) return;
    this.#columns = Math.max(2, Math.floor(width / WIDTH));
    this.#side = Math.floor(width / this.#columns);
    this.list.style.height = `${Math.ceil(this.numbers.length / this.#columns) * this.#height}px`;
    for (const tile of this.#tiles.values()) tile.remove();
    this.#tiles.clear();
    this.#draw();
  }

  #frame = 0;
  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { scrollTop, clientHeight } = this.scroller;
    const first = Math.max(Math.floor(scrollTop / this.#height) - BEYOND, 0);
    const last = Math.ceil((scrollTop + clientHeight) / this.#height) + BEYOND;
    const from = first * this.#columns;
    const to = Math.min(last * this.#columns, this.numbers.length);
    for (const [position, tile] of this.#tiles) {
      // The cursor's own stays: it is what a screen reader is told of.
      if ((position < from || position >= to) && position !== this.cursor) {
        tile.remove();
        this.#tiles.delete(position);
      }
    }
    const wanted = [];
    for (let position = from; position < to; position += 1) this.#place(position, wanted);
    if (this.numbers.length) this.#place(this.cursor, wanted);
    this.store.need(wanted);
  }

  #place(position, wanted) {
    const number = this.numbers[position];
    if (!this.store.items.has(number)) wanted.push(number);
    if (this.#tiles.has(position)) return;
    const tile = newElement("div", {
      role: "option", id: `picture-${number}`, className: "tile", "data-position": position,
      "aria-setsize": this.numbers.length, "aria-posinset": position + 1,
    });
    tile.style.width = `${this.#side}px`;
    tile.style.height = `${this.#height}px`;
    const [row, column] = [Math.floor(position / this.#columns), position % this.#columns];
    tile.style.transform = `translate(${column * this.#side}px, ${row * this.#height}px)`;
    tile.classList.toggle("current", position === this.cursor);
    this.#tiles.set(position, tile);
    this.#fill(tile, number);
    this.list.append(tile);
  }

  #redraw(numbers) {
    const changed = new Set(numbers);
    for (const [position, tile] of this.#tiles) {
      const number = this.numbers[position];
      if (changed.has(number)) this.#fill(tile, number);
    }
    if (changed.has(this.current)) this.dispatchEvent(new Event("change"));
  }

  #setMark(tile) {
    const marked = this.marks.has(this.numbers[tile.dataset.position]);
    tile.setAttribute("aria-selected", String(marked));
  }

  #fill(tile, number) {
    const item = this.store.items.get(number);
    this.#setMark(tile);
    if (!item) {
      tile.setAttribute("aria-label", "loading");
      return;
    }
    const waiting = this.store.waiting.get(number);
    const words = describe(item, waiting);
    tile.dataset.state = waiting ? "waiting" : item.decision || "open";
    tile.setAttribute("aria-label", words.spoken);
    tile.title = item.name;
    // The picture itself is made once: a decision must not have it flicker.
    const plate = tile.querySelector(".plate") ?? newElement("div", { className: "plate" }, thumbnail(item));
    tile.replaceChildren(
      plate,
      newElement("span", { className: "mark", "aria-hidden": "true" }),
      newElement("div", { className: "caption" },
        newElement("bdi", { className: "first-line" }, words.first),
        newElement("bdi", { className: "second-line" }, words.second)),
    );
  }
}

/** A small picture in its own proportions, or why there is none. */
export function thumbnail(item, alt = "") {
  const [width, height] = item.size;
  const why = () => newElement("span", { className: "broken" }, item.trouble || "cannot be shown");
  if (item.trouble || !width) return why();
  const image = newElement("img", { src: `picture/${item.number}`, alt, decoding: "async", draggable: false });
  image.style.aspectRatio = `${width} / ${height}`;
  image.classList.add(width >= height ? "wide" : "tall");
  if (Math.max(width, height) <= 96) image.classList.add("tiny");
  image.addEventListener("error", () => image.replaceWith(why()), { once: true });
  return image;
}
