"""Properties that alone tell the label: planted in drawn pictures, one at a time."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from conftest import picture
from diptych.auditing.checks.shortcuts import label_shortcuts
from diptych.auditing.material import Material
from drawn_materials import details, material_of

EACH = 24


def plain(_: int, seed: int) -> Image.Image:
    return picture(seed, 48)


def of_camera(k: int, seed: int) -> Image.Image:
    return with_tag(seed, 0x0110, ("Canon EOS 5D", "iPhone 4")[k])


def of_day(k: int, seed: int) -> Image.Image:
    return with_tag(seed, 0x0132, f"20{18 + k}:03:{1 + seed % 28:02d} 10:00:00")


def with_tag(seed: int, tag: int, value: str) -> Image.Image:
    image = picture(seed, 48)
    image.getexif()[tag] = value
    return image


def of_size(k: int, seed: int) -> Image.Image:
    return picture(seed, 40 + 40 * k + seed % 8)


def of_shape(k: int, seed: int) -> Image.Image:
    return picture(seed, 48).resize((48 + 16 * k, 48 - 12 * k))


def with_border(k: int, seed: int) -> Image.Image:
    return ImageOps.expand(picture(seed, 48 - 6 * k), 3 * k, "black")


def without_colour(k: int, seed: int) -> Image.Image:
    return picture(seed, 48).convert("L") if k else picture(seed, 48)


def written(
    root: Path,
    draw: Callable[[int, int], Image.Image],
    formats: tuple[str, str],
    labels: str = "ab",
) -> Material:
    for i in range(len(labels) * EACH):
        k = i % len(labels)
        (root / labels[k]).mkdir(exist_ok=True, parents=True)
        image = draw(int(k == 1), i)
        suffix, _, quality = formats[k == 1].partition(" ")
        file = root / labels[k] / f"{i:03d}.{suffix}"
        image.save(file, exif=image.getexif(), quality=int(quality or 80))
    return material_of(root)


SHORTCUTS = {
    "format": (plain, ("jpg", "png")),
    "compression": (plain, ("jpg 95", "jpg 40")),
    "camera": (of_camera, ("jpg", "jpg")),
    "date": (of_day, ("jpg", "jpg")),
    "size": (of_size, ("jpg", "jpg")),
    "aspect ratio": (of_shape, ("jpg", "jpg")),
    "border": (with_border, ("png", "png")),
    "grey or colour": (without_colour, ("png", "png")),
}


@pytest.mark.parametrize(
    ("name", "draw", "formats"), [(n, *how) for n, how in SHORTCUTS.items()], ids=SHORTCUTS
)
def test_a_property_that_tells_the_label_is_said(
    tmp_path: Path, name: str, draw: Callable[[int, int], Image.Image], formats: tuple[str, str]
) -> None:
    findings = list(label_shortcuts(written(tmp_path, draw, formats)))
    assert f"its {name} alone tells the label of a picture: 100.0 %" in "".join(details(findings))
    assert {(finding.name, finding.issue) for finding in findings} == {("/", "shortcut")}


def test_pictures_of_one_kind_have_no_shortcut(tmp_path: Path) -> None:
    assert not list(label_shortcuts(written(tmp_path, plain, ("jpg", "jpg"))))


def test_one_class_of_several_is_named(tmp_path: Path) -> None:
    material = written(tmp_path, plain, ("jpg", "png"), "abcde")
    [finding] = label_shortcuts(material)
    assert finding.name == "b/"
    assert "the format alone tells this class" in finding.detail


def test_copies_are_no_evidence(tmp_path: Path) -> None:
    """The camera names the picture; only copies of it, which stay together, have the same one."""

    def draw(_: int, i: int) -> Image.Image:
        return with_tag(i, 0x0110, f"camera {i // 12}-{i % 2}")

    material = written(tmp_path, draw, ("jpg", "jpg"))
    assert any("camera" in detail for detail in details(label_shortcuts(material)))
    names = [sample.name for sample in material.dataset.samples]
    of_picture = {name: f"{int(Path(name).stem) // 12}{Path(name).parent}" for name in names}
    assert not list(label_shortcuts(replace(material, group_of=of_picture)))


def test_half_of_a_class_with_another_camera_is_a_shortcut_by_as_much(tmp_path: Path) -> None:
    def draw(k: int, i: int) -> Image.Image:
        return of_camera(k and int(np.sin(i) > 0), i)

    [finding] = label_shortcuts(written(tmp_path, draw, ("jpg", "jpg")))
    assert 0.3 < finding.score < 0.7
