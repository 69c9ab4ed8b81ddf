/** The key for a server that wants one; it is kept until the tab is closed. */
import { newElement } from "./dom.js";
import { Refusal } from "./refusal.js";

const PLACE = "diptych-key";
let dialog = null; // the promise of a key, while somebody is asked for one
let declined = false;

export const key = () => sessionStorage.getItem(PLACE);

/** Whoever did not give a key has now asked for something, and may be asked for a key again. */
export function allowKeyDialog() {
  declined = false;
}

/**
 * Wait for another key than the one that was refused, which was null if none was sent.
 * Throws Refusal if the person does not give one.
 */
export async function replaceKey(refused) {
  // Of many requests that were refused, one asks; one that was sent before a new key came need not.
  if (key() !== refused) return;
  if (declined) throw refusalWithoutKey();
  dialog ??= askForKey(refused !== null).finally(() => (dialog = null));
  sessionStorage.setItem(PLACE, await dialog);
}

function askForKey(wrong) {
  const field = newElement("input", {
    type: "password", id: "key", required: true, autocomplete: "off", spellcheck: false,
  });
  const box = newElement("dialog", { "aria-labelledby": "key-title" },
    newElement("form", { method: "dialog" },
      newElement("h2", { id: "key-title" }, "This server needs a key"),
      ...(wrong ? [newElement("p", { className: "notice", role: "alert" }, "The server does not know that key.")] : []),
      newElement("label", { htmlFor: "key" }, "API key"),
      field,
      newElement("p", { className: "soft small" }, "It is forgotten when this tab is closed."),
      newElement("div", { className: "ways" },
        newElement("button", { className: "first", value: "given" }, "Go on"),
        newElement("button", { className: "quiet", formNoValidate: true, value: "" }, "Cancel"),
      ),
    ),
  );
  document.body.append(box);
  box.showModal();
  return new Promise((resolve, reject) => {
    box.addEventListener("close", () => {
      box.remove();
      declined = !box.returnValue;
      if (declined) reject(refusalWithoutKey());
      else resolve(field.value.trim());
    });
  });
}

function refusalWithoutKey() {
  return new Refusal("This server answers only with a key.", { again: true });
}
