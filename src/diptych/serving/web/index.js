/** The page that answers: pictures in, each to its card, a few requests at a time. */
import { fetchFromServer, withQuery } from "./api.js";
import { offerCamera } from "./camera.js";
import { newCard, showAnswer, showPicture, showRefusal, showWaiting } from "./card.js";
import { byId } from "./dom.js";
import { allowKeyDialog } from "./api-key.js";
import { limiter } from "./limiter.js";
import { offerModels, showModel } from "./model-facts.js";
import { Refusal } from "./refusal.js";
import { acceptFiles } from "./file-inputs.js";
import { countOf, megabytes, NONE } from "./formatting.js";

const askInTurn = limiter(4);
const drawInTurn = limiter(2);
let chosen = new URLSearchParams(location.search).get("model"); // the name of the one that is asked
let model = null; // its facts, once there are any
let turns = 0; // how often facts were asked for
let work = new AbortController();
let results = []; // of each picture given: null until there is one
const spoken = []; // sentences that are still to be read out

async function loadModel() {
  say(""); // now, not once it has loaded: by then there may be something else to read
  const turn = (turns += 1);
  const isLate = () => turn !== turns; // another was chosen meanwhile
  try {
    const facts = await (await fetchFromServer(withQuery("model", { model: chosen }))).json();
    if (isLate()) return;
    model = facts;
  } catch (error) {
    if (isLate()) return;
    model = null; // with the next picture it is tried again
    return say(error.message);
  }
  showModel(model);
  offerModels(model, choose);
}

function choose(name) {
  history.replaceState(null, "", withQuery("./", { model: name }));
  chosen = name;
  loadModel();
}

/** Put files on cards, the newest first, and ask about each. */
function give(files) {
  allowKeyDialog();
  say("");
  if (!model) loadModel();
  const cards = files.map(newCard);
  byId("cards").prepend(...cards.map(({ element }) => element));
  byId("answers").hidden = false;
  for (const card of cards) {
    drawInTurn(() => !work.signal.aborted && showPicture(card));
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
    const answer = await askInTurn(() => answerFor(card, signal));
    results[place] = answer.label;
    spoken.push(`${card.file.name}: ${answer.words}`);
  } catch (error) {
    if (signal.aborted) return;
    results[place] = error;
    spoken.push(`${card.file.name}: no answer. ${error.message}`);
    showRefusal(card, error, () => (allowKeyDialog(), showWaiting(card, "waiting …"), follow(card)));
  }
  if (signal.aborted) return;
  tally();
  speak();
}

async function answerFor(card, signal) {
  signal.throwIfAborted();
  showWaiting(card, "looking …");
  await checkReadable(card.file);
  const busy = () => showWaiting(card, "The server is busy; waiting for it …");
  const path = withQuery("predict", { model: chosen ?? model?.name });
  const response = await (await fetchFromServer(path, { body: card.file, signal, busy })).json();
  const [answer] = response.predictions;
  if (answer.error) throw new Refusal(answer.error);
  showAnswer(card, answer, response.model, model?.models.length > 1);
  return answer;
}

/** Throws Refusal for a file that need not be sent. */
async function checkReadable(file) {
  if (model && file.size > model.limits.bytes) {
    throw new Refusal(
      `too large: ${megabytes(file.size)}; the limit is ${megabytes(model.limits.bytes)}`);
  }
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Refusal("The file cannot be read. Was it moved, or is it a folder?", { again: true });
  }
}

function clear() {
  work.abort();
  work = new AbortController();
  results = [];
  spoken.length = 0;
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
    : `${done.length} of ${countOf(results.length, "picture")} answered`;
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
  return `${countOf(done.length, "picture")}: ${parts.join(", ")}`;
}

/** Tell what was answered to those who hear the page, in one go where it was much. */
let soon = null;
function speak() {
  clearTimeout(soon);
  soon = setTimeout(() => {
    const some = spoken.splice(0);
    byId("spoken").textContent = some.length > 3 ? byId("tally").textContent : some.join(". ");
  }, 600);
}

function say(sentence) {
  byId("notice").textContent = sentence;
  byId("notice").hidden = !sentence;
}

acceptFiles(give, say);
offerCamera(give);
byId("clear").addEventListener("click", clear);
loadModel();
