"use strict";
// The map: dots on one canvas, the mark of the chosen one on another above it, so that following
// the pointer draws a single ring, however many pictures there are. Dots are blended into pixels
// here: where no graphics card helps, that is many times as fast as to draw them one by one.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent).map;
  if (!data) return;
  document.documentElement.classList.add("scripted");
  const byId = (id) => document.getElementById(id);
  const stage = byId("map-stage"), dots = byId("map-dots"), ring = byId("map-ring");
  const card = byId("map-card"), said = byId("map-said"), legend = byId("map-legend");
  const count = data.x.length, right = Math.max(...data.x), low = Math.max(...data.y);
  const MARGIN = 24, REACH = 28, THUMB = 44, MOST_ZOOM = 60, SIDE = 240;
  const NOTHING = data.issues.length;  // the group of pictures without a finding
  const worst = data.x.map((_, i) =>
    Math.min(NOTHING, ...(data.findings[i] || []).map((finding) => finding[0])));
  // Pictures with findings lie above the others, and are shown before them.
  const upward = data.x.map((_, i) => i).sort((a, b) => worst[b] - worst[a]);
  let by = "class", chosen = -1, only = -1, thumbs = false;
  let width = 0, height = 0, ratio = 1, unit = 1, zoom = 1, left = 0, top = 0;
  let stamps = new Map(), image = null, waiting = false;

  const colour = (name) => getComputedStyle(stage).getPropertyValue(name).trim();
  const group = (i) => (by === "class" ? data.label[i] : worst[i]);
  const groups = () => (by === "class" ? data.classes : [...data.issues, "nothing found"]);
  const screenX = (i) => left + data.x[i] * unit * zoom;
  const screenY = (i) => top + data.y[i] * unit * zoom;

  // Colours alone do not tell groups apart: neighbours in the list have another shape, too.
  const SHAPES = [
    (c, r) => c.arc(0, 0, r, 0, 7),
    (c, r) => c.rect(-0.88 * r, -0.88 * r, 1.76 * r, 1.76 * r),
    (c, r) => polygon(c, [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]], r),
    (c, r) => polygon(c, [[0, -1.3], [1, 0], [0, 1.3], [-1, 0]], r),
    (c, r) => polygon(c, [[0, 1.2], [1.1, -0.8], [-1.1, -0.8]], r),
    (c, r) => { c.rect(-1.15 * r, -0.42 * r, 2.3 * r, 0.84 * r); c.rect(-0.42 * r, -1.15 * r, 0.84 * r, 2.3 * r); },
    (c, r) => { c.rotate(0.785); c.rect(-1.15 * r, -0.42 * r, 2.3 * r, 0.84 * r); c.rect(-0.42 * r, -1.15 * r, 0.84 * r, 2.3 * r); },
    (c, r) => polygon(c, [...Array(10).keys()].map((k) => {
      const far = k % 2 ? 0.55 : 1.3, turn = (k * Math.PI) / 5;
      return [far * Math.sin(turn), -far * Math.cos(turn)];
    }), r),
  ];

  function polygon(c, corners, r) {
    corners.forEach(([x, y], k) => (k ? c.lineTo(x * r, y * r) : c.moveTo(x * r, y * r)));
    c.closePath();
  }

  const quiet = (g) => by === "finding" && g === NOTHING;
  const hue = (g) => (quiet(g) ? colour("--edge") : data.colours[g % data.colours.length]);

  /** A canvas with the mark of a group, r pixels from its middle to its edge. */
  function markOf(g, r) {
    const mark = document.createElement("canvas");
    mark.width = mark.height = 2 * Math.ceil(ratio * (1.4 * r + 1)) + 1;
    const c = mark.getContext("2d", { willReadFrequently: true });
    c.translate(mark.width / 2, mark.height / 2);
    c.scale(ratio, ratio);
    c.fillStyle = hue(g);
    c.globalAlpha = quiet(g) ? 0.55 : 0.9;
    c.beginPath();
    SHAPES[quiet(g) ? 0 : g % data.shapes](c, quiet(g) ? 0.75 * r : r);
    c.fill();
    return mark;
  }

  /** The pixels of a mark at the present zoom; groups that look alike share them. */
  function stampOf(g) {
    const key = quiet(g) ? -1 : (g % data.colours.length) * data.shapes + (g % data.shapes);
    let stamp = stamps.get(key);
    if (!stamp) {
      const mark = markOf(g, radius()), c = mark.getContext("2d");
      stamp = { side: mark.width, pixels: c.getImageData(0, 0, mark.width, mark.width).data };
      stamps.set(key, stamp);
    }
    return stamp;
  }

  /** Blend a stamp into the image with its middle at x, y; `strength` is 1 or fainter. */
  function print({ side, pixels }, x, y, strength) {
    const { data: out, width: wide, height: high } = image, half = side >> 1;
    const x0 = Math.round(x) - half, y0 = Math.round(y) - half;
    for (let row = Math.max(0, -y0); row < side && y0 + row < high; row++) {
      let from = row * side * 4, to = ((y0 + row) * wide + x0) * 4;
      for (let column = 0; column < side; column++, from += 4, to += 4) {
        const alpha = (pixels[from + 3] / 255) * strength;
        if (!alpha || x0 + column < 0 || x0 + column >= wide) continue;
        out[to] += (pixels[from] - out[to]) * alpha;
        out[to + 1] += (pixels[from + 1] - out[to + 1]) * alpha;
        out[to + 2] += (pixels[from + 2] - out[to + 2]) * alpha;
      }
    }
  }

  /** The image in the colour of the stage, with no dot on it. */
  function blank(c) {
    if (!image || image.width !== dots.width || image.height !== dots.height) {
      image = c.createImageData(dots.width, dots.height);
    }
    const [red, green, blue] = getComputedStyle(stage).backgroundColor.match(/\d+/g).map(Number);
    const pixel = new Uint8ClampedArray([red, green, blue, 255]);
    new Uint32Array(image.data.buffer).fill(new Uint32Array(pixel.buffer)[0]);
  }

  const radius = () =>
    (count > 3000 ? 2.4 : count > 800 ? 3.4 : 4.5) *
    Math.sqrt(Math.min(1, width / 700)) * Math.min(2.2, Math.pow(zoom, 0.35));

  function draw() {
    waiting = false;
    const c = dots.getContext("2d", { willReadFrequently: true });
    c.setTransform(1, 0, 0, 1, 0, 0);
    blank(c);
    for (const loud of only >= 0 ? [false, true] : [true]) {
      for (const i of upward) {
        if (only >= 0 && (group(i) === only) !== loud) continue;
        const x = screenX(i), y = screenY(i);
        if (x < -20 || y < -20 || x > width + 20 || y > height + 20) continue;
        print(stampOf(group(i)), x * ratio, y * ratio, loud ? 1 : 0.12);
      }
    }
    c.putImageData(image, 0, 0);
    c.scale(ratio, ratio);
    if (thumbs) drawPictures(c);
    else if (zoom < 4) drawLetters(c);
    drawRing();
  }

  /** The pictures themselves, as many as have room; those with findings before others. */
  function drawPictures(c) {
    const taken = new Map(), cell = (x, y) => Math.floor(x / THUMB) * 4096 + Math.floor(y / THUMB);
    const free = (x, y) => {
      for (const dx of [-THUMB, 0, THUMB]) for (const dy of [-THUMB, 0, THUMB]) {
        const other = taken.get(cell(x + dx, y + dy));
        if (other && Math.abs(other[0] - x) < THUMB + 2 && Math.abs(other[1] - y) < THUMB + 2) return false;
      }
      return true;
    };
    for (let k = count - 1; k >= 0; k--) {
      const i = upward[k], x = screenX(i), y = screenY(i);
      if (only >= 0 && group(i) !== only) continue;
      if (x < 0 || y < 0 || x > width || y > height || !free(x, y)) continue;
      taken.set(cell(x, y), [x, y]);
      const [w, h] = fitted(i, THUMB - 4);
      c.fillStyle = hue(group(i));
      c.fillRect(x - w / 2 - 2, y - h / 2 - 2, w + 4, h + 4);
      drawPicture(c, i, x - w / 2, y - h / 2, w, h, request);
    }
  }

  function drawLetters(c) {
    if (data.letters.length < 2) return;
    c.font = "700 18px system-ui, sans-serif";
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.lineWidth = 5;
    c.lineJoin = "round";
    c.strokeStyle = colour("--paper");
    c.fillStyle = colour("--ink");
    for (const { letter, x, y } of data.letters) {
      const at = [left + x * unit * zoom, top + y * unit * zoom];
      c.strokeText(letter, ...at);
      c.fillText(letter, ...at);
    }
  }

  function drawRing() {
    const c = ring.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    if (chosen < 0) return;
    const size = thumbs ? 26 : radius() + 5;
    for (const [line, ink] of [[6, "--paper"], [3, "--ink"]]) {
      c.beginPath();
      c.arc(screenX(chosen), screenY(chosen), size, 0, 7);
      c.lineWidth = line;
      c.strokeStyle = colour(ink);
      c.stroke();
    }
  }

  const sheetImages = [];
  /** Draw a picture from its sheet; where that is not decoded yet, call `later` once it is. */
  function drawPicture(c, i, x, y, w, h, later) {
    const { urls, side, columns, each } = data.sheets, k = Math.floor(i / each), place = i % each;
    if (!sheetImages[k]) {
      sheetImages[k] = new Image();
      sheetImages[k].src = urls[k];
    }
    if (!sheetImages[k].complete) {
      sheetImages[k].addEventListener("load", later, { once: true });
      return;
    }
    c.imageSmoothingEnabled = side >= 40;
    c.imageSmoothingQuality = "high";
    const row = Math.floor(place / columns), column = place % columns;
    c.drawImage(sheetImages[k], column * side, row * side, side, side, x, y, w, h);
  }

  function fitted(i, side) {
    const wide = Math.min(Math.max(data.ratio[i], 0.05), 20);
    return wide > 1 ? [side, side / wide] : [side * wide, side];
  }

  function request() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  }

  function newMarks() {
    stamps = new Map();
    request();
  }

  // Where it is looked at.
  function fit() {
    zoom = 1;
    unit = Math.min((width - 2 * MARGIN) / Math.max(right, 1), (height - 2 * MARGIN) / Math.max(low, 1));
    left = (width - right * unit) / 2;
    top = (height - low * unit) / 2;
    moved();
  }

  function zoomAt(x, y, factor) {
    const next = Math.min(Math.max(zoom * factor, 1), MOST_ZOOM), by = next / zoom;
    left = x - (x - left) * by;
    top = y - (y - top) * by;
    zoom = next;
    if (zoom === 1) fit(); else moved();
  }

  function moved() {
    // At its full size the map leaves the finger to the page.
    stage.style.touchAction = zoom > 1 ? "none" : "pan-y";
    newMarks();
  }

  function bringIntoView(i) {
    const x = screenX(i), y = screenY(i);
    if (x > MARGIN && y > MARGIN && x < width - MARGIN && y < height - MARGIN) return;
    left += width / 2 - x;
    top += height / 2 - y;
    request();
  }

  // Which picture is chosen, and what is said of it.
  const stands = (i) => only < 0 || group(i) === only;

  function nearest(x, y) {
    let best = -1, least = REACH * REACH;
    for (const i of upward) {
      const dx = screenX(i) - x, dy = screenY(i) - y, d = dx * dx + dy * dy;
      if (d <= least && stands(i)) { least = d; best = i; }
    }
    return best;
  }

  const finding = ([issue, detail, proposal]) =>
    `${data.issues[issue]}: ${proposal ? `looks like ${proposal}; ` : ""}${detail}`;

  function choose(i, aloud = false) {
    if (i === chosen) return;
    chosen = i;
    drawRing();
    if (i < 0) return;
    const found = data.findings[i] || [], label = data.classes[data.label[i]];
    const picture = document.createElement("canvas");
    const [w, h] = fitted(i, SIDE);
    picture.width = Math.max(Math.round(w * ratio), 1);
    picture.height = Math.max(Math.round(h * ratio), 1);
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", data.name[i]);
    const paint = () =>
      drawPicture(picture.getContext("2d"), i, 0, 0, picture.width, picture.height, paint);
    paint();
    const text = document.createElement("div");
    const name = document.createElement("strong"), about = document.createElement("p");
    name.textContent = data.name[i];
    about.append(name, document.createElement("br"), `labelled ${label}, region ${data.letters[data.region[i]].letter}`);
    text.append(about);
    if (found.length) {
      const list = document.createElement("ul");
      for (const one of found) {
        const item = document.createElement("li");
        item.textContent = finding(one);
        list.append(item);
      }
      text.append(list);
    }
    card.replaceChildren(picture, text);
    if (aloud) {
      said.textContent = [`${data.name[i]}, labelled ${label}`, ...found.map(finding)].join(". ");
    }
  }

  /** The next picture in a direction: near, and rather straight ahead. */
  function towards(dx, dy) {
    if (chosen < 0) return inMiddle();
    let best = -1, least = Infinity;
    for (let i = 0; i < count; i++) {
      if (i === chosen || !stands(i)) continue;
      const x = data.x[i] - data.x[chosen], y = data.y[i] - data.y[chosen];
      // Of several at one place each is come by, in their order.
      const same = x === 0 && y === 0 && (i > chosen) === (dx + dy > 0);
      const ahead = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
      if (!same && ahead <= 0) continue;
      const far = same ? -1 / (1 + Math.abs(i - chosen)) : ahead + 2 * aside;
      if (far < least) { least = far; best = i; }
    }
    return best < 0 ? chosen : best;
  }

  function inMiddle() {
    const x = (width / 2 - left) / unit / zoom, y = (height / 2 - top) / unit / zoom;
    let best = -1, least = Infinity;
    for (let i = 0; i < count; i++) {
      const d = (data.x[i] - x) ** 2 + (data.y[i] - y) ** 2;
      if (stands(i) && d < least) { least = d; best = i; }
    }
    return best;
  }

  const withFinding = upward.filter((i) => worst[i] < NOTHING).reverse();
  function alongFindings(step) {
    const all = withFinding.filter(stands);
    if (!all.length) return chosen;
    const place = all.indexOf(chosen);
    return all[place < 0 ? (step > 0 ? 0 : all.length - 1) : (place + step + all.length) % all.length];
  }

  function go(i) {
    if (i < 0) return;
    choose(i, true);
    bringIntoView(i);
  }

  const KEYS = {
    ArrowLeft: () => go(towards(-1, 0)), ArrowRight: () => go(towards(1, 0)),
    ArrowUp: () => go(towards(0, -1)), ArrowDown: () => go(towards(0, 1)),
    n: () => go(alongFindings(1)), p: () => go(alongFindings(-1)),
    "+": () => zoomKey(1.5), "=": () => zoomKey(1.5), "-": () => zoomKey(1 / 1.5), 0: fit,
    Escape: () => { choose(-1); card.replaceChildren(); },
  };
  function zoomKey(factor) {
    const inside = chosen >= 0;
    zoomAt(inside ? screenX(chosen) : width / 2, inside ? screenY(chosen) : height / 2, factor);
  }
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!KEYS[key]) return;
    event.preventDefault();
    KEYS[key]();
  });
  stage.addEventListener("focus", () => {
    if (chosen < 0 && stage.matches(":focus-visible")) go(inMiddle());
  });

  // Pointers: over it to look, drag to move, two fingers or Ctrl and the wheel to zoom.
  const held = new Map();
  let dragged = 0;
  const at = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  stage.addEventListener("pointerdown", (event) => {
    held.set(event.pointerId, at(event));
    dragged = 0;
    if (event.pointerType === "mouse" || zoom > 1) stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    const [x, y] = at(event), before = held.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") choose(nearest(x, y) < 0 ? chosen : nearest(x, y));
      return;
    }
    held.set(event.pointerId, [x, y]);
    if (held.size === 2) {
      const [other] = [...held].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
      zoomAt((x + other[0]) / 2, (y + other[1]) / 2, apart([x, y], other) / apart(before, other));
      dragged = Infinity;
    } else if (zoom > 1 || event.pointerType === "mouse") {
      left += x - before[0];
      top += y - before[1];
      dragged += Math.abs(x - before[0]) + Math.abs(y - before[1]);
      request();
    }
  });
  const letGo = (event) => {
    if (held.delete(event.pointerId) && event.type === "pointerup" && dragged < 6) {
      const i = nearest(...at(event));
      if (i >= 0) choose(i, true);
    }
  };
  stage.addEventListener("pointerup", letGo);
  stage.addEventListener("pointercancel", letGo);
  stage.addEventListener("dblclick", (event) => zoomAt(...at(event), 2));
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;  // the page scrolls
    event.preventDefault();
    zoomAt(...at(event), Math.exp(-event.deltaY / 200));
  }, { passive: false });

  // What stands around it.
  function newLegend() {
    const counts = groups().map(() => 0);
    for (let i = 0; i < count; i++) counts[group(i)]++;
    legend.replaceChildren(...groups().map((name, g) => {
      const entry = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", String(only === g));
      const mark = markOf(g, 5);
      mark.setAttribute("aria-hidden", "true");
      const number = document.createElement("span");
      number.className = "soft";
      number.textContent = counts[g].toLocaleString("en");
      button.append(mark, name, " ", number);
      button.addEventListener("click", () => {
        only = only === g ? -1 : g;
        [...legend.querySelectorAll("button")].forEach((one, k) =>
          one.setAttribute("aria-pressed", String(k === only)));
        request();
      });
      entry.append(button);
      return entry;
    }).filter((_, g) => counts[g]));
  }

  function recolour() {
    newLegend();
    newMarks();
  }

  for (const choice of document.querySelectorAll('input[name="by"]')) {
    choice.addEventListener("change", () => { by = choice.value; only = -1; recolour(); });
  }
  byId("map-pictures").addEventListener("change", (event) => { thumbs = event.target.checked; request(); });
  byId("map-in").addEventListener("click", () => zoomKey(1.5));
  byId("map-out").addEventListener("click", () => zoomKey(1 / 1.5));
  byId("map-all").addEventListener("click", fit);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  for (const button of document.querySelectorAll(".locate")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      if (only >= 0 && !stands(Number(button.dataset.at))) { only = -1; newLegend(); }
      stage.scrollIntoView({ block: "center" });
      stage.focus({ preventScroll: true });
      go(Number(button.dataset.at));
      request();
    });
  }
  stage.style.setProperty("--aspect", `${right + 60} / ${low + 60}`);
  new ResizeObserver(() => {
    [width, height, ratio] = [stage.clientWidth, stage.clientHeight, devicePixelRatio || 1];
    if (!width) return;
    for (const canvas of [dots, ring]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    fit();
  }).observe(stage);
  newLegend();
})();
