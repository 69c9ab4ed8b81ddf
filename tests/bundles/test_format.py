import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import RED, picture
from diptych import ImageClassifier, Recipe, audit, clean, load, read, split
from diptych.bundles.format import refuse_unwritable
from diptych.classifier import Evaluation
from diptych.data.dataset import Shape
from diptych.errors import BundleError, InputError
from diptych.images.preprocess import decode
from diptych.system.files import write_file

SMALL = Recipe(engine="linear", network="linear", train="all", image_size=32, epochs=10)


def evaluated(root: Path, recipe: Recipe = SMALL) -> Evaluation:
    data = read(root)
    parts = split(clean(data, audit(data, size=32)))
    return ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(parts.test)


@pytest.fixture
def bundle(folder_of: Callable[..., Path], tmp_path: Path) -> Path:
    return evaluated(folder_of(30)).save(tmp_path / "red.bundle")


def test_a_saved_classifier_answers_in_words(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "new.png")
    (answer,) = load(bundle).predict([tmp_path / "new.png"])
    assert answer.label == "red"
    assert answer.probabilities is not None
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert answer.probability == answer.probabilities["red"]
    assert str(answer).startswith(f"{tmp_path / 'new.png'}  red  ")


def test_a_bundle_says_what_it_is(bundle: Path) -> None:
    facts = json.loads((bundle / "bundle.json").read_text())
    assert facts["classes"] == ["blue", "red"]
    assert facts["data"]["train"] + facts["data"]["valid"] + facts["data"]["test"] == 60
    test = facts["test"]
    assert test["accuracy"]["low"] <= test["accuracy"]["value"] <= test["accuracy"]["high"]
    card = (bundle / "README.md").read_text()
    assert f"{100 * test['accuracy']['value']:.1f} %" in card
    rows = (bundle / "splits.csv").read_text().splitlines()
    assert len(rows) == 61
    assert len((bundle / "predictions.csv").read_text().splitlines()) == test["n"] + 1


def test_the_scores_are_those_of_the_predictions_in_the_bundle(
    folder_of: Callable[..., Path], bundle: Path
) -> None:
    lines = [row.split(",") for row in (bundle / "predictions.csv").read_text().splitlines()[1:]]
    root = folder_of(30)
    answers = load(bundle).predict(root / row[0] for row in lines)
    likeliest = [
        max(a.probabilities or {}, key=(a.probabilities or {}).__getitem__) for a in answers
    ]
    assert likeliest == [row[2] for row in lines]
    strange = [answer.label == "none of these" for answer in answers]
    assert strange == [float(row[3]) > 1 for row in lines]
    right = sum(row[1] == row[2] for row in lines)
    facts = json.loads((bundle / "bundle.json").read_text())
    assert facts["test"]["accuracy"]["value"] == pytest.approx(right / len(lines))


