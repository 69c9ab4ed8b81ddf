"use strict";
// The table of findings: searched, an issue at a time, some rows more at each press.
(() => {
  const STEP = 100;
  const rows = JSON.parse(document.getElementById("data").textContent).rows;
  const body = document.getElementById("found");
  if (!body) return;
  const form = document.getElementById("filter");
  const text = document.getElementById("filter-text");
  const issue = document.getElementById("filter-issue");
  const count = document.getElementById("filter-count");
  const more = document.getElementById("found-more");
  const first = document.getElementById("found-first");
  const searched = rows.map((row) => row.join("\n").toLowerCase());
  let limit = STEP;

  function rowOf(cells) {
    const row = document.createElement("tr");
    cells.forEach((cell, i) => {
      const element = document.createElement(i ? "td" : "th");
      if (!i) element.scope = "row";
      else if (i !== 3) element.className = "means";
      element.textContent = cell;
      row.append(element);
    });
    return row;
  }

  function show() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fitting = rows.filter((row, i) =>
      (!issue.value || row[1] === issue.value) && words.every((word) => searched[i].includes(word)));
    body.replaceChildren(...fitting.slice(0, limit).map(rowOf));
    count.textContent = `${fitting.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
    more.hidden = fitting.length <= limit;
    if (first) first.hidden = true;
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const field of [text, issue]) {
    field.addEventListener("input", () => { limit = STEP; show(); });
  }
  more.addEventListener("click", () => { limit += 5 * STEP; show(); });
  show();
})();
