"""The checks that look at one picture at a time, on photographs that are drawn."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from diptych.auditing.checks.colours import grey_among_colour
from diptych.auditing.checks.drawn import drawn_pictures
from diptych.auditing.checks.exposure import blank, dark, over_exposed
from diptych.auditing.checks.sharpness import blurred
from diptych.auditing.checks.sizes import odd_aspect, tiny
from drawn import photograph
from drawn_materials import found, material_of, saved

PIXEL_CHECKS = (blank, dark, over_exposed, blurred, drawn_pictures, grey_among_colour)
SINGLE = (*PIXEL_CHECKS, tiny, odd_aspect)


def photographs(count: int = 8) -> dict[str, Image.Image]:
    return {f"a/photo{seed}.png": photograph(seed) for seed in range(count)}


def gradient() -> Image.Image:
    return Image.linear_gradient("L").resize((300, 200)).convert("RGB")


def with_noise(level: int) -> Image.Image:
    noise = np.random.default_rng(0).normal(level, 3, (240, 320, 3))
    return Image.fromarray(noise.clip(0, 255).astype(np.uint8))


def exposed(times: float) -> Image.Image:
    return photograph(90).point(lambda level: min(round(level * times), 255))


def washed_out() -> Image.Image:
    return photograph(90).point(lambda level: 225 + level // 10)


def shaken() -> Image.Image:
    pixels = np.asarray(photograph(90), float)
    return Image.fromarray(
        np.mean([np.roll(pixels, step, 1) for step in range(24)], 0).astype(np.uint8)
    )


def sign(back: int = 220, ink: int = 150) -> Image.Image:
    image = Image.new("RGB", (500, 400), (back,) * 3)
    text = "No image available"
    font = ImageFont.load_default(36)
    ImageDraw.Draw(image).text((250, 200), text, (ink,) * 3, font, anchor="mm")
    return image


def icon() -> Image.Image:
    image = Image.new("RGB", (640, 480), (245, 246, 248))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((220, 170, 420, 310), 14, fill=(170, 174, 180))
    draw.circle((320, 240), 45, fill=(245, 246, 248))
    return image


FAULTS = {
    "white": (lambda: Image.new("RGB", (300, 200), "white"), "blank"),
    "black": (lambda: Image.new("RGB", (300, 200), "black"), "blank"),
    "noise on one colour": (lambda: with_noise(120), "blank"),
    "one colour into another": (gradient, "blank"),
    "a tenth of the light": (lambda: exposed(0.1), "dark"),
    "four times the light": (lambda: exposed(4), "over-exposed"),
    "light in the lens": (washed_out, "over-exposed"),
    "out of focus": (lambda: photograph(90).filter(ImageFilter.GaussianBlur(4)), "blurred"),
    "moved camera": (shaken, "blurred"),
    "no colour": (lambda: photograph(90).convert("L"), "grey among colour"),
    "a word on grey": (sign, "placeholder"),
    "a word on black": (lambda: sign(0, 240), "placeholder"),
    "an icon": (icon, "placeholder"),
    "a thumbnail": (lambda: ImageOps.contain(photograph(90), (48, 48)), "tiny"),
    "a strip": (lambda: photograph(90).crop((0, 100, 320, 160)), "odd aspect"),
    "a high strip": (lambda: photograph(90).crop((100, 0, 160, 240)), "odd aspect"),
}


@pytest.mark.parametrize(("draw", "issue"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_and_no_other_is_said(
    tmp_path: Path, draw: Callable[[], Image.Image], issue: str
) -> None:
    root = saved(tmp_path, {**photographs(), "a/faulty.png": draw(), "b/one.png": photograph(70)})
    assert found(material_of(root), SINGLE) == {issue: ["a/faulty.png"]}


def test_what_most_pictures_are_is_no_fault(tmp_path: Path) -> None:
    night = {name: ImageEnhance.Brightness(i).enhance(0.1) for name, i in photographs().items()}
    assert not found(material_of(saved(tmp_path, night)), SINGLE)


def test_what_most_pictures_of_a_class_are_is_no_fault(tmp_path: Path) -> None:
    grey = {f"b/grey{seed}.png": photograph(seed).convert("L") for seed in range(20, 30)}
    root = saved(tmp_path, {**photographs(12), **grey})
    assert not found(material_of(root), SINGLE)


def test_many_blank_pictures_are_said_once(tmp_path: Path) -> None:
    plain = {f"b/{i}.png": Image.new("RGB", (64, 64), (20 * i, 99, 99)) for i in range(9)}
    assert found(material_of(saved(tmp_path, {**photographs(), **plain})), SINGLE) == {
        "blank": ["/"]
    }


def test_things_cut_out_on_white_are_not_over_exposed(tmp_path: Path) -> None:
    white = Image.new("RGB", (320, 240), "white")
    white.paste(photograph(90).crop((0, 0, 120, 90)), (100, 80))
    root = saved(tmp_path, {**photographs(), "a/cut.png": white})
    assert not found(material_of(root), (over_exposed,))


def test_small_pictures_are_not_blurred_for_being_small(tmp_path: Path) -> None:
    small = {f"a/{i}.png": ImageOps.contain(photograph(i), (32, 32)) for i in range(8)}
    assert not found(material_of(saved(tmp_path, small)), SINGLE)


def test_a_thing_before_a_blurred_background_is_sharp(tmp_path: Path) -> None:
    image = photograph(90).filter(ImageFilter.GaussianBlur(6))
    image.paste(photograph(91).crop((80, 60, 240, 180)), (80, 60))
    root = saved(tmp_path, {**photographs(), "a/portrait.png": image})
    assert not found(material_of(root), (blurred,))


def test_digits_that_came_as_numbers_have_no_fault_of_photographs(tmp_path: Path) -> None:
    rows = ["label," + ",".join(f"pixel{i}" for i in range(784))]
    for i in range(12):
        digit = Image.new("L", (28, 28))
        ImageDraw.Draw(digit).text((9, 4), str(i % 3), 255, ImageFont.load_default(18))
        pixels = digit.rotate(3 * i - 15).tobytes()
        rows.append(f"{i % 3}," + ",".join(map(str, pixels)))
    rows.append("2," + ",".join(["0"] * 784))
    table = tmp_path / "digits.csv"
    table.write_text("\n".join(rows))
    from diptych.auditing import audit
    from diptych.sources import read

    findings = audit(read(table), checks=SINGLE).findings
    issues = [f.issue for f in findings if f.issue not in ("few pictures", "near duplicate")]
    assert issues == ["blank"]


def test_a_page_of_text_is_a_screenshot(tmp_path: Path) -> None:
    page = Image.new("RGB", (800, 1000), "white")
    words = "the order of your account is shown in the table of search results below and above"
    for line in range(34):
        text = words[line % 9 : 40 + (7 * line) % 40]
        place = (60, 50 + 27 * line)
        ImageDraw.Draw(page).text(place, text, (30, 30, 30), ImageFont.load_default(19))
    root = saved(tmp_path, {**photographs(4), "a/page.png": page})
    assert found(material_of(root, features=True), (drawn_pictures,)) == {
        "screenshot": ["a/page.png"]
    }
