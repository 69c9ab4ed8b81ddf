/** The ways in which files come to the page: chosen, dropped, pasted. */
import { byId } from "./dom.js";

/** Give every file that comes; say what came instead of one. */
export function listen(give, say) {
  choosing(give);
  dropping(give, say);
  pasting(give, say);
}

function choosing(give) {
  const files = byId("files");
  byId("choose").addEventListener("click", () => files.click());
  for (const input of [files, byId("snapshot")]) {
    input.addEventListener("change", () => {
      give([...input.files]);
      input.value = ""; // so that the same file can be chosen again
    });
  }
}

function dropping(give, say) {
  const above = (is) => document.body.classList.toggle("dropping", is);
  document.addEventListener("dragenter", (event) => {
    if (event.dataTransfer.types.includes("Files")) above(true);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) above(false);
  });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    above(false);
    const files = await dropped(event.dataTransfer);
    if (files.length) give(files);
    else say("There was no file in what was dropped. Save the picture first, then drop the file.");
  });
}

/** The files that were dropped, and those in folders that were, without hidden ones. */
async function dropped(transfer) {
  // Asked for now: what was dropped is gone once this function has waited for anything.
  const parts = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  return (await Promise.all(parts.map(filesOf))).flat();
}

async function filesOf(part) {
  if (part instanceof File) return [part];
  if (part.isFile) return [await new Promise((resolve, reject) => part.file(resolve, reject))];
  const inside = (await listing(part)).filter(({ name }) => !name.startsWith("."));
  return (await Promise.all(inside.map(filesOf))).flat();
}

async function listing(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found.sort((a, b) => a.name.localeCompare(b.name));
    found.push(...some);
  }
}

function pasting(give, say) {
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) give(files.map(named));
    else if (!(event.target instanceof HTMLInputElement)) {
      say("There is no picture in the clipboard.");
    }
  });
}

/** A picture without a file is called image.png by browsers. */
function named(file) {
  if (file.name && file.name !== "image.png") return file;
  return new File([file], "pasted picture", { type: file.type });
}
