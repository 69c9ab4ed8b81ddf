/** A picture's card: the picture, its answer in words, bars, and on demand the heat over it. */
import { ask, withQuery } from "./ask.js";
import { made } from "./dom.js";
import { drawn } from "./drawn.js";
import { mayAskForKey } from "./key.js";
import { listed, NONE, percent } from "./words.js";

const BARS = 5;
let cards = 0;

/** The card of a file that has no answer yet. */
export function newCard(file) {
  const title = made("h3", { id: `card-${(cards += 1)}`, dir: "auto" }, file.name);
  const plate = made("div", { className: "plate" });
  const said = made("div", { className: "said" });
  const element = made("li", { className: "card", "aria-labelledby": title.id },
    plate, made("div", { className: "beside" }, title, said));
  const card = { file, element, plate, said, picture: null, unshown: false };
  showWaiting(card, "waiting …");
  return card;
}

/** Show the picture itself, if the browser knows its format. */
export async function showPicture(card) {
  try {
    card.picture = await drawn(card.file, `The picture ${card.file.name}`);
  } catch {
    card.unshown = true;
    card.picture = made("p", { className: "soft small" }, "no preview");
    if (card.element.dataset.state === "answered") sayUnshown(card);
  }
  if (!card.plate.firstChild) card.plate.append(card.picture);
}

export function showWaiting(card, sentence) {
  become(card, "waiting", made("p", { className: "soft" }, sentence));
}

/** Show the server's answer; `model` is named where there are several. */
export function showAnswer(card, answer, model, several) {
  const ranked = Object.entries(answer.probabilities).sort(([, p], [, q]) => q - p);
  const parts = answer.label === NONE ? outOfDistribution(answer, ranked) : known(answer, ranked);
  if (several) parts.push(made("p", { className: "soft small" }, `answered by ${model}`));
  become(card, "answered", ...parts, heatButton(card, ranked[0][0], model));
  card.element.classList.toggle("none-of-these", answer.label === NONE);
  if (card.unshown) sayUnshown(card);
}

/** Show why there is no answer; `again` asks once more, where that may help. */
export function showRefusal(card, { message, again: mayHelp }, again) {
  become(card, "refused",
    made("p", { className: "answer" }, "no answer"),
    made("p", { className: "why" }, message));
  if (mayHelp) {
    card.said.append(made("button", { type: "button", onclick: again }, "Try again"));
  }
}

function become(card, state, ...parts) {
  card.element.dataset.state = state;
  card.element.setAttribute("aria-busy", String(state === "waiting"));
  card.said.replaceChildren(...parts);
}

function known({ label, probability, prediction_set: set }, ranked) {
  const others = set.filter((likely) => likely !== label);
  const parts = [
    made("p", { className: "answer" },
      made("bdi", {}, label), ", ", made("span", { className: "number" }, percent(probability))),
  ];
  if (others.length) {
    parts.push(made("p", { className: "also" }, `could also be ${listed(others, "or")}`));
  }
  return [...parts, bars(ranked)];
}

function outOfDistribution({ ood_score: score }, ranked) {
  const times = score.toFixed(score < 10 ? 2 : 0);
  return [
    made("p", { className: "answer" }, NONE),
    made("p", { className: "why" },
      "This picture is unlike everything the model has learned from, so it names no class. ",
      `Its OOD score is ${times}; what is above 1 counts as none of these.`),
    made("details", {}, made("summary", {}, "If it had to be one of them"), bars(ranked)),
  ];
}

/** A bar for each class, the likeliest first; those beyond a few are folded away. */
function bars(ranked) {
  const shown = ranked.slice(0, ranked.length > BARS + 1 ? BARS : ranked.length);
  const folded = ranked.slice(shown.length);
  const list = made("ul", { className: "bars" }, ...shown.map(bar));
  if (!folded.length) return list;
  return made("div", {}, list,
    made("details", {}, made("summary", {}, `${folded.length} more classes`),
      made("ul", { className: "bars" }, ...folded.map(bar))));
}

function bar([label, share]) {
  const fill = made("span", { className: "fill" });
  fill.style.setProperty("--share", share);
  return made("li", {},
    made("bdi", { className: "label" }, label),
    made("span", { className: "number" }, percent(share)),
    fill);
}

/** Shows and hides what speaks for a class; it is asked for once. */
function heatButton(card, label, model) {
  let heat = null;
  const trouble = made("p", { className: "why", role: "alert" });
  const button = made("button", { type: "button", "aria-pressed": "false" }, `What speaks for ${label}?`);

  async function toggle() {
    mayAskForKey();
    button.setAttribute("aria-busy", "true");
    trouble.textContent = "";
    try {
      heat ??= await heatmap(card.file, label, model);
      const hot = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(hot));
      card.plate.replaceChildren(...[hot ? heat : card.picture].filter(Boolean));
    } catch (error) {
      trouble.textContent = error.message;
    }
    button.removeAttribute("aria-busy");
  }

  button.addEventListener("click", () => {
    if (!button.hasAttribute("aria-busy")) toggle();
  });
  return made("div", { className: "heat" }, button, trouble);
}

async function heatmap(file, label, model) {
  const answer = await ask(withQuery("explain", { model, class: label }), { body: file });
  const picture = await drawn(
    await answer.blob(), `Heatmap of ${file.name}: bright where it speaks for ${label}`);
  return made("figure", {}, picture,
    made("figcaption", {}, `The brighter a place, the more it speaks for ${label}.`));
}

function sayUnshown({ said }) {
  const sentence = "This browser cannot show this kind of file; the answer is for the file itself.";
  said.append(made("p", { className: "soft small" }, sentence));
}
