/** The page: pictures in, each to its card, a few requests at a time. */
import { ask, withQuery } from "./ask.js";
import { offerCamera } from "./camera.js";
import { newCard, showAnswer, showPicture, showRefusal, showWaiting } from "./card.js";
import { byId } from "./dom.js";
import { mayAskForKey } from "./key.js";
import { lanes } from "./lanes.js";
import { offerModels, showModel } from "./model.js";
import { Refused } from "./refused.js";
import { listen } from "./ways.js";
import { counted, megabytes, NONE } from "./words.js";

const asking = lanes(4);
const drawing = lanes(2);
let model = null; // what is known of the one that is asked
let work = new AbortController();
let results = []; // of each picture given: null until there is one
const sayings = [];

async function meet(name = new URLSearchParams(location.search).get("model")) {
  try {
    model = await (await ask(withQuery("model", { model: name }))).json();
  } catch (error) {
    return say(error.message);
  }
  say("");
  showModel(model);
  offerModels(model, choose);
}

function choose(name) {
  history.replaceState(null, "", withQuery("./", { model: name }));
  meet(name);
}

/** Put files on cards, the newest first, and ask about each. */
function give(files) {
  mayAskForKey();
  say("");
  if (!model) meet();
  const cards = files.map(newCard);
  byId("cards").prepend(...cards.map(({ element }) => element));
  byId("answers").hidden = false;
  for (const card of cards) {
    drawing(() => !work.signal.aborted && showPicture(card));
    follow(card);
  }
}

/** See a card through to its answer or to why there is none. */
async function follow(card) {
  const { signal } = work;
  const place = card.place ?? results.length;
  card.place = place;
  results[place] = null;
  tally();
  try {
    const answer = await asking(() => answerFor(card, signal));
    results[place] = answer.label;
    sayings.push(`${card.file.name}: ${answer.words}`);
  } catch (error) {
    if (signal.aborted) return;
    results[place] = error;
    sayings.push(`${card.file.name}: no answer. ${error.message}`);
    showRefusal(card, error, () => (mayAskForKey(), showWaiting(card, "waiting …"), follow(card)));
  }
  if (signal.aborted) return;
  tally();
  speak();
}

async function answerFor(card, signal) {
  signal.throwIfAborted();
  showWaiting(card, "looking …");
  await readable(card.file);
  const busy = () => showWaiting(card, "The server is busy; waiting for it …");
  const path = withQuery("predict", { model: model?.name });
  const answered = await (await ask(path, { body: card.file, signal, busy })).json();
  const [answer] = answered.predictions;
  if (answer.error) throw new Refused(answer.error);
  showAnswer(card, answer, answered.model, model?.models.length > 1);
  return answer;
}

/** Throws Refused for a file that need not be sent. */
async function readable(file) {
  if (model && file.size > model.limits.bytes) {
    throw new Refused(
      `too large: ${megabytes(file.size)}; the limit is ${megabytes(model.limits.bytes)}`);
  }
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Refused("The file cannot be read. Was it moved, or is it a folder?", { again: true });
  }
}

function clear() {
  work.abort();
  work = new AbortController();
  results = [];
  sayings.length = 0;
  byId("cards").replaceChildren();
  byId("answers").hidden = true;
  byId("spoken").textContent = "All cleared.";
  byId("choose").focus();
}

/** How many pictures have which answer. */
function tally() {
  const done = results.filter((result) => result !== null);
  const progress = byId("progress");
  progress.max = results.length;
  progress.value = done.length;
  progress.hidden = done.length === results.length;
  byId("tally").textContent = progress.hidden
    ? summary(done)
    : `${done.length} of ${counted(results.length, "picture")} answered`;
}

function summary(done) {
  const counts = new Map();
  for (const result of done) {
    const name = result instanceof Error ? "without an answer" : result;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  // Classes by how often, then what is no class.
  const last = (name) => [NONE, "without an answer"].indexOf(name);
  const ordered = [...counts].sort(([a, n], [b, m]) => last(a) - last(b) || m - n);
  const parts = ordered.map(([name, n]) => `${n} ${name}`);
  return `${counted(done.length, "picture")}: ${parts.join(", ")}`;
}

/** Tell what was answered to those who hear the page, in one go where it was much. */
let soon = null;
function speak() {
  clearTimeout(soon);
  soon = setTimeout(() => {
    const some = sayings.splice(0);
    byId("spoken").textContent = some.length > 3 ? byId("tally").textContent : some.join(". ");
  }, 600);
}

function say(sentence) {
  byId("notice").textContent = sentence;
  byId("notice").hidden = !sentence;
}

listen(give, say);
offerCamera(give);
byId("clear").addEventListener("click", clear);
meet();
