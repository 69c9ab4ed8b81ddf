/**
 * A new element. Properties are set as they are, "aria-…" and "data-…" as attributes; children are
 * elements or text, and text is never read as HTML.
 */
export function newElement(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^(aria|data)-|^role$/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);
