"""Drawn pizzas and their planted defects: each is what planted.csv says it is."""

import csv
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from diptych.errors import InputError
from diptych.samples import plates
from diptych.samples.plates import LABELS, SHARES, Planted, draw_plates

COUNT = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("drawn") / "plates"
    for _ in draw_plates(directory, COUNT, seed=1):
        pass
    return directory


@pytest.fixture
def in_red_or_blue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pizzas are red, all else is blue, and both are quick to draw."""

    def photograph(rng: np.random.Generator, pizza: bool) -> Image.Image:
        return Image.new("RGB", (64, 64), "red" if pizza else "blue")

    monkeypatch.setattr(plates, "photograph", photograph)


def contents(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def planted(directory: Path, defect: str) -> list[Planted]:
    with (directory / "planted.csv").open(newline="", encoding="utf-8") as file:
        rows = [Planted(**row) for row in csv.DictReader(file)]
    return [row for row in rows if row.defect == defect]


def pixels(path: Path, size: tuple[int, int] = (24, 24)) -> np.ndarray:
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return np.asarray(upright.resize(size, Image.Resampling.BOX), np.float64)


def test_same_seed_draws_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        list(draw_plates(tmp_path / name, 2, seed=5))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_draws_other_pictures(tmp_path: Path) -> None:
    for seed in (5, 6):
        list(draw_plates(tmp_path / str(seed), 4, seed, defects=False))
    one, other = contents(tmp_path / "5"), contents(tmp_path / "6")
    assert one.keys() == other.keys()
    assert not set(one.values()) & set(other.values())


def test_a_picture_does_not_depend_on_how_many_are_drawn(tmp_path: Path) -> None:
    for count in (3, 5):
        list(draw_plates(tmp_path / str(count), count, defects=False))
    assert contents(tmp_path / "3").items() <= contents(tmp_path / "5").items()


def test_half_of_the_clean_pictures_are_pizzas(tmp_path: Path) -> None:
    drawn = list(draw_plates(tmp_path / "plates", 6, defects=False))
    assert Counter(path.parent.name for path in drawn) == dict.fromkeys(LABELS, 3)
    assert sorted(drawn) == sorted(path for path in (tmp_path / "plates").rglob("*.*"))


def test_pictures_are_photographs_of_many_sizes(folder: Path) -> None:
    sizes = set()
    for index in range(COUNT):
        with Image.open(folder / plates.picture_path(index)) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
            assert 320 <= max(image.size) <= 640
            sizes.add(image.size)
    assert len(sizes) > COUNT / 2


def test_every_file_is_a_clean_picture_or_a_planted_one(folder: Path) -> None:
    rows = [row for defect in SHARES for row in planted(folder, defect)]
    clean = {plates.picture_path(index) for index in range(COUNT)}
    assert contents(folder).keys() == clean | {row.path for row in rows} | {"planted.csv"}
    assert all(planted(folder, defect) for defect in SHARES)


def test_the_smallest_folder_lacks_only_what_it_has_no_picture_for(
    tmp_path: Path, in_red_or_blue: None
) -> None:
    list(draw_plates(tmp_path / "plates", 2))
    missing = [defect for defect in SHARES if not planted(tmp_path / "plates", defect)]
    assert missing == ["two labels"]


def test_no_picture_is_copied_twice_and_only_copies_have_an_original(folder: Path) -> None:
    rows = [row for defect in SHARES for row in planted(folder, defect)]
    originals = [row.original for row in rows if row.original]
    assert len(originals) == len(set(originals))
    assert {row.defect for row in rows if row.original} == set(plates.COPIES)
    assert all((folder / original).exists() for original in originals)


@pytest.mark.parametrize("defect", ["truncated", "empty", "not an image", "corrupted"])
def test_unreadable_files_cannot_be_decoded(folder: Path, defect: str) -> None:
    for row in planted(folder, defect):
        with pytest.raises(OSError), Image.open(folder / row.path) as image:
            image.load()


def test_a_truncated_picture_still_has_its_header(folder: Path) -> None:
    for row in planted(folder, "truncated"):
        with Image.open(folder / row.path) as image:
            assert max(image.size) >= 320


def test_too_small_pictures_are_thumbnails(folder: Path) -> None:
    for row in planted(folder, "too small"):
        with Image.open(folder / row.path) as image:
            assert image.size == (12, 9)


def test_lying_extensions_hide_another_format(tmp_path: Path) -> None:
    picture, rng = Image.new("RGB", (40, 30), "tomato"), np.random.default_rng(0)
    for nth, format in enumerate(("PNG", "WEBP")):
        file = tmp_path / "picture.jpg"
        file.write_bytes(plates.damaged(picture, "lying extension", nth, rng))
        with Image.open(file) as image:
            assert image.format == format


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_rotated_pictures_display_upright(tmp_path: Path, nth: int) -> None:
    picture = Image.new("RGB", (64, 40), "navy")
    picture.paste("tomato", (0, 0, 32, 20))
    file = tmp_path / "picture.jpg"
    file.write_bytes(plates.damaged(picture, "rotated exif", nth, np.random.default_rng(0)))
    with Image.open(file) as image:
        assert image.getexif()[0x0112] == (3, 6, 8)[nth]
        assert ImageOps.exif_transpose(image).size == picture.size
    difference = pixels(file, (8, 5)) - np.asarray(picture.resize((8, 5)), np.float64)
    assert abs(difference).mean() < 12


def test_exact_duplicates_share_bytes_and_class(folder: Path) -> None:
    for row in planted(folder, "exact duplicate"):
        assert (folder / row.path).read_bytes() == (folder / row.original).read_bytes()
        assert Path(row.path).parent == Path(row.original).parent


def test_two_labels_share_bytes_but_not_class(folder: Path) -> None:
    for row in planted(folder, "two labels"):
        assert (folder / row.path).read_bytes() == (folder / row.original).read_bytes()
        assert Path(row.path).parent != Path(row.original).parent


@pytest.mark.parametrize("nth", [0, 1, 2, 3])
def test_near_duplicates_look_alike_but_differ(folder: Path, tmp_path: Path, nth: int) -> None:
    original, outlier = folder / plates.picture_path(0), folder / plates.picture_path(2)
    near = tmp_path / "near.jpg"
    near.write_bytes(plates.altered(original.read_bytes(), nth, np.random.default_rng(0)))
    assert near.read_bytes() != original.read_bytes()
    apart = abs(pixels(near, (8, 8)) - pixels(original, (8, 8))).mean()
    assert apart < 0.5 * abs(pixels(outlier, (8, 8)) - pixels(original, (8, 8))).mean()


def test_only_wrong_labels_lie_about_what_they_show(tmp_path: Path, in_red_or_blue: None) -> None:
    folder = tmp_path / "plates"
    list(draw_plates(folder, 20))
    for defect in ("too small", "rotated exif", "lying extension", "wrong label"):
        for row in planted(folder, defect):
            red, _, blue = pixels(folder / row.path).mean((0, 1))
            assert (Path(row.path).parent.name == "pizza") == (red > blue) ^ (
                defect == "wrong label"
            )


def test_an_interrupted_drawing_leaves_nothing_behind(tmp_path: Path) -> None:
    unfinished = draw_plates(tmp_path / "plates", 4)
    next(unfinished)
    assert list(tmp_path.iterdir())
    assert isinstance(unfinished, Generator)
    unfinished.close()
    assert not list(tmp_path.iterdir())


def test_a_failed_drawing_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Iterator[None]:
        raise KeyboardInterrupt

    monkeypatch.setattr(plates, "spoilt", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(draw_plates(tmp_path / "plates", 2))
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exists already; name a new folder"):
        next(draw_plates(tmp_path))
    assert not list(tmp_path.iterdir())


def test_fewer_than_two_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--count must be at least 2, not 1"):
        next(draw_plates(tmp_path / "plates", 1))


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--seed must be at least 0, not -1"):
        next(draw_plates(tmp_path / "plates", seed=-1))
