/** The key for a server that wants one; it is kept until the tab is closed. */
import { made } from "./dom.js";
import { Refused } from "./refused.js";

const PLACE = "diptych-key";
let asking = null;
let declined = false;

export const key = () => sessionStorage.getItem(PLACE);

/** Whoever did not give a key has now asked for something, and may be asked for a key again. */
export function mayAskForKey() {
  declined = false;
}

/**
 * Wait for another key than the one that was refused, which was null if none was sent.
 * Throws Refused if the person does not give one.
 */
export async function anotherKey(refused) {
  // Of many requests that were refused, one asks; one that was sent before a new key came need not.
  if (key() !== refused) return;
  if (declined) throw withoutKey();
  asking ??= asked(refused !== null).finally(() => (asking = null));
  sessionStorage.setItem(PLACE, await asking);
}

function asked(wrong) {
  const field = made("input", {
    type: "password", id: "key", required: true, autocomplete: "off", spellcheck: false,
  });
  const dialog = made("dialog", { "aria-labelledby": "key-title" },
    made("form", { method: "dialog" },
      made("h2", { id: "key-title" }, "This server needs a key"),
      ...(wrong ? [made("p", { className: "notice", role: "alert" }, "The server does not know that key.")] : []),
      made("label", { htmlFor: "key" }, "API key"),
      field,
      made("p", { className: "soft small" }, "It is forgotten when this tab is closed."),
      made("div", { className: "ways" },
        made("button", { className: "first", value: "given" }, "Go on"),
        made("button", { className: "quiet", formNoValidate: true, value: "" }, "Cancel"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve, reject) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      declined = !dialog.returnValue;
      if (declined) reject(withoutKey());
      else resolve(field.value.trim());
    });
  });
}

function withoutKey() {
  return new Refused("This server answers only with a key.", { again: true });
}
