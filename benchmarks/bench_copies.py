"""Are copies found that augmentation made, are others taken for copies, and how long does it take?

Copies of 200 photographs are sought among all 1,200, a kind of copy at a time. Then the time for
the 1,200, beside what it takes to find only those that were resized, recompressed, relit or cropped
a little, in alternation.
"""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import numpy.typing as npt
from bench_duplicates import cropped, encoded
from measuring import machine, need_photos
from PIL import Image, ImageEnhance, ImageOps

from diptych.auditing.copies import near
from diptych.auditing.copies.small_pictures import SmallPictures
from diptych.images.preprocess import decode
from diptych.system.progress import unwatched

Edit = Callable[[Image.Image, np.random.Generator], Image.Image]
SHAPE, COPIES, TIMES = (224, 224, 3), 200, 5
Turn = Image.Transpose


def turned(degrees: float, fill: int) -> Edit:
    return lambda image, rng: image.rotate(
        degrees, Image.Resampling.BILINEAR, fillcolor=(fill, fill, fill)
    )


def turned_with_edges(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Turned by 15°; the corners repeat the edge."""
    pixels = np.pad(np.asarray(image), ((200, 200), (200, 200), (0, 0)), "edge")
    turned = Image.fromarray(pixels).rotate(15, Image.Resampling.BILINEAR)
    return turned.crop((200, 200, 200 + image.width, 200 + image.height))


def one_side_cut(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A fifth is missing at one side."""
    left, top, right, bottom = np.roll([0.2, 0, 0, 0], rng.integers(4)).tolist()
    w, h = image.size
    return image.crop((int(left * w), int(top * h), int((1 - right) * w), int((1 - bottom) * h)))


def part(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Four fifths of the area somewhere, of another aspect ratio, as random crops are."""
    w, h = image.size
    stretch = np.exp(rng.uniform(-0.2, 0.2))
    width, height = min(w, int(w * (0.8 * stretch) ** 0.5)), min(h, int(h * (0.8 / stretch) ** 0.5))
    x, y = int(rng.integers(0, w - width + 1)), int(rng.integers(0, h - height + 1))
    return image.crop((x, y, x + width, y + height)).resize((w, h))


def covered(level: int | None) -> Edit:
    """A box of a fifth of the area, of one level of grey or of noise, laid over it."""

    def edit(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        pixels = np.array(image)
        stretch = np.exp(rng.uniform(-0.6, 0.6))
        height, width = (
            min(side, int(side * (0.2 * by) ** 0.5))
            for side, by in zip(pixels.shape, (1 / stretch, stretch), strict=False)
        )
        top, left = (
            rng.integers(0, s - b + 1) for s, b in zip(pixels.shape, (height, width), strict=False)
        )
        noise = rng.integers(0, 256, (height, width, 3))
        pixels[top : top + height, left : left + width] = noise if level is None else level
        return Image.fromarray(pixels)

    return edit


def hue_shifted(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """By anything from an eighth of the circle on."""
    hue, saturation, value = image.convert("HSV").split()
    by = int(rng.integers(32, 224))
    hue = hue.point([(level + by) % 256 for level in range(256)])
    return Image.merge("HSV", (hue, saturation, value)).convert("RGB")


def jittered(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Brightness, contrast and saturation by up to 40 %."""
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = change(image).enhance(rng.uniform(0.6, 1.4))
    return image


KINDS: dict[str, Edit] = {
    "mirrored": lambda image, rng: ImageOps.mirror(image),
    "upside down": lambda image, rng: image.transpose(Turn.ROTATE_180),
    "turned by 90°": lambda image, rng: image.transpose(Turn.ROTATE_90),
    "mirrored, turned by 90°": lambda image, rng: image.transpose(Turn.TRANSPOSE),
    "turned by 10°, black corners": turned(10, 0),
    "turned by 15°, white corners": turned(-15, 255),
    "turned by 15°, edges repeated": turned_with_edges,
    "grey": lambda image, rng: image.convert("L").convert("RGB"),
    "80 % of the area": part,
    "20 % off a side": one_side_cut,
    "20 % off each side": lambda image, rng: cropped(0.2, 0.2, 0.2, 0.2)(image),
    "a black box on 20 %": covered(0),
    "a white box on 20 %": covered(255),
    "a box of noise on 20 %": covered(None),
    "another hue": hue_shifted,
    "colours jittered": jittered,
    "mirrored, 80 %, turned by 8°": lambda image, rng: turned(8, 0)(
        part(ImageOps.mirror(image), rng), rng
    ),
}


def decoded(content: bytes) -> npt.NDArray[np.uint8]:
    return decode(content, SHAPE).pixels


def main() -> None:
    paths = sorted(need_photos().rglob("*.jpg"))
    n, step = len(paths), len(paths) // COPIES
    originals = near.thumbnails(np.stack([decoded(p.read_bytes()) for p in paths]))
    print(f"{n} photographs: {len(near.near_duplicate_pairs(originals))} pairs")
    for kind, edit in KINDS.items():
        changed = []
        for seed, path in enumerate(paths[::step][:COPIES]):
            with Image.open(path) as image:
                copy = edit(image.convert("RGB"), np.random.default_rng(seed))
            changed.append(decoded(encoded(copy, 90)))
        copies = near.thumbnails(np.stack(changed))
        pairs = near.near_duplicate_pairs(np.concatenate([originals, copies]))
        matches = {
            p.second for p in pairs if p.second - n >= 0 and p.first == (p.second - n) * step
        }
        wrong = len(pairs) - sum(p.second >= n and p.first == (p.second - n) * step for p in pairs)
        print(f"{kind:30s} {len(matches) / COPIES:6.1%} found, {wrong} wrong", flush=True)
    print(times(originals))
    print(machine())


def times(originals: npt.NDArray[np.float32]) -> str:
    """Seconds with and without copies that augmentation made."""
    with_copies, without = [], []
    for _ in range(TIMES):
        started = time.perf_counter()
        pictures = SmallPictures(originals)
        new_N = np.ones(len(pictures), np.bool_)
        list(near.copies(pictures, pictures.each(near.busy), new_N, True, unwatched))
        without.append(time.perf_counter() - started)
        started = time.perf_counter()
        near.near_duplicate_pairs(originals)
        with_copies.append(time.perf_counter() - started)
    all_, some = median(with_copies), median(without)
    return f"{all_:.2f} s, {all_ / some:.1f} times the {some:.2f} s without changed copies"


if __name__ == "__main__":
    main()
