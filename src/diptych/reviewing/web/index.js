/** The review page: a gallery, a cursor in it, and keys that decide. */
import { byId } from "./dom.js";
import { chosenClass, confirmed, showKeys } from "./dialogs.js";
import { Galleries } from "./galleries.js";
import { Grid } from "./grid.js";
import { keyDown } from "./keys.js";
import { LargeView } from "./large.js";
import { Learning } from "./learning.js";
import { Panel } from "./panel.js";
import { Store } from "./store.js";
import { count } from "./words.js";

const MANY = 25; // pictures from which on a decision is asked about
const AUTOMATIC = ["undecided", "teaching", "unlabelled", "doubted"];

const store = new Store();
const grid = new Grid(store, byId("scroller"), byId("grid"));
const panel = new Panel(store, byId("panel"));
const galleries = new Galleries(byId("galleries"), byId("pick"));
const learning = new Learning(store, byId("learning"));
const large = new LargeView(store, grid, {
  controls: (item) => panel.controls(item),
  onKey: (event) => keyDown(event, grid, actions, { inside: true }),
});
let noticeFor = ""; // what the notice is about

const isOpen = (number) => {
  const item = store.items.get(number);
  return item ? !item.decision && !store.waiting.has(number) && Boolean(item.proposal || !item.label) : true;
};

/** What keys and buttons do. */
const actions = {
  isOpen,
  keep: () => decide("keep"),
  drop: () => decide("drop"),
  reopen: () => decide("open"),
  relabel,
  label: (label) => decide("relabel", { label }),
  numbered: (at) => {
    const label = store.overview.classes[at - 1];
    if (label !== undefined) decide("relabel", { label });
  },
  choose,
  undo: () => store.undo(),
  redo: () => store.redo(),
  accept: acceptAll,
  look: () => large.open(),
  help: showKeys,
  newest: () => showGallery(galleries.current, { keep: false }),
  step: (by) => galleries.step(by),
};

async function decide(decision, { label = "", isNew = false } = {}) {
  const numbers = grid.chosen;
  if (!numbers.length) return;
  if (decision === "keep" && numbers.every((n) => store.items.get(n) && !store.items.get(n).label)) {
    // There is no label to keep; what is proposed can be taken.
    if (numbers.some((n) => store.items.get(n)?.proposed)) return relabel();
    say("It has no label to keep: choose a class, or drop it.");
    return;
  }
  if (numbers.length > MANY) {
    const what = { keep: "Keep", drop: "Drop", open: "Open again", relabel: `Relabel to ${label}` }[decision];
    const yes = `${what}: ${count(numbers.length, "picture")}`;
    if (!(await confirmed(`${what}?`, `All ${count(numbers.length, "marked picture")}. It can be undone in one step.`, yes))) return;
  }
  send(numbers, decision, { label, isNew });
}

function send(numbers, decision, more) {
  const alone = grid.marks.size === 0;
  store.decide(numbers, decision, more);
  if (alone && decision !== "open") grid.advance(isOpen);
  else grid.unmark();
}

/** To what is proposed for each, where something is; else a class is asked for. */
function relabel() {
  const groups = Map.groupBy?.(grid.chosen, (n) => store.items.get(n)?.proposed ?? "")
    ?? grid.chosen.reduce((map, n) => {
      const proposed = store.items.get(n)?.proposed ?? "";
      return map.set(proposed, [...(map.get(proposed) ?? []), n]);
    }, new Map());
  if (groups.has("") || !groups.size) return choose();
  if (groups.size === 1) return decide("relabel", { label: [...groups.keys()][0] });
  const alone = grid.marks.size === 0;
  for (const [label, numbers] of groups) store.decide(numbers, "relabel", { label });
  if (!alone) grid.unmark();
}

async function choose() {
  if (!grid.chosen.length) return;
  const choice = await chosenClass(store.overview.classes, grid.chosen.length);
  byId("grid").focus({ preventScroll: true });
  if (choice) decide("relabel", choice);
}

async function acceptAll() {
  const numbers = grid.numbers.filter(isOpen);
  const gallery = galleries.find(galleries.current);
  if (!numbers.length || byId("accept").hidden) return;
  const yes = await confirmed("Accept what is proposed?",
    `For the ${count(numbers.length, "undecided picture")} of “${gallery.title}”: each is kept, dropped or relabelled as proposed. It can be undone in one step.`,
    `Accept ${numbers.length.toLocaleString("en")}`);
  if (yes) {
    store.decide(numbers, "accept");
    grid.unmark();
  }
}

async function showGallery(id, { keep = true } = {}) {
  const same = id === galleries.current;
  const current = grid.current;
  try {
    const numbers = await store.gallery(id);
    const at = keep && same ? Math.max(numbers.indexOf(current), 0) : 0;
    galleries.show(store.overview.galleries, id);
    if (!same || !keep) history.replaceState(null, "", `#${encodeURIComponent(id)}`);
    grid.show(numbers, at);
    head();
    hideNotice("order");
  } catch (error) {
    notice(error.message, "trouble");
  }
}

