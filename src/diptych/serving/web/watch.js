/** The page that watches: what was answered, and whether the pictures are still as in training. */
import { ask, withQuery } from "./ask.js";
import { byId, made } from "./dom.js";
import { offerModels } from "./model.js";
import { counted, listed, percent } from "./words.js";

const EVERY = 10_000; // milliseconds
// While chance alone may take the index this far, there are too few pictures to tell.
const MUCH = 0.25;
const SUBJECTS = {
  class: "which classes are answered",
  confidence: "how sure the answers are",
  ood_score: "how strange the pictures are",
};
const FOUND = {
  changed: "has changed",
  same: "as in training",
  unclear: "too few pictures to tell",
};
const ENDS = {
  confidence: ["least sure", "surest"],
  ood_score: ["most familiar", "strangest"],
};

let chosen = new URLSearchParams(location.search).get("model");
let model = null;
let timer = null;
const tiles = new Map(); // by the quantity that they show

async function refresh() {
  clearTimeout(timer);
  if (!document.hidden) {
    const wanted = chosen;
    try {
      const drift = await asked(wanted);
      if (wanted === chosen) show(drift);
      tell(byId("notice"), "");
    } catch (error) {
      tell(byId("notice"), error.message);
    }
    byId("notice").hidden = !byId("notice").textContent;
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, EVERY);
}

async function asked(name) {
  if (!model || (name && model.name !== name)) {
    model = await (await ask(withQuery("model", { model: name }))).json();
    offerModels(model, choose);
    document.title = `Watch ${model.name} – Diptych`;
  }
  return (await ask(withQuery("drift", { model: name }))).json();
}

function choose(name) {
  chosen = name;
  history.replaceState(null, "", withQuery("watch", { model: name }));
  refresh();
}

function show(drift) {
  const { pictures, since, errors, quantities } = drift;
  byId("updated").textContent =
    `${counted(pictures, "picture")} answered since ${moment(since)}; ` +
    `refreshed at ${new Date().toLocaleTimeString("en-GB")}.`;
  showVerdict(drift);
  byId("counts").hidden = !pictures && !Object.keys(errors).length;
  byId("drift").hidden = !pictures;
  showAnswers(drift);
  showOthers(drift);
  place(byId("answered"), quantities.filter(({ name }) => name in SUBJECTS));
  place(byId("looks"), quantities.filter(({ name }) => !(name in SUBJECTS)));
}

function showVerdict({ pictures, quantities }) {
  const changed = quantities.filter((quantity) => found(quantity) === "changed");
  const [state, sentence] = !pictures
    ? ["unclear", "Nothing has been asked yet. What is, is counted here; no picture is kept."]
    : changed.length
      ? ["changed", `No longer as in training: ${listed(changed.map(subject))}.`]
      : quantities.some((quantity) => found(quantity) === "unclear")
        ? ["unclear", "Too few pictures yet to tell whether they are like those of the training."]
        : ["same", "The pictures look as in training."];
  byId("verdict").dataset.state = state;
  tell(byId("verdict"), sentence);
}

function showAnswers({ classes }) {
  const total = Object.values(classes).reduce((sum, n) => sum + n, 0);
  const ranked = Object.entries(classes).sort(([, n], [, m]) => m - n);
  byId("answers").replaceChildren(...ranked.map(([label, n]) => {
    const share = total ? n / total : 0;
    const fill = made("span", { className: "fill" });
    fill.style.setProperty("--share", share);
    return made("li", {},
      made("bdi", { className: "label" }, label),
      made("span", { className: "number" }, `${n.toLocaleString("en")}, ${percent(share)}`),
      fill);
  }));
}

