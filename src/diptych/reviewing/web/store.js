/**
 * What the page knows: pictures by number, and what is on its way to be saved. The server is the
 * truth: a decision shows as such only when the server has said that it is on the disk.
 */
import { get, post, Refusal } from "./api.js";

const CHUNK = 60; // pictures asked for at a time
const POLL = 1500; // milliseconds
const LONGEST_WAIT = 15_000;
const WINDOW = "diptych-window";

export class Store extends EventTarget {
  items = new Map();
  waiting = new Map(); // number → what is being saved of it
  overview = null; // the newest that it has heard, with its version
  version = 0; // up to which it has been told of all changes, whoever made them
  window = sessionStorage.getItem(WINDOW) ?? crypto.randomUUID?.() ?? String(Math.random());
  #asked = new Set();
  #queue = [];
  #saving = false;
  #retry = null;
  #resume = () => {};

  constructor() {
    super();
    sessionStorage.setItem(WINDOW, this.window);
  }

  async start() {
    await this.refresh();
    setTimeout(() => this.#poll(), POLL);
  }

  /** Ask anew for what stands around the pictures. */
  async refresh() {
    const overview = await get("overview");
    if (!this.overview) this.version = overview.version;
    else if (overview.version < this.overview.version) return this.#refreshSoon(); // overtaken by a decision
    this.overview = { ...this.overview, ...overview };
    this.#tell("overview");
    this.#noteLesson();
  }

  async gallery(id) {
    return (await get(`gallery?id=${encodeURIComponent(id)}`)).numbers;
  }

  /** Ask for pictures that are not known yet; "items" is told when they are. */
  need(numbers) {
    const missing = numbers.filter((n) => !this.items.has(n) && !this.#asked.has(n));
    for (const number of missing) this.#asked.add(number);
    for (let at = 0; at < missing.length; at += CHUNK) this.#fetch(missing.slice(at, at + CHUNK));
  }

  async #fetch(numbers) {
    try {
      const { pictures } = await get(`pictures?numbers=${numbers.join()}`);
      this.#take(pictures);
    } catch (error) {
      this.#tell("trouble", error);
    } finally {
      for (const number of numbers) this.#asked.delete(number);
    }
  }

  /** Have something decided; it is tried again until it is saved, in order. */
  decide(numbers, decision, { label = "", isNew = false } = {}) {
    for (const number of numbers) this.waiting.set(number, decision);
    this.#tell("items", numbers);
    this.#add({ path: "decide", numbers, body: { numbers, decision, label, new: isNew, seen: this.version } });
  }

  undo() {
    this.#add({ path: "undo", numbers: [], body: {} });
  }

  redo() {
    this.#add({ path: "redo", numbers: [], body: {} });
  }

  get unsaved() {
    return this.#queue.length;
  }

  /** Try at once to save what could not be saved. */
  tryAgain() {
    clearTimeout(this.#retry);
    this.#resume();
  }

  #add(wish) {
    this.#queue.push(wish);
    if (!this.#retry) this.#save();
  }

  async #save() {
    if (this.#saving) return;
    this.#saving = true;
    for (let tries = 1; this.#queue.length; ) {
      const wish = this.#queue[0];
      try {
        const answer = await post(wish.path, { ...wish.body, window: this.window });
        this.#queue.shift();
        this.#release(wish);
        this.#tell("saved", { wish, answer });
        this.#learn(answer, { own: true });
        tries = 1;
      } catch (error) {
        if (!(error instanceof Refusal) || !error.again) {
          this.#queue.shift();
          this.#release(wish);
          this.#tell("trouble", error);
          continue;
        }
        this.#tell("unsaved", { error, count: this.#queue.length });
        const wait = Math.min(1000 * 2 ** (tries += 1), LONGEST_WAIT);
        await new Promise((resolve) => {
          this.#retry = setTimeout(resolve, wait);
          this.#resume = resolve;
        });
        this.#retry = null;
      }
    }
    this.#saving = false;
  }

  #release({ numbers }) {
    for (const number of numbers) this.waiting.delete(number);
    this.#tell("items", numbers);
  }

  /**
   * Take over an answer to a wish, or to the question what has changed. False where something newer
   * is known already; what a window did itself is taken over all the same.
   */
  #learn(answer, { own = false } = {}) {
    const overtaken = answer.version < this.overview.version;
    if (overtaken && !own) return false;
    const changed = answer.version !== this.overview.version;
    if (answer.further) {
      this.items.clear();
      this.#tell("forgotten");
    }
    this.#take(answer.changed);
    const { changed: _, refused: __, further: ___, ...state } = answer;
    if (!overtaken) this.overview = { ...this.overview, ...state };
    this.#tell("state");
    const learned = this.#noteLesson();
    if (changed || learned) this.#refreshSoon();
    return true;
  }

  #lesson = null;
  /** Tell, but for the first time, where a network has learned more, or sees the pictures now. */
  #noteLesson() {
    const { learning, opinion, background } = this.overview;
    const lesson = JSON.stringify([learning?.lesson, opinion, background.features]);
    const learned = this.#lesson !== null && lesson !== this.#lesson;
    this.#lesson = lesson;
    if (learned) this.#tell("learned");
    return learned;
  }

  #soon = null;
  #refreshSoon() {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.refresh().catch(() => {}), 250);
  }

  #take(pictures) {
    for (const picture of pictures) this.items.set(picture.number, picture);
    this.#tell("items", pictures.map(({ number }) => number));
  }

  async #poll() {
    try {
      if (!document.hidden && !this.#saving) {
        const answer = await get(`changes?since=${this.version}&window=${encodeURIComponent(this.window)}`);
        this.#tell("reached", answer.trouble);
        if (!this.#saving && this.#learn(answer)) this.version = answer.version;
      }
    } catch (error) {
      this.#tell("lost", error);
    }
    setTimeout(() => this.#poll(), POLL);
  }

  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}