/** What stands above the pictures. */
function head() {
  const gallery = galleries.find(galleries.current);
  const { data, progress, undo, redo, plan } = store.overview;
  byId("data").textContent = data.split("/").at(-1) || data;
  byId("data").title = data;
  const all = progress.proposed + progress.further;
  byId("progress").max = Math.max(progress.proposed, 1);
  byId("progress").value = progress.decided;
  byId("tally").textContent = all
    ? `${progress.decided.toLocaleString("en")} of ${progress.proposed.toLocaleString("en")} decided${progress.further ? `, ${progress.further.toLocaleString("en")} more` : ""}`
    : "nothing is proposed";
  byId("tally").title = `kept in ${plan}`;
  byId("undo").disabled = !undo;
  byId("redo").disabled = !redo;
  byId("title").textContent = gallery?.title ?? "";
  byId("about").textContent = about(gallery);
  const open = gallery?.open ?? 0;
  byId("accept").hidden = !open || ["all", "unlabelled", "teaching", "class"].includes(gallery.id.split(":")[0]);
  byId("accept").textContent = `Accept all ${open.toLocaleString("en")}`;
  byId("empty").hidden = grid.numbers.length > 0;
  byId("empty").textContent = "No picture is in this gallery any more. The next one is a [ or ] away.";
  document.title = `${progress.decided}/${progress.proposed} – Review ${byId("data").textContent}`;
}

const ABOUT = {
  undecided: "Something was found; nobody has decided yet. The surest come first.",
  teaching: "Pictures without a label whose label would teach most: unlike each other, and doubtful.",
  unlabelled: "Pictures that nobody has labelled.",
  aside: "Left out by the audit, unless you decide otherwise.",
  decided: "What somebody has decided.",
};

function about(gallery) {
  if (!gallery) return "";
  const [kind] = gallery.id.split(":");
  const marked = grid.marks.size ? `${count(grid.marks.size, "picture")} marked. ` : "";
  if (kind === "proposal") return `${marked}Likely ${gallery.title}. The surest come first.`;
  return marked + (ABOUT[kind] ?? count(gallery.pictures, "picture"));
}

function notice(text, topic, act = null) {
  const box = byId("notice");
  noticeFor = topic;
  box.hidden = false;
  box.dataset.topic = topic;
  box.firstElementChild.textContent = text;
  const button = box.lastElementChild;
  button.hidden = false;
  button.textContent = act?.name ?? "Close";
  button.onclick = () => {
    if (act) act.does();
    else hideNotice(topic);
  };
}

function hideNotice(topic) {
  if (noticeFor === topic) byId("notice").hidden = true;
}

function say(text) {
  byId("spoken").textContent = "";
  byId("spoken").textContent = text;
  notice(text, "said");
}

store.addEventListener("overview", () => {
  galleries.show(store.overview.galleries, galleries.current);
  if (galleries.current) head();
});
store.addEventListener("state", () => galleries.current && head());
store.addEventListener("saved", ({ detail: { wish, answer } }) => {
  hideNotice("unsaved");
  hideNotice("said");
  if (answer.refused.length) {
    notice(`${count(answer.refused.length, "picture")} had been decided elsewhere meanwhile, and ${answer.refused.length === 1 ? "stays" : "stay"} so: look again.`, "refused");
  }
  if (wish.path !== "decide" && answer.changed.length) {
    const at = grid.numbers.indexOf(answer.changed[0].number);
    if (at >= 0) grid.moveTo(at);
    byId("spoken").textContent = `${wish.path === "undo" ? "Taken back" : "Done again"}: ${count(answer.changed.length, "picture")}`;
  }
  panel.forget();
});
store.addEventListener("unsaved", ({ detail: { error, count: many } }) =>
  notice(`Not saved (${count(many, "decision")}): ${error.message} It is tried again.`, "unsaved", { name: "Try now", does: () => store.tryAgain() }));
store.addEventListener("trouble", ({ detail }) => notice(detail.message, "trouble"));
store.addEventListener("lost", ({ detail }) => notice(detail.message, "lost"));
store.addEventListener("reached", ({ detail: trouble }) => {
  hideNotice("lost");
  if (trouble) notice(trouble, "file");
  else hideNotice("file");
});
store.addEventListener("learned", () => {
  panel.forget();
  const { id } = galleries.find(galleries.current) ?? {};
  panel.show(grid.current);
  if (["teaching", "unlabelled"].includes(id) || id?.startsWith("proposal:")) {
    notice("There is a newer order of these pictures.", "order", { name: "Show it", does: actions.newest });
  }
});
learning.addEventListener("trouble", ({ detail }) => notice(detail.message, "trouble"));
grid.addEventListener("move", () => panel.show(grid.current));
grid.addEventListener("change", () => panel.show(grid.current));
grid.addEventListener("marks", () => {
  byId("unmark").hidden = !grid.marks.size;
  if (galleries.current && store.overview) byId("about").textContent = about(galleries.find(galleries.current));
});
grid.addEventListener("look", actions.look);
panel.addEventListener("look", actions.look);
panel.addEventListener("act", ({ detail }) => actions[detail]());
panel.addEventListener("left", () => byId("grid").focus({ preventScroll: true }));
panel.addEventListener("label", ({ detail }) => decide("relabel", { label: detail }));
panel.addEventListener("choose", choose);
galleries.addEventListener("choose", ({ detail }) => {
  showGallery(detail, { keep: false });
  byId("grid").focus({ preventScroll: true });
});
document.addEventListener("keydown", (event) => keyDown(event, grid, actions));
for (const button of document.querySelectorAll("[data-act]")) {
  button.addEventListener("click", () => actions[button.dataset.act]());
}
for (const id of ["undo", "redo", "help", "accept"]) byId(id).addEventListener("click", () => actions[id]());
byId("mark-all").addEventListener("click", () => grid.markAll());
byId("unmark").addEventListener("click", () => grid.unmark());
addEventListener("beforeunload", (event) => {
  if (store.unsaved) event.preventDefault();
});

await store.start();
const wanted = decodeURIComponent(location.hash.slice(1));
const first = store.overview.galleries.find(({ id, open }) => AUTOMATIC.includes(id) && open);
const chosen = store.overview.galleries.find(({ id }) => id === wanted) ?? first ?? store.overview.galleries.at(-1);
await showGallery(chosen.id);
byId("grid").focus({ preventScroll: true });
