"""Copies of a photograph are found; other photographs of the same kind of thing are not."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from diptych.auditing.copies.near import near_duplicate_pairs, thumbnails
from drawn import pairs, pairs_among, photograph, pizza

Edit = Callable[[Image.Image], Image.Image]


def stroke(seed: int) -> Image.Image:
    """One stroke of a pen, as people write a 1."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (112, 112))
    lean, length, middle = rng.normal(10, 8), rng.normal(36, 4), 56 + rng.normal(0, 4)
    ends = (middle - lean, 56 + length, middle + lean, 56 - length)
    ImageDraw.Draw(image).line(ends, fill=(255, 255, 255), width=int(rng.integers(8, 14)))
    return image.filter(ImageFilter.GaussianBlur(2))


def disc(seed: int) -> Image.Image:
    """A red disc on white."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (128, 128), (255, 255, 255))
    radius = rng.uniform(18, 45)
    centre = rng.uniform(radius, 128 - radius, 2)
    ImageDraw.Draw(image).circle((centre[0], centre[1]), radius, fill=(200, 30, 30))
    return image


def blank(colour: tuple[int, int, int], seed: int = 0) -> Image.Image:
    """One colour, with the noise of a camera."""
    noise = np.random.default_rng(seed).normal(0, 3, (240, 320, 3))
    return Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8))


def recompressed(picture: Image.Image, quality: int = 30) -> Image.Image:
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def resized(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2))


def cropped(left: float, top: float, right: float, bottom: float) -> Edit:
    """Cuts off these shares of the sides."""

    def edit(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        near = (round(left * width), round(top * height))
        far = (round((1 - right) * width), round((1 - bottom) * height))
        return picture.crop((*near, *far))

    return edit


def brightened(picture: Image.Image, factor: float = 1.25) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(factor)


def relit(picture: Image.Image, gamma: float) -> Image.Image:
    return picture.point([round(255 * (level / 255) ** gamma) for level in range(256)] * 3)


EDITS: dict[str, Edit] = {
    "as it is": lambda picture: picture,
    "resized": resized,
    "recompressed": recompressed,
    "2 % cropped": cropped(0.02, 0.02, 0.02, 0.02),
    "5 % cropped": cropped(0.05, 0.05, 0.05, 0.05),
    "8 % cropped": cropped(0.08, 0.08, 0.08, 0.08),
    "8 % cropped at one side": cropped(0.08, 0, 0, 0),
    "8 % cropped at a corner": cropped(0, 0, 0.08, 0.08),
    "cropped unevenly": cropped(0.01, 0.07, 0.05, 0.03),
    "brightened": brightened,
    "darkened": lambda picture: brightened(picture, 0.75),
    "more contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(1.25),
    "less contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(0.75),
    "gamma 0.8": lambda picture: relit(picture, 0.8),
    "gamma 1.3": lambda picture: relit(picture, 1.3),
    "cropped, brightened, recompressed": lambda picture: recompressed(
        brightened(cropped(0.04, 0.04, 0.04, 0.04)(picture)), 50
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_copy_is_found_and_nothing_else(edit: Edit) -> None:
    originals = [photograph(seed) for seed in range(16)]
    copies = [edit(picture) for picture in originals[:8]]
    assert pairs(originals + copies) == [(i, 16 + i) for i in range(8)]


def test_a_crop_may_come_before_its_original() -> None:
    original = photograph(0)
    assert pairs([cropped(0.08, 0.08, 0.08, 0.08)(original), original]) == [(0, 1)]


def test_different_photographs_are_no_duplicates() -> None:
    assert pairs([photograph(seed) for seed in range(150)]) == []


def test_pizzas_on_the_same_plate_are_no_duplicates() -> None:
    assert pairs([pizza(seed) for seed in range(60)]) == []


@pytest.mark.parametrize("draw", [stroke, disc])
def test_simple_drawings_are_no_crops_of_each_other(draw: Callable[[int], Image.Image]) -> None:
    drawings = [draw(seed) for seed in range(40)]
    copies = [recompressed(resized(picture), 60) for picture in drawings[:5]]
    assert pairs(drawings + copies) == [(i, 40 + i) for i in range(5)]


def test_a_negative_is_no_duplicate() -> None:
    original = photograph(0)
    assert pairs([original, original.point([255 - v for v in range(256)] * 3)]) == []


def test_blank_pictures_are_the_same_only_in_the_same_colour() -> None:
    white, black, red = (255, 255, 255), (0, 0, 0), (200, 40, 40)
    colours = [white, black, red, black, white, (210, 40, 40)]
    blanks = [blank(colour, seed) for seed, colour in enumerate(colours)]
    assert pairs([*blanks, photograph(0)]) == [(0, 4), (1, 3)]


@pytest.mark.parametrize("count", [4, 6])
def test_grey_pictures_may_be_blank_too(count: int) -> None:
    levels = np.arange(count, dtype=np.uint8) // 2 * 60
    pixels = np.broadcast_to(levels[:, None, None, None], (count, 8, 8, 1))
    found = [(pair.first, pair.second) for pair in near_duplicate_pairs(thumbnails(pixels))]
    assert found == [(i, i + 1) for i in range(0, count, 2)]


def test_gradients_are_the_same_only_in_the_same_direction() -> None:
    right = Image.linear_gradient("L").convert("RGB")
    down = right.transpose(Image.Transpose.ROTATE_90)
    assert pairs([right, down, recompressed(right)]) == [(0, 2)]


def test_all_of_many_copies_hang_together() -> None:
    copies = [recompressed(photograph(0), quality) for quality in range(40, 90)]
    group = np.arange(50)
    for first, second in pairs(copies):
        group[group == group[second]] = group[first]
    assert len(set(group)) == 1


def test_few_pictures_have_few_duplicates() -> None:
    assert near_duplicate_pairs(np.empty((0, 32, 32, 3), np.float32)) == []
    assert pairs([photograph(0)]) == []
    assert pairs([blank((9, 9, 9))]) == []


def test_a_pair_comes_in_order_with_the_share_that_is_the_same() -> None:
    original = photograph(0)
    [same], [coarse] = (
        pairs_among([original, original]),
        pairs_among([recompressed(original, 5), original]),
    )
    assert (same.first, same.second) == (coarse.first, coarse.second) == (0, 1)
    assert 0.96 < coarse.similarity < same.similarity == pytest.approx(1)


def test_the_answer_is_always_the_same() -> None:
    originals = [photograph(seed) for seed in range(6)]
    pictures = originals + [cropped(0.03, 0, 0.05, 0.02)(picture) for picture in originals]
    assert pairs_among(pictures) == pairs_among(pictures)


def test_a_thumbnail_holds_the_mean_of_each_area() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 96, 96, 3), dtype=np.uint8)
    means = pixels.reshape(3, 32, 3, 32, 3, 3).mean((2, 4))
    np.testing.assert_allclose(thumbnails(pixels), means, atol=1e-3)


@pytest.mark.parametrize("side", [8, 32, 50, 225])
def test_a_thumbnail_of_any_side_is_as_bright_as_its_picture(side: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), dtype=np.uint8)
    small = thumbnails(pixels)
    assert small.shape == (2, 32, 32, 3)
    np.testing.assert_allclose(small.mean((1, 2)), pixels.mean((1, 2)), atol=1e-2)


def test_a_small_picture_has_its_pixels_repeated() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)
    repeated = pixels.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(thumbnails(pixels), repeated, atol=1e-3)


@pytest.mark.realdata
def test_of_real_photographs_only_the_copies_are_found(real: Path) -> None:
    files = sorted((real / "photos").glob("*/*.jpg"))[::6]
    originals = [Image.open(file).convert("RGB") for file in files]
    edits = list(EDITS.values())
    copies = [edits[i % len(edits)](picture) for i, picture in enumerate(originals[:64])]
    assert pairs(originals + copies) == [(i, len(originals) + i) for i in range(64)]


@pytest.mark.parametrize("count", [20, 21, 22])
def test_copies_of_grey_pictures_are_found_however_many_there_are(count: int) -> None:
    rng = np.random.default_rng(count)
    pixels = rng.integers(0, 240, (count, 8, 8, 1))
    noisy = pixels + rng.integers(0, 4, pixels.shape)
    both = thumbnails(np.concatenate([pixels, noisy]).astype(np.uint8))
    found = [(pair.first, pair.second) for pair in near_duplicate_pairs(both, crops=False)]
    assert found == [(i, i + count) for i in range(count)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [(240, 320), (32, 32), (20, 48)])
@pytest.mark.parametrize("count", [4, 6])
def test_grey_and_oblong_pictures_are_compared_too(
    channels: int, side: tuple[int, int], count: int
) -> None:
    images = [np.asarray(photograph(seed).resize(side[::-1])) for seed in range(count - 1)]
    brighter = (images[2] * 1.1).clip(0, 255).astype(np.uint8)
    pictures_NHWC = np.stack([*images, brighter])[..., :channels]
    pairs = near_duplicate_pairs(thumbnails(pictures_NHWC))
    assert [pair[:2] for pair in pairs] == [(2, count - 1)]
