/** Numbers and lists as people say them. */

export const NONE = "none of these";

export function percent(share, digits = 1) {
  const least = 10 ** -digits;
  if (share > 0 && 100 * share < least / 2) return `< ${least} %`.replaceAll(" ", "\u00a0");
  return `${(100 * share).toFixed(digits)}\u00a0%`;
}

/** A score with its interval, as the server gives them. */
export function scoreText({ value, low, high }) {
  const [from, to] = [low, high].map((end) => (100 * end).toFixed(1));
  return `${percent(value)} (95\u00a0% interval ${from}–${to}\u00a0%)`;
}

export function countOf(n, one, many = `${one}s`) {
  return `${n.toLocaleString("en")}\u00a0${n === 1 ? one : many}`;
}

export function listOf(names, last = "and") {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} ${last} ${names.at(-1)}`;
}

export function megabytes(bytes) {
  const size = bytes / 2 ** 20;
  return `${size >= 10 ? Math.round(size) : size.toFixed(1)}\u00a0MB`;
}

export function day(iso) {
  return new Date(iso).toLocaleDateString("en-GB", { dateStyle: "long" });
}