function showOthers({ pictures, none_of_these: unknown, errors }) {
  const usual = model.ood?.acceptance
    ? `; of pictures like those of the training it is about ${percent(1 - model.ood.acceptance, 0)}`
    : "";
  byId("none-of-these").textContent = unknown
    ? `${counted(unknown, "picture")} (${percent(unknown / pictures)}) ` +
      `${unknown === 1 ? "was" : "were"} none of these${usual}.`
    : "No picture was none of these.";
  const refused = Object.entries(errors).sort(([, n], [, m]) => m - n);
  byId("refused").textContent = refused.length
    ? `Without an answer: ${refused.map(([reason, n]) => `${n.toLocaleString("en")} ${reason}`).join(", ")}.`
    : "Every picture could be read.";
}

/** Show quantities in a list, those that have changed first. */
function place(list, quantities) {
  const ordered = [...quantities].sort((a, b) => b.drifted - a.drifted).map(tile);
  // What is moved loses the focus, so nothing is moved without need.
  if (ordered.some((element, i) => element !== list.children[i])) list.replaceChildren(...ordered);
}

function tile(quantity) {
  const { name, psi, by_chance: chance, shares, expected } = quantity;
  if (!tiles.has(name)) tiles.set(name, emptyTile(quantity));
  const { element, parts } = tiles.get(name);
  const ranges = rangesOf(quantity);
  element.dataset.state = found(quantity);
  parts.change.textContent = FOUND[found(quantity)];
  parts.chart.replaceChildren(...pairs(shares, expected));
  parts.ends.replaceChildren(...[ranges[0], ranges.at(-1)].map((end) => made("span", {}, end)));
  parts.index.textContent =
    `index ${psi.toFixed(2)}; by chance up to ${chance.toFixed(2)}`;
  parts.rows.replaceChildren(...ranges.map((range, i) => made("tr", {},
    made("th", { scope: "row" }, range),
    made("td", {}, percent(shares[i])),
    made("td", {}, percent(expected[i])))));
  return element;
}

function emptyTile(quantity) {
  const title = made("h3", { id: `of-${quantity.name.replaceAll(" ", "-")}` }, capital(subject(quantity)));
  const parts = {
    change: made("p", { className: "change" }),
    // The table below has the same in figures.
    chart: made("div", { className: "chart", "aria-hidden": "true" }),
    ends: made("p", { className: "ends soft small", "aria-hidden": "true" }),
    index: made("p", { className: "soft small" }),
    rows: made("tbody"),
  };
  const head = ["Range", "Here", "In training"].map((text) => made("th", { scope: "col" }, text));
  const table = made("table", {}, made("thead", {}, made("tr", {}, ...head)), parts.rows);
  const element = made("li", { className: "tile", "aria-labelledby": title.id },
    title, parts.change, parts.chart, parts.ends, parts.index,
    made("details", {}, made("summary", {}, "Figures"), table));
  return { element, parts };
}

/** Two bars for each range: here, and in training. */
function pairs(shares, expected) {
  const most = Math.max(...shares, ...expected);
  const bar = (share, className) => {
    const element = made("span", { className });
    element.style.setProperty("--share", most ? share / most : 0);
    return element;
  };
  return shares.map((share, i) => made("span", { className: "pair" },
    bar(share, "seen"), bar(expected[i], "expected")));
}

/** Whether a quantity has changed, as far as so many pictures can tell. */
function found({ drifted, by_chance: chance }) {
  if (drifted) return "changed";
  return chance > MUCH ? "unclear" : "same";
}

function subject({ name }) {
  return SUBJECTS[name] ?? name;
}

function rangesOf({ name, shares }) {
  if (name === "class") return model.classes;
  const [first, last] = ENDS[name] ?? ["lowest", "highest"];
  return shares.map((_, i) =>
    i === 0 ? first : i === shares.length - 1 ? last : `${i + 1} of ${shares.length}`);
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function moment(iso) {
  return new Date(iso).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
}

/** Set a text that is read out when it changes, only if it does. */
function tell(element, sentence) {
  if (element.textContent !== sentence) element.textContent = sentence;
}

document.addEventListener("visibilitychange", refresh);
refresh();
