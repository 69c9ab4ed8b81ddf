/** Requests to the server that the page came from; every address is below its token. */

export class Refusal extends Error {
  /** `again`: it was not saved, and may be another time. */
  constructor(sentence, { again = false } = {}) {
    super(sentence);
    this.again = again;
  }
}

export const get = (path) => ask(path, {});

export const post = (path, body) =>
  ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

async function ask(path, how) {
  let answer;
  try {
    answer = await fetch(path, how);
  } catch {
    throw new Refusal("The server cannot be reached; start `diptych review` again.", { again: true });
  }
  if (answer.ok) return answer.json();
  const { detail } = await answer.json().catch(() => ({}));
  throw new Refusal(detail || `The server answered ${answer.status}.`, { again: answer.status >= 500 });
}
