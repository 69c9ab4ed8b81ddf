/** Requests to the server that the page came from, at the pace that it can take. */
import { replaceKey, key } from "./api-key.js";
import { Refusal } from "./refusal.js";

const TRIES = 8;
const BUSY = [429, 503];
// What is wrong with the picture stays wrong however often it is sent.
const FAULTY = [400, 413, 415, 422];
let quietUntil = 0;

/**
 * The answer to a GET, or to a POST if there is a body. A server that is busy is asked again when it
 * says, and one that wants a key with the key that it is given; `busy` is called before each wait.
 * Throws Refusal with what to tell people, and AbortError if the signal says so.
 */
export async function fetchFromServer(path, { body, signal, busy = () => {} } = {}) {
  for (let tries = 1; ; tries += 1) {
    await pause(quietUntil - Date.now(), signal);
    const sentKey = key();
    const answer = await send(path, body, sentKey, signal);
    if (answer.ok) return answer;
    if (answer.status === 401) {
      await replaceKey(sentKey);
    } else if (BUSY.includes(answer.status) && tries < TRIES) {
      quietUntil = Math.max(quietUntil, Date.now() + 1000 * secondsToWait(answer, tries));
      busy();
    } else {
      throw new Refusal(await problemText(answer), { again: !FAULTY.includes(answer.status) });
    }
  }
}

/** A path with what is asked for in its query; what is undefined or empty is left out. */
export function withQuery(path, values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
  return query.size ? `${path}?${query}` : path;
}

async function send(path, body, sentKey, signal) {
  const headers = sentKey ? { "X-API-Key": sentKey } : {};
  if (body) headers["Content-Type"] = "application/octet-stream";
  try {
    return await fetch(path, { method: body ? "POST" : "GET", body, headers, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The server cannot be reached.", { again: true });
  }
}

/** Seconds that a busy server asks for, a little spread so that not all come back at once. */
function secondsToWait(answer, tries) {
  const retryAfter = Number(answer.headers.get("Retry-After"));
  return (retryAfter > 0 ? Math.min(retryAfter, 60) : Math.min(2 ** (tries - 1), 30)) + Math.random() / 4;
}

function pause(milliseconds, signal) {
  signal?.throwIfAborted();
  if (milliseconds <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), {
      once: true,
    });
  });
}

/** What a problem document says (RFC 9457), or the least there is to say. */
async function problemText(answer) {
  const { detail, title } = await answer.json().catch(() => ({}));
  return detail || title || `The server answered ${answer.status}.`;
}
