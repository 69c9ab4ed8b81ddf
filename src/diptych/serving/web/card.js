/** A picture's card: the picture, its answer in words, bars, and on demand the heat over it. */
import { fetchFromServer, withQuery } from "./api.js";
import { newElement } from "./dom.js";
import { preview } from "./preview.js";
import { allowKeyDialog } from "./api-key.js";
import { listOf, NONE, percent } from "./formatting.js";

const BARS = 5;
let cards = 0;

/** The card of a file that has no answer yet. */
export function newCard(file) {
  const title = newElement("h3", { id: `card-${(cards += 1)}`, dir: "auto" }, file.name);
  const plate = newElement("div", { className: "plate" });
  const said = newElement("div", { className: "said" });
  const element = newElement("li", { className: "card", "aria-labelledby": title.id },
    plate, newElement("div", { className: "beside" }, title, said));
  const card = { file, element, plate, said, picture: null, withoutPreview: false };
  showWaiting(card, "waiting …");
  return card;
}

/** Show the picture itself, if the browser knows its format. */
export async function showPicture(card) {
  try {
    card.picture = await preview(card.file, `The picture ${card.file.name}`);
  } catch {
    card.withoutPreview = true;
    card.picture = newElement("p", { className: "soft small" }, "no preview");
    if (card.element.dataset.state === "answered") sayWithoutPreview(card);
  }
  if (!card.plate.firstChild) card.plate.append(card.picture);
}

export function showWaiting(card, sentence) {
  setState(card, "waiting", newElement("p", { className: "soft" }, sentence));
}

/** Show the server's answer; `model` is named where there are several. */
export function showAnswer(card, answer, model, several) {
  const ranked = Object.entries(answer.probabilities).sort(([, p], [, q]) => q - p);
  const parts = answer.label === NONE ? outOfDistribution(answer, ranked) : inDistribution(answer, ranked);
  if (several) parts.push(newElement("p", { className: "soft small" }, `answered by ${model}`));
  setState(card, "answered", ...parts, heatButton(card, ranked[0][0], model));
  card.element.classList.toggle("none-of-these", answer.label === NONE);
  if (card.withoutPreview) sayWithoutPreview(card);
}

/** Show why there is no answer; `again` asks once more, where that may help. */
export function showRefusal(card, { message, again: mayHelp }, again) {
  setState(card, "refused",
    newElement("p", { className: "answer" }, "no answer"),
    newElement("p", { className: "why" }, message));
  if (mayHelp) {
    card.said.append(newElement("button", { type: "button", onclick: again }, "Try again"));
  }
}

function setState(card, state, ...parts) {
  card.element.dataset.state = state;
  card.element.setAttribute("aria-busy", String(state === "waiting"));
  card.said.replaceChildren(...parts);
}

function inDistribution({ label, probability, prediction_set: set }, ranked) {
  const others = set.filter((likely) => likely !== label);
  const parts = [
    newElement("p", { className: "answer" },
      newElement("bdi", {}, label), ", ", newElement("span", { className: "number" }, percent(probability))),
  ];
  if (others.length) {
    parts.push(newElement("p", { className: "also" }, `could also be ${listOf(others, "or")}`));
  }
  return [...parts, bars(ranked)];
}

function outOfDistribution({ ood_score: score }, ranked) {
  const times = score.toFixed(score < 10 ? 2 : 0);
  return [
    newElement("p", { className: "answer" }, NONE),
    newElement("p", { className: "why" },
      "This picture is unlike everything the model has learned from, so it names no class. ",
      `Its OOD score is ${times}; what is above 1 counts as none of these.`),
    newElement("details", {}, newElement("summary", {}, "If it had to be one of them"), bars(ranked)),
  ];
}

/** A bar for each class, the likeliest first; those beyond a few are folded away. */
function bars(ranked) {
  const shown = ranked.slice(0, ranked.length > BARS + 1 ? BARS : ranked.length);
  const folded = ranked.slice(shown.length);
  const list = newElement("ul", { className: "bars" }, ...shown.map(bar));
  if (!folded.length) return list;
  return newElement("div", {}, list,
    newElement("details", {}, newElement("summary", {}, `${folded.length} more classes`),
      newElement("ul", { className: "bars" }, ...folded.map(bar))));
}

function bar([label, share]) {
  const fill = newElement("span", { className: "fill" });
  fill.style.setProperty("--share", share);
  return newElement("li", {},
    newElement("bdi", { className: "label" }, label),
    newElement("span", { className: "number" }, percent(share)),
    fill);
}

/** Shows and hides what speaks for a class; it is asked for once. */
function heatButton(card, label, model) {
  let heat = null;
  const trouble = newElement("p", { className: "why", role: "alert" });
  const button = newElement("button", { type: "button", "aria-pressed": "false" }, `What speaks for ${label}?`);

  async function toggle() {
    allowKeyDialog();
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
  return newElement("div", { className: "heat" }, button, trouble);
}

async function heatmap(file, label, model) {
  const answer = await fetchFromServer(withQuery("explain", { model, class: label }), { body: file });
  const picture = await preview(
    await answer.blob(), `Heatmap of ${file.name}: bright where it speaks for ${label}`);
  return newElement("figure", {}, picture,
    newElement("figcaption", {}, `The brighter a place, the more it speaks for ${label}.`));
}

function sayWithoutPreview({ said }) {
  const sentence = "This browser cannot show this kind of file; the answer is for the file itself.";
  said.append(newElement("p", { className: "soft small" }, sentence));
}
