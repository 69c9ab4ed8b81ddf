import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageOps

from conftest import BLUE, RED, picture
from diptych.auditing import Audit, audit
from diptych.auditing.cleaning import clean
from diptych.data.splitting import split
from diptych.errors import InputError
from diptych.sources import read


def audit_of(root: Path) -> Audit:
    return audit(read(root), size=64)


def reasons(actual: Audit) -> dict[str, str]:
    return {Path(name).name: reason for name, reason in actual.reasons.items()}


def copied(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


def test_every_file_is_used_or_set_aside_with_its_reason(folder_of: Callable[..., Path]) -> None:
    root = folder_of(5)
    red = root / "red"
    whole = (red / "red000.png").read_bytes()
    (red / "empty.jpg").touch()
    (red / "page.jpg").write_text("<html>")
    (red / "cut.png").write_bytes(whole[: len(whole) // 2])
    picture(77, 12).save(red / "tiny.png")
    (root / "notes.txt").write_text("mine")
    copied(red / "red001.png", red / "again.png")
    actual = audit_of(root)
    assert reasons(actual) == {
        "empty.jpg": "empty",
        "page.jpg": "not an image",
        "cut.png": "truncated",
        "tiny.png": "too small",
        "notes.txt": "no class",
        "red001.png": "exact duplicate",
    }
    assert actual.files == len([path for path in root.rglob("*") if path.is_file()]) == 16
    assert actual.used + sum(actual.set_aside.values()) == actual.files
    assert "16 files: 10 used, 6 set aside" in str(actual)


def test_a_name_that_lies_about_the_format_does_no_harm(folder_of: Callable[..., Path]) -> None:
    root = folder_of(5)
    picture(50, hue=RED).save(root / "red" / "lying.jpg", "WEBP")
    assert not audit_of(root).reasons


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.resize((40, 40)),
        lambda image: ImageEnhance.Brightness(image).enhance(1.15),
        lambda image: image.crop((3, 3, 61, 61)),
    ],
    ids=["smaller", "brighter", "cropped"],
)
def test_near_duplicates_are_kept_together(
    folder_of: Callable[..., Path], change: Callable[[Image.Image], Image.Image]
) -> None:
    root = folder_of(8)
    with Image.open(root / "red" / "red003.png") as image:
        change(image).save(root / "red" / "zz.jpg", quality=80)
    actual = audit_of(root)
    pairs = [(f.name, f.related) for f in actual.findings if f.issue == "near duplicate"]
    assert pairs == [("red/zz.jpg", "red/red003.png")]
    assert not actual.reasons
    data = clean(actual.dataset, actual)
    groups = {sample.name: sample.group for sample in data.samples}
    assert groups["red/zz.jpg"] == groups["red/red003.png"]
    for seed in range(5):
        parts = split(data, seed=seed)
        every = (s for part in parts for s in part.samples)
        homes = {s.part for s in every if s.group == groups["red/zz.jpg"]}
        assert len(homes) == 1


def test_a_picture_under_two_labels_is_used_under_neither(folder_of: Callable[..., Path]) -> None:
    root = folder_of(5)
    copied(root / "red" / "red002.png", root / "blue" / "odd.png")
    actual = audit_of(root)
    assert reasons(actual) == {"red002.png": "two labels", "odd.png": "two labels"}
    details = {f.detail for f in actual.findings if f.issue == "two labels"}
    assert details == {
        "the same picture is also labelled blue",
        "the same picture is also labelled red",
    }


def test_in_a_given_split_the_copy_in_train_goes(tmp_path: Path) -> None:
    for part, start in (("train", 0), ("test", 20)):
        for label, hue in (("blue", BLUE), ("red", RED)):
            folder = tmp_path / part / label
            folder.mkdir(parents=True)
            for i in range(4):
                seed = start + 2 * i + (label == "red")
                picture(seed, hue=hue).save(folder / f"{i}.png")
    copied(tmp_path / "test/red/1.png", tmp_path / "train/red/leak.png")
    actual = audit_of(tmp_path)
    assert actual.reasons == {"train/red/leak.png": "across parts"}


def test_a_class_with_few_pictures_is_pointed_out(folder_of: Callable[..., Path]) -> None:
    actual = audit_of(folder_of(5))
    assert [f.name for f in actual.findings if f.issue == "few pictures"] == ["blue/", "red/"]
    assert actual.used == 10


def test_a_class_with_no_usable_picture_cannot_be_cleaned(folder_of: Callable[..., Path]) -> None:
    root = folder_of(4)
    (root / "green").mkdir()
    (root / "green" / "a.jpg").write_text("no picture")
    actual = audit_of(root)
    with pytest.raises(InputError, match="class 'green' has no usable picture"):
        clean(actual.dataset, actual)


def test_the_csv_has_a_row_a_finding(folder_of: Callable[..., Path]) -> None:
    root = folder_of(4)
    (root / "red" / "empty.jpg").touch()
    actual = audit_of(root)
    rows = list(csv.DictReader(io.StringIO(actual.to_csv())))
    assert len(rows) == len(actual.findings)
    assert {row["path"]: row["set_aside"] for row in rows}["red/empty.jpg"] == "yes"


def test_a_second_audit_decodes_nothing(
    folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder_of(4)
    (root / "red" / "broken.jpg").write_text("no picture")
    first = audit_of(root)
    monkeypatch.setattr("diptych.images.decoding.decode", None)
    assert audit_of(root).findings == first.findings


def test_originals_are_never_touched(folder_of: Callable[..., Path]) -> None:
    root = folder_of(4)

    def state(paths: Iterable[Path]) -> list[tuple[str, bytes, int]]:
        return [(str(p), p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(paths)]

    before = state(p for p in root.rglob("*") if p.is_file())
    actual = audit_of(root)
    clean(actual.dataset, actual)
    assert state(p for p in root.rglob("*") if p.is_file()) == before


@pytest.mark.realdata
def test_odd_and_broken_files_pass_without_a_crash(real: Path) -> None:
    root = real / "dirty"
    actual = audit(read(root))
    assert actual.files == len([path for path in root.rglob("*") if path.is_file()])
    assert actual.used + sum(actual.set_aside.values()) == actual.files
    assert actual.used > 300
    assert {"not an image", "truncated", "unreadable", "too large", "empty"} <= set(
        actual.set_aside
    )


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_part_with_a_class_of_broken_files_alone_is_refused(
    folder_of: Callable[..., Path], tmp_path: Path, part: str
) -> None:
    for i, name in enumerate(("train", "val", "test")):
        folder_of(4, name=f"split/{name}", start=10 * i)
    for file in (tmp_path / "split" / part / "red").iterdir():
        file.write_text("no picture")
    data = read(tmp_path / "split")
    which = {"val": "valid"}.get(part, part)
    with pytest.raises(InputError, match=rf"split: {which} has no usable picture of red; add some"):
        clean(data, audit(data, size=32))


def roboflow(stem: str, digit: str) -> str:
    return f"{stem}_jpg.rf.{digit * 32}.jpg"


def test_copies_by_name_are_kept_together_whatever_they_show(
    folder_of: Callable[..., Path],
) -> None:
    root = folder_of(8)
    picture(90, hue=RED).save(root / "red" / roboflow("a", "1"))
    picture(91, hue=RED).save(root / "red" / roboflow("a", "2"))
    picture(92, hue=RED).save(root / "red" / roboflow("b", "2"))
    picture(93, hue=BLUE).save(root / "blue" / roboflow("a", "3"))
    actual = audit_of(root)
    pairs = [(f.name, f.related) for f in actual.findings if f.issue == "near duplicate"]
    assert pairs == [(f"red/{roboflow('a', '2')}", f"red/{roboflow('a', '1')}")]
    assert not actual.reasons


def in_parts(root: Path) -> Path:
    for part, start in (("train", 0), ("test", 20)):
        for k, (label, hue) in enumerate((("blue", BLUE), ("red", RED))):
            folder = root / part / label
            folder.mkdir(parents=True)
            for i in range(4):
                picture(start + 2 * i + k, hue=hue).save(folder / f"{i}.png")
    return root


def test_a_copy_by_name_of_a_test_picture_is_not_trained_on(tmp_path: Path) -> None:
    root = in_parts(tmp_path)
    picture(90, hue=RED).save(root / "train" / "red" / roboflow("a", "1"))
    picture(91, hue=RED).save(root / "test" / "red" / roboflow("a", "2"))
    assert audit_of(root).reasons == {f"train/red/{roboflow('a', '1')}": "across parts"}


def test_a_mirrored_copy_of_a_test_picture_is_not_trained_on(tmp_path: Path) -> None:
    root = in_parts(tmp_path)
    with Image.open(root / "test" / "red" / "1.png") as image:
        ImageOps.mirror(image).save(root / "train" / "red" / "leak.png")
    assert audit_of(root).reasons == {"train/red/leak.png": "across parts"}


def test_a_mirrored_copy_may_have_another_label(folder_of: Callable[..., Path]) -> None:
    root = folder_of(5)
    with Image.open(root / "red" / "red002.png") as image:
        ImageOps.mirror(image).save(root / "blue" / "odd.png")
    actual = audit_of(root)
    assert not actual.reasons
    issues = {f.name: f.issue for f in actual.findings if "label" in f.issue}
    assert issues == {
        "red/red002.png": "copy with another label",
        "blue/odd.png": "copy with another label",
    }
    details = {f.detail for f in actual.findings if f.issue == "near duplicate"}
    assert details == {"the same picture mirrored; the two stay together when split"}
    assert actual.groups["red/red002.png"] == actual.groups["blue/odd.png"]
