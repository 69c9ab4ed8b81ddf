/** What is said of a picture, in few words. */

export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}\u00a0%`;

export const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")}\u00a0${n === 1 ? one : many}`;

const DONE = { keep: "kept", drop: "dropped", relabel: "relabelled", accept: "accepted", open: "opened" };

/** Bytes that are no text come as halves of pairs; they are shown as such. */
export const shown = (name) => name.replace(/[\ud800-\udfff]/gu, "\ufffd").replace(/[\r\n]+/g, "\u23ce");

/** Two lines below a picture, and what a screen reader says. */
export function describe(item, waiting) {
  const label = item.now || "no label";
  const first = item.proposed && !item.decision ? `${label} → ${item.proposed}?` : label;
  const sure = item.proposal && item.score !== null && !item.decision ? ` ${item.score.toFixed(2)}` : "";
  const why = item.issues.join(", ");
  let second = why + (why || item.proposed ? sure : "");
  const done = item.decision === "relabel" && !item.label ? "labelled" : DONE[item.decision];
  if (item.decision) second = item.by === "audit" ? `set aside: ${why}` : done;
  if (waiting) second = "saving …";
  const state = item.decision ? done : "undecided";
  const spoken = [shown(item.name), `label ${label}`, item.proposed && `proposed ${item.proposed}`,
    why, item.trouble, waiting ? "not saved yet" : state];
  return { first, second, spoken: spoken.filter(Boolean).join(", ") };
}
