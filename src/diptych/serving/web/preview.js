/** Previews of pictures that the browser can show, at the size that they are shown. */

const LONGEST = 720; // pixels; twice the width of a card, for fine screens

/** A canvas with the picture, told to screen readers by a label. Throws if it cannot be shown. */
export async function preview(blob, label) {
  const address = URL.createObjectURL(blob);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    return draw(image, label);
  } finally {
    URL.revokeObjectURL(address);
  }
}

function draw(image, label) {
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(scale * width));
  canvas.height = Math.max(1, Math.round(scale * height));
  canvas.classList.toggle("tiny", Math.max(width, height) <= 64);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}
