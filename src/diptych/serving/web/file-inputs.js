/** Files that come to the page: chosen, dropped, pasted. */
import { byId } from "./dom.js";

/** Call `give` with the files that come, and `say` with a sentence where something else came. */
export function acceptFiles(give, say) {
  acceptChosen(give);
  acceptDropped(give, say);
  acceptPasted(give, say);
}

function acceptChosen(give) {
  const files = byId("files");
  byId("choose").addEventListener("click", () => files.click());
  for (const input of [files, byId("snapshot")]) {
    input.addEventListener("change", () => {
      give([...input.files]);
      input.value = ""; // so that the same file can be chosen again
    });
  }
}

function acceptDropped(give, say) {
  const markDropping = (is) => document.body.classList.toggle("dropping", is);
  document.addEventListener("dragenter", (event) => {
    if (event.dataTransfer.types.includes("Files")) markDropping(true);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) markDropping(false);
  });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    markDropping(false);
    const files = await droppedFiles(event.dataTransfer);
    if (files.length) give(files);
    else say("There was no file in what was dropped. Save the picture first, then drop the file.");
  });
}

/** The files that were dropped, and those in folders that were, without hidden ones. */
async function droppedFiles(transfer) {
  // Asked for now: what was dropped is gone once this function has waited for anything.
  const parts = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  return (await Promise.all(parts.map(filesOf))).flat();
}

async function filesOf(part) {
  if (part instanceof File) return [part];
  if (part.isFile) return [await new Promise((resolve, reject) => part.file(resolve, reject))];
  const inside = (await entriesOf(part)).filter(({ name }) => !name.startsWith("."));
  return (await Promise.all(inside.map(filesOf))).flat();
}

async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return entries.sort((a, b) => a.name.localeCompare(b.name));
    entries.push(...some);
  }
}

function acceptPasted(give, say) {
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) give(files.map(withName));
    else if (!(event.target instanceof HTMLInputElement)) {
      say("There is no picture in the clipboard.");
    }
  });
}

/** A picture without a file is called image.png by browsers. */
function withName(file) {
  if (file.name && file.name !== "image.png") return file;
  return new File([file], "pasted picture", { type: file.type });
}
