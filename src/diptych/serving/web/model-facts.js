/** What a model can tell apart, how well it was tested, and from when it is. */
import { byId, newElement } from "./dom.js";
import { countOf, day, listOf, scoreText, megabytes, percent } from "./formatting.js";

const FEW = 6;

export function showModel(facts) {
  const { classes, test, created, limits } = facts;
  document.title = `${facts.name} – Diptych`;
  byId("promise").textContent =
    `${ability(classes)} On ${countOf(test.n, "test picture")} it was right in ` +
    `${scoreText(test.accuracy)}.`;
  byId("largest").textContent = `, up to ${megabytes(limits.bytes)}`;
  byId("version").textContent = ` ${facts.diptych}`;
  byId("facts").replaceChildren(...factRows(facts).flatMap(([term, ...what]) => [
    newElement("dt", {}, term), newElement("dd", {}, ...what)]));
  byId("about").hidden = false;
}

/** Offer the models that there are; `choose` is called with the name of another. */
export function offerModels({ name, models }, choose) {
  const box = byId("models");
  const select = box.querySelector("select");
  select.replaceChildren(...models.map((one) => newElement("option", { value: one, selected: one === name }, one)));
  select.onchange = () => choose(select.value);
  box.hidden = models.length < 2;
}

function ability(classes) {
  if (classes.length === 2) return `The model tells ${classes[0]} from ${classes[1]}.`;
  if (classes.length <= FEW) return `The model tells ${listOf(classes)} apart.`;
  const shown = classes.slice(0, FEW - 2);
  return `The model tells ${countOf(classes.length, "class", "classes")} apart: ` +
    `${shown.join(", ")} and ${classes.length - shown.length} more.`;
}

function* factRows({ name, classes, test, created, diptych, network, input, ood, prediction_sets: sets }) {
  yield ["Model", name];
  yield [countOf(classes.length, "class", "classes"), classes.join(", ")];
  yield ["Right", `in ${scoreText(test.accuracy)} of ${countOf(test.n, "test picture")}`];
  if (sets?.coverage) {
    yield ["“Could also be”",
      `the true class is among those named for about ${percent(sets.coverage, 0)} of pictures`];
  }
  if (ood?.acceptance) {
    yield ["“None of these”",
      `said of about ${percent(1 - ood.acceptance, 0)} of pictures like those of the training, ` +
      "and of those unlike them"];
  }
  yield ["Network", `${network}, ${input[1]} × ${input[0]} pixels`];
  yield ["Made", `${day(created)}, by Diptych ${diptych}`];
}
