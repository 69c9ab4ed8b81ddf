/** Keys: what each does, and where they are left to the browser. */

const TYPING = "input, textarea, select, dialog:not(.large)";

/** Do what a key says; returns whether it said something. `inside`: in the large view. */
export function keyDown(event, grid, actions, { inside = false } = {}) {
  if (event.defaultPrevented || event.target.closest?.(TYPING)) return false;
  if (!inside && document.querySelector("dialog[open]")) return false;
  const done = act(event, grid, actions, inside);
  if (done) event.preventDefault();
  return done;
}

function act(event, grid, actions, inside) {
  const { key, shiftKey } = event;
  const small = key.length === 1 ? key.toLowerCase() : key;
  if (event.ctrlKey || event.metaKey) return withControl(small, shiftKey, grid, actions);
  if (event.altKey) return false;
  // A button or a link that has the focus is pressed by these itself.
  const onButton = event.target.closest?.("button, a, summary, pre");
  if (onButton && ["Enter", " "].includes(key)) return false;
  if (/^[1-9]$/.test(key)) return done(() => actions.numbered(Number(key)));
  const range = { range: shiftKey };
  const moves = {
    ArrowLeft: () => grid.move(-1, 0, range),
    ArrowRight: () => grid.move(1, 0, range),
    ArrowUp: () => grid.move(0, -1, range),
    ArrowDown: () => grid.move(0, 1, range),
    PageUp: () => grid.movePage(-1, range),
    PageDown: () => grid.movePage(1, range),
    Home: () => grid.moveTo(0, range),
    End: () => grid.moveTo(grid.numbers.length - 1, range),
  };
  const letters = {
    k: actions.keep, d: actions.drop, r: actions.relabel, c: actions.choose, o: actions.reopen,
    u: shiftKey ? actions.redo : actions.undo, "?": actions.help, a: actions.accept, g: actions.newest,
    n: () => grid.advance(actions.isOpen), "[": () => actions.step(-1), "]": () => actions.step(1),
    " ": () => grid.toggle(), Enter: actions.look, Escape: () => grid.unmark(),
  };
  if (inside && [" ", "Enter", "Escape", "a", "?", "g", "[", "]"].includes(small)) return false;
  const does = moves[key] ?? letters[small];
  return does ? done(does) : false;
}

function withControl(key, shiftKey, grid, actions) {
  if (key === "z") return done(shiftKey ? actions.redo : actions.undo);
  if (key === "y") return done(actions.redo);
  if (key === "a") return done(() => grid.markAll());
  return false;
}

function done(does) {
  does();
  return true;
}