def test_the_same_data_and_seed_make_the_same_weights(folder_of: Callable[..., Path]) -> None:
    first, second = (evaluated(folder_of(30)).model.weights for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("member", ["model.onnx", "model.safetensors", "splits.csv", "README.md"])
def test_a_changed_byte_is_noticed(bundle: Path, member: str) -> None:
    data = bytearray((bundle / member).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / member).write_bytes(bytes(data))
    with pytest.raises(BundleError, match=f"{member}: changed since it was written"):
        load(bundle)


def changed(bundle: Path, **facts: object) -> None:
    """Change what bundle.json says, and its hash with it, as no accident does."""
    told = json.loads((bundle / "bundle.json").read_text())
    data = json.dumps({**told, **facts}).encode()
    (bundle / "bundle.json").write_bytes(data)
    seal = f"{hashlib.sha256(data).hexdigest()}  bundle.json\n"
    (bundle / "bundle.json.sha256").write_text(seal)


def test_swapped_classes_are_noticed(bundle: Path) -> None:
    changed(bundle, classes=["red", "blue"])
    with pytest.raises(BundleError, match="the classes were changed"):
        load(bundle)


def test_what_a_bundle_lacks_is_said_even_where_its_hash_fits(bundle: Path) -> None:
    told = json.loads((bundle / "bundle.json").read_text())
    del told["members"]["model.onnx"]
    changed(bundle, members=told["members"])
    with pytest.raises(BundleError, match=r"bundle\.json: has no model\.onnx; train again"):
        load(bundle)
    data = json.dumps({"format": 1}).encode()
    (bundle / "bundle.json").write_bytes(data)
    seal = f"{hashlib.sha256(data).hexdigest()}  bundle.json\n"
    (bundle / "bundle.json.sha256").write_text(seal)
    with pytest.raises(BundleError, match="has no members"):
        load(bundle)


def test_no_bit_of_a_bundle_changes_unnoticed(bundle: Path) -> None:
    files = [path for path in sorted(bundle.rglob("*")) if path.is_file()]
    rng = random.Random(0)
    for file in (*files, *[bundle / "bundle.json"] * 60):
        data = file.read_bytes()
        flipped = bytearray(data)
        flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        file.write_bytes(flipped)
        with pytest.raises(BundleError):
            load(bundle)
        file.write_bytes(data)
    load(bundle)


def test_the_hash_of_bundle_json_is_checked_by_sha256sum(bundle: Path) -> None:
    if not shutil.which("sha256sum"):
        pytest.skip("sha256sum is not installed")
    command = ["sha256sum", "--check", "bundle.json.sha256"]
    assert subprocess.run(command, cwd=bundle, capture_output=True).returncode == 0


def test_a_bundle_that_may_not_be_read_is_not_called_damaged(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", closed)
    with pytest.raises(BundleError, match="cannot be read \\(Permission denied\\)"):
        load(bundle)


def test_answers_other_than_the_golden_ones_are_noticed(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_black(data: bytes, shape: Shape) -> object:
        found = decode(data, shape)
        pixels = found.pixels.copy()
        pixels[::2] = 0
        return found._replace(pixels=pixels)

    monkeypatch.setattr("diptych.bundles.predictor.decode", half_black)
    with pytest.raises(BundleError, match="answers differently here"):
        load(bundle)


def test_what_is_no_bundle_is_refused_in_a_line(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such bundle"):
        load(tmp_path / "absent")
    with pytest.raises(BundleError, match=r"it has no bundle\.json"):
        load(tmp_path)
    shutil.copytree(bundle, tmp_path / "cut")
    (tmp_path / "cut" / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"incomplete, without model\.onnx"):
        load(tmp_path / "cut")
    changed(bundle, format=99)
    with pytest.raises(BundleError, match="format 99, this version reads up to 1"):
        load(bundle)
    for text in ("{", '{"format": 1e999}', "[" * 100_000):
        (bundle / "bundle.json").write_text(text)
        with pytest.raises(BundleError, match=r"bundle\.json is damaged"):
            load(bundle)


@pytest.mark.parametrize("member", ["bundle.json", "model.onnx"])
def test_a_pipe_in_a_bundle_is_not_waited_for(bundle: Path, member: str) -> None:
    (bundle / member).unlink()
    os.mkfifo(bundle / member)
    with pytest.raises(BundleError, match=r"cannot be read \(a pipe or device"):
        load(bundle)


def test_a_bundle_is_not_overwritten_unless_asked(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    tested = evaluated(folder_of(30))
    with pytest.raises(InputError, match="exists already"):
        tested.save(bundle)
    tested.save(bundle, force=True)
    load(bundle)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    with pytest.raises(InputError, match="is no bundle; --force replaces only a bundle"):
        tested.save(tmp_path / "mine", force=True)
    assert (tmp_path / "mine" / "diary.txt").exists()


def test_a_bundle_is_replaced_where_a_link_leads(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    link = tmp_path / "here" / "link.bundle"
    link.parent.mkdir()
    link.symlink_to(bundle)
    before = (bundle / "bundle.json").read_bytes()
    evaluated(folder_of(30)).save(link, force=True)
    assert link.is_symlink()
    assert list(link.parent.iterdir()) == [link]
    assert (bundle / "bundle.json").read_bytes() != before
    assert not [path for path in bundle.parent.iterdir() if path.name.startswith(".")]
    load(link)


def test_what_cannot_become_a_bundle_is_refused_first(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("absent")
    with pytest.raises(InputError, match="link is a link that leads nowhere; name another"):
        refuse_unwritable(tmp_path / "link", force=True)
    long = tmp_path / ("b" * 255)
    refuse_unwritable(long, force=False)
    write_file(long, b"")
    assert list(tmp_path.glob("b*")) == [long]


def test_a_failing_write_leaves_nothing_and_keeps_the_old_bundle(
    folder_of: Callable[..., Path], bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = evaluated(folder_of(30))
    before = sorted(bundle.parent.iterdir())

    def full(path: Path, data: bytes) -> None:
        if path.name == "splits.csv":
            raise OSError(28, "No space left on device")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    monkeypatch.setattr("diptych.bundles.format.write_synced", full)
    with pytest.raises(InputError, match="No space left on device"):
        tested.save(bundle, force=True)
    assert sorted(bundle.parent.iterdir()) == before
    load(bundle)


def test_a_bad_picture_does_not_stop_the_rest(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_text("no picture")
    names = [tmp_path / name for name in ("good.png", "bad.jpg", "absent.jpg", "good.png")]
    answers = load(bundle).predict(names)
    assert [answer.label for answer in answers] == ["red", None, None, "red"]
    assert answers[1].error is not None
    assert answers[1].error.startswith("not an image")
    assert answers[2].error == "unreadable: no such file or directory"


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


def test_pictures_that_cannot_be_used_stop_the_training_by_name(
    folder_of: Callable[..., Path],
) -> None:
    root = folder_of(10)
    (root / "red" / "bad.jpg").write_text("no picture")
    parts = split(read(root))
    with pytest.raises(InputError, match=r"bad\.jpg: not an image"):
        ImageClassifier(SMALL).fit(parts.train, parts.valid).evaluate(parts.test)


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
def test_a_name_that_is_no_text_is_kept_as_it_is(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root = folder_of(30)
    odd, strange = os.fsdecode(b"bad\xff.png"), os.fsdecode(b"r\xe9d")
    (root / "red" / "red000.png").rename(root / "red" / odd)
    (root / "red").rename(root / strange)
    data = read(root)
    found = audit(data, size=32)
    parts = split(clean(data, found))
    tested = ImageClassifier(SMALL).fit(parts.train, parts.valid).evaluate(parts.test)
    out = tested.save(tmp_path / "a.bundle", audit=found)
    assert b"r\xe9d/bad\xff.png" in (out / "splits.csv").read_bytes()
    (answer,) = load(out).predict([root / strange / odd])
    assert answer.label == strange
