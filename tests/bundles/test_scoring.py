import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from conftest import picture
from diptych import load, read
from diptych.errors import InputError


def test_a_bundle_is_scored_on_other_pictures(folder_of: Callable[..., Path], bundle: Path) -> None:
    other = folder_of(10, name="other", start=500)
    (other / "red" / "bad.jpg").write_text("no picture")
    predictions = load(bundle).evaluate(read(other))
    assert predictions.scores().n == 20
    assert [stray.reason for stray in predictions.dataset.strays] == ["not an image"]


def test_pictures_that_it_was_made_with_are_left_out_by_name(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    root = folder_of(30)
    facts = json.loads((bundle / "bundle.json").read_text())
    predictions = load(bundle).evaluate(read(root))
    assert predictions.scores().n == facts["data"]["test"]
    left_out = [s for s in predictions.dataset.strays if s.reason == "made with"]
    assert len(left_out) == facts["data"]["train"] + facts["data"]["valid"]
    # Another name does not help.
    only = tmp_path / "only"
    (only / "red").mkdir(parents=True)
    shutil.copy(root / left_out[-1].name, only / "red" / "renamed.png")
    with pytest.raises(InputError, match="no picture is left to score; 1 of 1 are those that"):
        load(bundle).evaluate(read(only))


def test_copies_of_its_pictures_are_left_out_and_copies_of_others_count_once(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    def again(source: Path, place: Path, quality: int) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(source) as image:
            smaller = image.convert("RGB").resize((58, 58), Image.Resampling.LANCZOS)
            smaller.save(place, quality=quality)

    root, other = folder_of(30), folder_of(12, name="other", start=700)
    trained = sorted((root / "red").iterdir())[:6]
    for path in trained:
        again(path, other / "red" / f"again{path.stem}.jpg", 85)
    fresh = sorted((other / "blue").iterdir())
    for path in fresh:
        for quality in (70, 80, 90):
            again(path, other / "blue" / f"copy{path.stem}-{quality}.jpg", quality)
    dataset = load(bundle).evaluate(read(other)).dataset
    made_with = {sample.name for sample in load(bundle).evaluate(read(root)).dataset.samples}
    copied = [path for path in trained if f"red/{path.name}" not in made_with]
    assert len(copied) >= 3
    told = {stray.name: stray.detail for stray in dataset.strays}
    for path in copied:
        said = told[f"red/again{path.stem}.jpg"]
        assert said == f"it is almost the same picture as red/{path.name} there"
    blue = [sample for sample in dataset.samples if sample.label == "blue"]
    assert len(blue) == 4 * len(fresh)
    assert len({sample.group for sample in blue}) == len(fresh)


def test_pictures_without_labels_are_refused(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "flat").mkdir()
    picture(1).save(tmp_path / "flat" / "1.png")
    with pytest.raises(InputError, match=r"no picture has a label; .* its class: blue, red"):
        load(bundle).evaluate(read(tmp_path / "flat"))


def test_a_class_that_the_bundle_lacks_is_named(
    folder_of: Callable[..., Path], bundle: Path
) -> None:
    other = folder_of(3, name="other")
    (other / "red").rename(other / "rouge")
    with pytest.raises(InputError, match="the bundle has no class 'rouge'; it has: blue, red"):
        load(bundle).evaluate(read(other))


def test_classes_that_a_data_set_lacks_change_no_answer(
    folder_of: Callable[..., Path], bundle: Path
) -> None:
    other = folder_of(6, name="other", start=700)
    shutil.rmtree(other / "blue")
    predictions = load(bundle).evaluate(read(other))
    assert predictions.dataset.classes == ("blue", "red")
    assert predictions.scores().per_class["blue"].n == 0


def test_groups_of_the_owner_count_once_with_those_of_copies(
    folder_of: Callable[..., Path], bundle: Path
) -> None:
    other = folder_of(12, name="other", start=700)
    with Image.open(other / "red/red701.png") as image:
        image.resize((58, 58)).save(other / "red/zz.png")
    owner = {"red/red700.png": "Ann", "red/red701.png": "Ann", "blue/blue700.png": "Ann"}
    data = read(other)
    data = data.with_samples(s._replace(group=owner.get(s.name, "")) for s in data.samples)
    samples = load(bundle).evaluate(data).dataset.samples
    assert {s.name for s in samples if s.group == "Ann"} == {*owner, "red/zz.png"}
    assert len({s.group for s in samples}) == len(samples) - 3


def test_pictures_of_a_group_that_it_was_made_with_are_left_out(
    folder_of: Callable[..., Path], bundle: Path
) -> None:
    root, other = folder_of(30), folder_of(6, name="other", start=700)
    trained = load(bundle).bundle.splits().train.samples[0]
    (other / "red/known.png").write_bytes((root / trained.name).read_bytes())
    data = read(other)
    ann = ("red/known.png", "red/red701.png")
    data = data.with_samples(s._replace(group="Ann" * (s.name in ann)) for s in data.samples)
    strays = load(bundle).evaluate(data).dataset.strays
    assert {(stray.name, stray.detail) for stray in strays} == {
        ("red/known.png", f"it is {trained.name} there"),
        ("red/red701.png", f"it is of the same group as {trained.name} there"),
    }


def test_what_could_not_be_looked_for_is_said(
    folder_of: Callable[..., Path],
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = read(folder_of(6, name="other", start=700))
    assert not load(bundle).evaluate(other).dataset.caveat
    monkeypatch.setenv("DIPTYCH_CACHE", str(tmp_path / "empty"))
    caveat = load(bundle).evaluate(other).dataset.caveat
    assert caveat.startswith("Of 50 of the 50 pictures that it was made with only copies to the ")
