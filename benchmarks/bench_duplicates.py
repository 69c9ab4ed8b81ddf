"""How many copies of photographs are found, and how many other pictures are taken for copies?

Copies of 200 photographs are sought among all 1,200 photographs, a kind of copy at a time. Beside
it, what imagehash-style tools do: a 64-bit perceptual hash (DCT) at a distance of at most 10.
"""

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from measuring import machine, need_photos
from PIL import Image, ImageEnhance
from scipy.fft import dctn

from diptych.auditing.copies.near import near_duplicate_pairs, thumbnails
from diptych.images.preprocess import decode

Edit = Callable[[Image.Image], Image.Image]
SHAPE, COPIES = (128, 128, 3), 200


def cropped(left: float, top: float, right: float, bottom: float) -> Edit:
    """Cut shares of the sides off."""

    def edit(image: Image.Image) -> Image.Image:
        w, h = image.size
        return image.crop(
            (int(left * w), int(top * h), int((1 - right) * w), int((1 - bottom) * h))
        )

    return edit


def brighter(factor: float) -> Edit:
    return lambda image: ImageEnhance.Brightness(image).enhance(factor)


KINDS: dict[str, tuple[Edit, int]] = {
    "half the size": (lambda image: image.resize((image.width // 2, image.height // 2)), 90),
    "JPEG quality 30": (lambda image: image, 30),
    "4 % off each side": (cropped(0.04, 0.04, 0.04, 0.04), 90),
    "8 % off each side": (cropped(0.08, 0.08, 0.08, 0.08), 90),
    "8 % off two sides": (cropped(0.08, 0, 0, 0.08), 90),
    "25 % brighter": (brighter(1.25), 90),
    "25 % darker": (brighter(0.75), 90),
    "all three": (lambda image: brighter(1.15)(cropped(0.04, 0.02, 0.05, 0.03)(image)), 50),
}


def encoded(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def perceptual_hashes(small_NTTC: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """64 bits: whether each of the lowest frequencies is above their median."""
    low_NF = np.asarray(dctn(small_NTTC.mean(3), axes=(1, 2)))[:, :8, :8].reshape(-1, 64)
    return np.asarray(low_NF > np.median(low_NF, axis=1, keepdims=True))


def main() -> None:
    paths = sorted(need_photos().rglob("*.jpg"))
    originals = thumbnails(np.stack([decode(p.read_bytes(), SHAPE).pixels for p in paths]))
    n = len(paths)
    bits = perceptual_hashes(originals)
    near = [int(((bits[i] != bits[i + 1 :]).sum(1) <= 10).sum()) for i in range(n)]
    print(f"{n} photographs: {len(near_duplicate_pairs(originals))} pairs; hash: {sum(near)} pairs")
    for kind, (edit, quality) in KINDS.items():
        changed = []
        for path in paths[:: n // COPIES][:COPIES]:
            with Image.open(path) as image:
                changed.append(decode(encoded(edit(image.convert("RGB")), quality), SHAPE).pixels)
        copies = thumbnails(np.stack(changed))
        pairs = near_duplicate_pairs(np.concatenate([originals, copies]))
        step = n // COPIES
        matches = {p.second - n for p in pairs if p.first == (p.second - n) * step}
        wrong = sum(p.second >= n and p.first != (p.second - n) * step for p in pairs)
        hashed = (perceptual_hashes(copies) != bits[::step][:COPIES]).sum(1) <= 10
        share = len(matches) / COPIES
        print(f"{kind:18s} {share:6.1%} found, {wrong} wrong; hash {hashed.mean():.1%}")
    print(machine())


if __name__ == "__main__":
    main()
