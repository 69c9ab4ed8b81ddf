/** The page of monitoring: what was answered, and whether the pictures are still as in training. */
import { fetchFromServer, withQuery } from "./api.js";
import { byId, newElement } from "./dom.js";
import { offerModels } from "./model-facts.js";
import { countOf, listOf, percent } from "./formatting.js";

const REFRESH_EVERY = 10_000; // milliseconds
// While chance alone may take the index this far, there are too few pictures to tell.
const TOO_UNCERTAIN = 0.25;
const SUBJECTS = {
  class: "which classes are answered",
  confidence: "how sure the answers are",
  ood_score: "how strange the pictures are",
};
const STATES = {
  changed: "has changed",
  same: "as in training",
  unclear: "too few pictures to tell",
};
const ENDS = {
  confidence: ["least sure", "surest"],
  ood_score: ["most familiar", "strangest"],
};

let modelName = new URLSearchParams(location.search).get("model");
let model = null;
let timer = null;
const tiles = new Map(); // by the quantity that they show

async function refresh() {
  clearTimeout(timer);
  if (!document.hidden) {
    const name = modelName;
    const isLate = () => name !== modelName; // another was chosen meanwhile
    let trouble = "";
    try {
      const facts = await factsOf(name);
      const drift = await (await fetchFromServer(withQuery("drift", { model: name }))).json();
      if (isLate()) return;
      showModel(facts);
      show(drift);
    } catch (error) {
      if (isLate()) return;
      trouble = error.message;
    }
    setText(byId("notice"), trouble);
    byId("notice").hidden = !trouble;
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, REFRESH_EVERY);
}

async function factsOf(name) {
  if (model && (!name || model.name === name)) return model;
  return (await fetchFromServer(withQuery("model", { model: name }))).json();
}

function showModel(facts) {
  if (facts === model) return;
  model = facts;
  offerModels(model, choose);
  document.title = `Watch ${model.name} – Diptych`;
}

function choose(name) {
  modelName = name;
  history.replaceState(null, "", withQuery("watch", { model: name }));
  refresh();
}

function show(drift) {
  const { pictures, since, errors, quantities } = drift;
  byId("updated").textContent =
    `${countOf(pictures, "picture")} answered since ${moment(since)}; ` +
    `refreshed at ${new Date().toLocaleTimeString("en-GB")}.`;
  showVerdict(drift);
  byId("counts").hidden = !pictures && !Object.keys(errors).length;
  byId("drift").hidden = !pictures;
  showAnswers(drift);
  showOthers(drift);
  place(byId("answered"), quantities.filter(({ name }) => name in SUBJECTS));
  place(byId("components"), quantities.filter(({ name }) => !(name in SUBJECTS)));
}

function showVerdict({ pictures, quantities }) {
  const changed = quantities.filter((quantity) => stateOf(quantity) === "changed");
  const [state, sentence] = !pictures
    ? ["unclear", "Nothing has been asked yet. What is, is countOf here; no picture is kept."]
    : changed.length
      ? ["changed", `No longer as in training: ${listOf(changed.map(subject))}.`]
      : quantities.some((quantity) => stateOf(quantity) === "unclear")
        ? ["unclear", "Too few pictures yet to tell whether they are like those of the training."]
        : ["same", "The pictures look as in training."];
  byId("verdict").dataset.state = state;
  setText(byId("verdict"), sentence);
}

function showAnswers({ classes }) {
  const total = Object.values(classes).reduce((sum, n) => sum + n, 0);
  const ranked = Object.entries(classes).sort(([, n], [, m]) => m - n);
  byId("answers").replaceChildren(...ranked.map(([label, n]) => {
    const share = total ? n / total : 0;
    const fill = newElement("span", { className: "fill" });
    fill.style.setProperty("--share", share);
    return newElement("li", {},
      newElement("bdi", { className: "label" }, label),
      newElement("span", { className: "number" }, `${n.toLocaleString("en")}, ${percent(share)}`),
      fill);
  }));
}

function showOthers({ pictures, none_of_these: outliers, errors }) {
  const usual = model.ood?.acceptance
    ? `; of pictures like those of the training it is about ${percent(1 - model.ood.acceptance, 0)}`
    : "";
  byId("none-of-these").textContent = outliers
    ? `${countOf(outliers, "picture")} (${percent(outliers / pictures)}) ` +
      `${outliers === 1 ? "was" : "were"} none of these${usual}.`
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
  element.dataset.state = stateOf(quantity);
  parts.change.textContent = STATES[stateOf(quantity)];
  parts.chart.replaceChildren(...barPairs(shares, expected));
  parts.ends.replaceChildren(...[ranges[0], ranges.at(-1)].map((end) => newElement("span", {}, end)));
  parts.index.textContent =
    `index ${psi.toFixed(2)}; by chance up to ${chance.toFixed(2)}`;
  parts.rows.replaceChildren(...ranges.map((range, i) => newElement("tr", {},
    newElement("th", { scope: "row" }, range),
    newElement("td", {}, percent(shares[i])),
    newElement("td", {}, percent(expected[i])))));
  return element;
}

function emptyTile(quantity) {
  const title = newElement("h3", { id: `of-${quantity.name.replaceAll(" ", "-")}` }, capital(subject(quantity)));
  const parts = {
    change: newElement("p", { className: "change" }),
    // The table below has the same in figures.
    chart: newElement("div", { className: "chart", "aria-hidden": "true" }),
    ends: newElement("p", { className: "ends soft small", "aria-hidden": "true" }),
    index: newElement("p", { className: "soft small" }),
    rows: newElement("tbody"),
  };
  const head = ["Range", "Here", "In training"].map((text) => newElement("th", { scope: "col" }, text));
  const table = newElement("table", {}, newElement("thead", {}, newElement("tr", {}, ...head)), parts.rows);
  const element = newElement("li", { className: "tile", "aria-labelledby": title.id },
    title, parts.change, parts.chart, parts.ends, parts.index,
    newElement("details", {}, newElement("summary", {}, "Figures"), table));
  return { element, parts };
}

/** Two bars for each range: here, and in training. */
function barPairs(shares, expected) {
  const most = Math.max(...shares, ...expected);
  const bar = (share, className) => {
    const element = newElement("span", { className });
    element.style.setProperty("--share", most ? share / most : 0);
    return element;
  };
  return shares.map((share, i) => newElement("span", { className: "pair" },
    bar(share, "now"), bar(expected[i], "expected")));
}

/** Whether a quantity has changed, as far as so many pictures can tell. */
function stateOf({ drifted, by_chance: chance }) {
  if (drifted) return "changed";
  return chance > TOO_UNCERTAIN ? "unclear" : "same";
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
function setText(element, sentence) {
  if (element.textContent !== sentence) element.textContent = sentence;
}

document.addEventListener("visibilitychange", refresh);
refresh();
