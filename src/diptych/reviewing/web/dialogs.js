/** Questions and views that lie over the page: each is gone when it is closed. */
import { newElement } from "./dom.js";

/** Show a dialog; it is gone when it is closed, and what had the focus has it again. */
export function open(dialog) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus?.({ preventScroll: true });
  });
  dialog.showModal();
  return dialog;
}

/** Whether somebody says yes. */
export function confirmed(title, text, yes) {
  const dialog = newElement("dialog", { "aria-labelledby": "ask-title" },
    newElement("form", { method: "dialog" },
      newElement("h2", { id: "ask-title" }, title),
      newElement("p", {}, text),
      newElement("div", { className: "ways" },
        newElement("button", { className: "first", value: "yes" }, yes),
        newElement("button", { className: "quiet", value: "" }, "Cancel"))));
  open(dialog);
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes")));
}

const KEYS = [
  ["arrows", "move; with shift mark a range"], ["space", "mark or unmark; ctrl a marks all"],
  ["k", "keep"], ["d", "drop"], ["r", "relabel to what is proposed"],
  ["1 … 9", "relabel to that class"], ["c", "choose a class by a few letters, or make a new one"],
  ["o", "open again: as if nobody had decided"], ["n", "next that is undecided"],
  ["a", "accept what is proposed for all of the gallery"],
  ["u, ctrl z", "undo"], ["shift u, ctrl y", "redo"],
  ["enter", "show it large"], ["[ ]", "previous and next gallery"], ["g", "the newest order"],
  ["escape", "clear the marks"], ["?", "these keys"],
];

export function showKeys() {
  const rows = KEYS.flatMap(([key, what]) => [newElement("dt", {}, newElement("kbd", {}, key)), newElement("dd", {}, what)]);
  open(newElement("dialog", { "aria-labelledby": "keys-title" },
    newElement("form", { method: "dialog" },
      newElement("h2", { id: "keys-title" }, "Keys"),
      newElement("dl", { className: "keys" }, ...rows),
      newElement("p", { className: "soft small" }, "Each decision is in plan.csv as soon as it shows. Originals are never touched."),
      newElement("button", { className: "first" }, "Close"))));
}

/**
 * A class chosen by a few letters: `{ label, isNew }`, or null. A new one is made on purpose only:
 * by its own line in the list, or with shift and Enter.
 */
export function chosenClass(classes, many) {
  const field = newElement("input", {
    type: "text", id: "class", autocomplete: "off", spellcheck: false, role: "combobox",
    "aria-expanded": "true", "aria-controls": "class-list", "aria-autocomplete": "list",
  });
  const list = newElement("ul", { id: "class-list", role: "listbox", "aria-label": "Classes" });
  const hint = newElement("p", { className: "soft small", role: "status" });
  const dialog = newElement("dialog", { "aria-labelledby": "class-title" },
    newElement("h2", { id: "class-title" }, many > 1 ? `Class of ${many.toLocaleString("en")} pictures` : "Class of this picture"),
    newElement("label", { htmlFor: "class" }, "A few letters of it"), field, list, hint,
    newElement("form", { method: "dialog" }, newElement("button", { className: "quiet" }, "Cancel")));
  let [options, at, result] = [[], 0, null];

  const take = (option) => {
    result = option;
    dialog.close();
  };

  function draw() {
    const said = field.value.trim();
    const wanted = said.toLowerCase();
    const places = classes.map((label) => [label, label.toLowerCase().indexOf(wanted)]).filter(([, place]) => place >= 0);
    places.sort(([, a], [, b]) => (a > 0) - (b > 0));
    options = places.slice(0, 12).map(([label]) => ({ label, isNew: false }));
    if (said && !classes.includes(said)) options.push({ label: said, isNew: true });
    // The line of a new class is never chosen by itself, unless there is no class at all.
    at = options[0] && (!options[0].isNew || !classes.length) ? 0 : -1;
    hint.textContent = at < 0 && said ? `No class is called so. Shift and Enter make “${said}” a class.` : "";
    mark();
  }

  function mark() {
    list.replaceChildren(...options.map((option, position) => {
      const line = newElement("li", { id: `class-${position}`, role: "option", "aria-selected": String(position === at) },
        ...(option.isNew ? ["Make a new class: "] : []), newElement("bdi", {}, option.label));
      line.addEventListener("click", () => take(option));
      return line;
    }));
    if (at < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `class-${at}`);
  }

  field.addEventListener("input", draw);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      at = Math.max(0, Math.min(at + (event.key === "ArrowDown" ? 1 : -1), options.length - 1));
      mark();
    } else if (event.key === "Enter") {
      const fresh = options.find(({ isNew }) => isNew);
      if (event.shiftKey && fresh) take(fresh);
      else if (options[at]) take(options[at]);
    } else return;
    event.preventDefault();
  });
  open(dialog);
  draw();
  field.focus();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(result)));
}
