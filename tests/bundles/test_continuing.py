"""A training that goes on from an earlier bundle."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from classifiers import SMALL, evaluated
from command import LINEAR, complaint, diptych, keys_without_a_word
from conftest import GREEN, picture
from diptych import ImageClassifier, Recipe, audit, clean, load, read, split
from diptych.auditing.copies.known_pictures import known_parts
from diptych.bundles.continuing import earlier_bundle, recipe_to_go_on
from diptych.bundles.format import open_bundle
from diptych.data.dataset import Dataset
from diptych.errors import BundleError
from diptych.images import cache
from diptych.networks import choosing
from diptych.networks.initialisation import initial


def went_on(root: Path, bundle: Path, out: Path, *more: str) -> str:
    """Train on from a bundle; what was said beside the answer."""
    run = diptych("train", root, "--weights", bundle, "--out", out, *more)
    assert run.returncode == 0, run.stderr
    return run.stderr


def parts_of(bundle: Path) -> dict[str, str]:
    with (bundle / "splits.csv").open(newline="") as file:
        return {row["path"]: row["part"] for row in csv.DictReader(file)}


def continues(bundle: Path) -> Any:
    return json.loads((bundle / "bundle.json").read_text())["continues"]


def cleaned(root: Path) -> Dataset:
    data = read(root)
    return clean(data, audit(data, size=32))


def digests(bundle: Path) -> set[str]:
    """Of the pictures that it was made with."""
    return {sample.digest for sample in open_bundle(bundle).made_with()}


def first_loss(bundle: Path) -> float:
    with (bundle / "history.csv").open(newline="") as file:
        return float(next(csv.DictReader(file))["valid_loss"])


def test_the_same_pictures_go_on_from_the_weights_with_the_same_test(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    root, out = folder_of(30), tmp_path / "more.bundle"
    said = went_on(root, bundle, out, "--epochs", "3", "--seed", "7")
    assert f"goes on from {bundle} (linear); 60 pictures stay in the part of before" in said
    # Another seed would be another split.
    assert parts_of(out) == parts_of(bundle)
    assert first_loss(out) < 0.5 * first_loss(bundle)
    assert continues(bundle) is None
    facts = continues(out)
    assert (facts["bundle"], facts["kept_classes"], facts["new_classes"]) == ("red.bundle", 2, 0)
    assert facts["test_pictures_known"] == 0
    assert not keys_without_a_word("bundle.json", facts)
    card = (out / "README.md").read_text()
    assert "went on from the weights of red.bundle" in card
    assert "No test picture is one that it was made with" in card


def test_new_pictures_join_every_part_and_old_ones_stay(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    root, out = folder_of(50), tmp_path / "more.bundle"
    went_on(root, bundle, out, "--epochs", "2")
    before, after = parts_of(bundle), parts_of(out)
    assert before.items() <= after.items()
    new = [after[name] for name in after.keys() - before.keys()]
    assert len(new) == 40
    assert set(new) == {"train", "valid", "test"}


def test_a_class_that_is_known_keeps_its_row_and_a_new_one_gets_a_new_row(bundle: Path) -> None:
    recipe = recipe_to_go_on(open_bundle(bundle))
    start = choosing.start(recipe, (32, 32, 3), ("red", "green", "blue"))
    old, fresh = load_file(bundle / "model.safetensors"), initial(start.network, recipe.seed)
    for name in ("classifier.weight", "classifier.bias"):
        blue, red = old[name]
        np.testing.assert_array_equal(start.weights[name], [red, fresh[name][1], blue])


def test_a_class_that_is_new_is_said(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    root = folder_of(30)
    (root / "green").mkdir()
    for i in range(30):
        picture(1000 + i, hue=GREEN).save(root / "green" / f"{i}.png")
    out = tmp_path / "more.bundle"
    said = went_on(root, bundle, out, "--epochs", "2")
    assert "its last layer knows 2 of the 3 classes" in said
    assert "which did not know 1 of the classes" in (out / "README.md").read_text()


def test_a_test_picture_that_it_was_trained_on_is_refused_by_name(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    root, more = folder_of(30), tmp_path / "more"
    trained = sorted(name for name, part in parts_of(bundle).items() if part == "train")[0]
    for label in ("blue", "red"):
        (more / label).mkdir(parents=True)
        for i in range(3):
            picture(3000 + i + 10 * (label == "red")).save(more / label / f"{i}.png")
    # Not the same bytes: a copy of another size.
    Image.open(root / trained).resize((80, 80)).save(more / trained.split("/")[0] / "copy.png")
    said = complaint(
        "train", folder_of(30, name="other", start=200), "--test", more, "--weights", bundle,
        "--out", tmp_path / "b.bundle",
    )  # fmt: skip
    assert "copy.png: among the pictures that" in said
    assert "leave them out, or start without its weights" in said


def test_what_an_ancestor_was_made_with_is_remembered(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    second, other = tmp_path / "second.bundle", folder_of(30, name="other", start=300)
    went_on(other, bundle, second, "--epochs", "2")
    grandparents = digests(bundle)
    assert grandparents < digests(second)
    assert len(open_bundle(second).splits().train) < 60
    earlier = earlier_bundle(Recipe(weights=str(second)))
    assert earlier is not None
    known = known_parts(earlier.known, cleaned(folder_of(30)), 32)
    assert len([part for part in known.values() if part == "train"]) >= len(grandparents)
    # Those that are left to score are the ones that neither was made with.
    scored = load(second).evaluate(read(folder_of(30))).dataset.samples
    assert not {sample.digest for sample in scored} & grandparents


def test_a_leak_that_python_makes_is_said_in_the_bundle(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    parts = split(cleaned(folder_of(30)), seed=5)
    recipe = SMALL.replace(weights=str(bundle), epochs=2)
    model = ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(parts.test)
    out = model.save(tmp_path / "leak.bundle")
    seen = sum(s.digest in digests(bundle) for s in parts.test.samples)
    assert continues(out)["test_pictures_known"] == seen > 0
    assert f"**{seen} of the test pictures are among those" in (out / "README.md").read_text()


def test_what_was_not_looked_for_is_said(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    root, out, count = folder_of(30), tmp_path / "more.bundle", len(digests(bundle))
    other = folder_of(30, name="other", start=300)
    cache.clear()
    said = went_on(other, bundle, out, "--epochs", "2")
    caveat = f"of {count} of the pictures that it was made with only copies to the byte were"
    assert caveat in said
    assert continues(out)["pictures_not_compared"] == count
    card = (out / "README.md").read_text()
    assert caveat in card
    assert "No test picture is one that it was made with" not in card
    # Those that are in the data themselves are compared with it.
    cache.clear()
    assert caveat.split(" only")[1] not in went_on(root, bundle, out, "--epochs", "2", "--force")
    assert continues(out)["pictures_not_compared"] == 0


def test_a_near_duplicate_among_the_test_pictures_is_said(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    root, test = folder_of(30), folder_of(10, name="test", start=500)
    trained = sorted(name for name, part in parts_of(bundle).items() if part == "train")[0]
    copy = test / trained.split("/")[0] / "copy.png"
    Image.open(root / trained).resize((80, 80)).save(copy)
    parts = split(cleaned(folder_of(30, name="other", start=300)))
    recipe = SMALL.replace(weights=str(bundle), epochs=2)
    model = ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(test)
    out = model.save(tmp_path / "near.bundle")
    facts = continues(out)
    assert (facts["test_pictures_known"], facts["pictures_not_compared"]) == (1, 0)
    assert "**1 of the test pictures are among those" in (out / "README.md").read_text()


def test_pictures_and_labels_are_split_as_the_bundle_knows_them(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    root, before = folder_of(50), parts_of(bundle)
    test = folder_of(10, name="test", start=500)
    recipe = SMALL.replace(weights=str(bundle), epochs=2, seed=5)

    def after(names: list[str], out: str) -> dict[str, str]:
        labels = [name.split("/")[0] for name in names]
        model = ImageClassifier(recipe).fit([root / name for name in names], labels)
        parts = open_bundle(model.evaluate(test).save(tmp_path / out)).splits()
        part_of = {s.digest: s.part for part in parts[:2] for s in part.samples}
        old = open_bundle(bundle).every_picture()
        return {s.name: part_of[s.digest] for s in old if s.digest in part_of}

    every = after([f"{label}/{path.name}" for label in ("blue", "red")
                   for path in sorted((root / label).iterdir())], "all.bundle")  # fmt: skip
    assert every.keys() == before.keys()
    made_with = {name: part for name, part in before.items() if part != "test"}
    assert made_with.items() <= every.items()
    # Where the test pictures were kept back, none is missed.
    assert after(sorted(made_with), "same.bundle") == made_with


def test_what_becomes_of_the_bundle_meanwhile_changes_nothing(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = split(cleaned(folder_of(30, name="other", start=300)))
    monkeypatch.chdir(bundle.parent)
    recipe = SMALL.replace(weights=bundle.name, epochs=2)
    model = ImageClassifier(recipe).fit(parts.train, parts.valid)
    known = digests(bundle)
    shutil.rmtree(bundle)
    monkeypatch.chdir("/")
    out = model.evaluate(parts.test).save(tmp_path / "more.bundle")
    assert continues(out)["bundle"] == bundle.name
    rows = open_bundle(out).every_picture()
    assert {sample.digest for sample in rows if sample.part == "earlier"} == known


def test_a_damaged_bundle_is_refused_before_the_training(
    folder_of: Callable[..., Path], bundle: Path
) -> None:
    parts = split(cleaned(folder_of(30)))
    (bundle / "splits.csv").write_bytes(b"")
    model = ImageClassifier(SMALL.replace(weights=str(bundle), epochs=2))
    with pytest.raises(BundleError, match="changed since it was written"):
        model.fit(parts.train, parts.valid)


def test_a_bundle_of_another_network_or_size_is_one_line(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    def said(*more: str) -> str:
        root, out = folder_of(10), tmp_path / "b.bundle"
        return complaint("train", root, "--out", out, "--weights", bundle, *more)

    assert "it is of another network" in said("--engine", "torch", "--network", "cnn")
    assert "no place" not in said("--engine", "torch", "--network", "cnn")
    (bundle / "model.safetensors").write_bytes(b"")
    assert "changed since it was written; copy it anew" in said(*LINEAR)


@pytest.mark.parametrize(
    ("changes", "trained"),
    [
        ({}, "head"),
        ({"weights": "none"}, "all"),
        ({"network": "cnn"}, "all"),
        ({"network": "timm/resnet18"}, "head"),
        ({"train": "all"}, "all"),
        ({"train": "head"}, "head"),
        ({"weights": "a.safetensors"}, "head"),
    ],
)
def test_what_was_trained_goes_on_to_be_trained(changes: dict[str, str], trained: str) -> None:
    class Made:
        path = Path("a.bundle")

        def recipe(self) -> Recipe:
            return Recipe(**changes)  # type: ignore[arg-type]

    recipe = recipe_to_go_on(Made())  # type: ignore[arg-type]
    assert (recipe.train, recipe.weights) == (trained, "a.bundle")


def test_a_bundle_of_one_engine_goes_on_in_another(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = Recipe(network="cnn", image_size=32, epochs=2, learning_rate=0.01)
    first = evaluated(folder_of(20), recipe).save(tmp_path / "torch.bundle")
    went_on(folder_of(20), first, tmp_path / "tf.bundle", "--engine", "tensorflow")
    assert first_loss(tmp_path / "tf.bundle") < first_loss(first)
