"""What a data set gets where nobody asked for a recipe."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diptych.data.dataset import Dataset
from diptych.recipe import Recipe
from diptych.sources import read
from diptych.training import defaults
from diptych.training.defaults import default_recipe, has_mirrored_classes, longest_side


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defaults, "MANY", 6)
    monkeypatch.setattr(defaults, "FEW_FOR_A_HEAD", 0)


def pictures(root: Path, *sides: int, classes: tuple[str, ...] = ("cat", "dog")) -> Dataset:
    rng = np.random.default_rng(0)
    for label in classes:
        (root / label).mkdir(parents=True)
        for i, side in enumerate(sides):
            pixels = rng.integers(0, 256, (side, side - 3, 3), np.uint8)
            Image.fromarray(pixels).save(root / label / f"{i}.png")
    return read(root)


def test_many_small_pictures_are_learned_from_scratch_at_their_size(tmp_path: Path) -> None:
    recipe, note, _ = default_recipe(pictures(tmp_path, 30, 40, 20))
    assert recipe == Recipe.for_small_pictures(6, 40)
    assert (recipe.network, recipe.image_size, recipe.flip) == ("resnet", 40, 0.5)
    assert "6 small pictures, up to 40 × 40: the network resnet" in note
    assert "--network efficientnet_lite0" in note and "--set flip=0" in note


def test_a_head_learns_from_many_pictures_in_larger_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defaults, "MANY_FOR_A_HEAD", 6)
    many = pictures(tmp_path, 80, 90, 100)
    recipe, note, _ = default_recipe(many)
    assert recipe == Recipe(batch_size=256)
    assert note.startswith("6 pictures: the head learns in batches of 256 (--set batch_size=32")
    assert default_recipe(many, Recipe(train="all")) == (Recipe(), "", True)


def test_a_head_learns_few_pictures_at_a_higher_rate_and_more_than_a_head_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defaults, "FEW_FOR_A_HEAD", 7)
    few = pictures(tmp_path, 80, 90, 100)
    assert default_recipe(few) == (Recipe(learning_rate=0.003), "", True)
    for asked in (Recipe(train="last"), Recipe(network="resnet18")):
        assert default_recipe(few, asked, asked.network) == (Recipe(), "", True)


def test_photographs_and_few_pictures_keep_the_pretrained_backbone(tmp_path: Path) -> None:
    assert default_recipe(pictures(tmp_path / "few", 30, 40)) == (Recipe(), "", True)
    assert default_recipe(pictures(tmp_path / "large", 30, 40, 65)) == (Recipe(), "", True)


def test_numbers_keep_theirs(tmp_path: Path) -> None:
    numbers = replace(pictures(tmp_path, 8, 8, 8), shape=(8, 8, 1))
    assert default_recipe(numbers).recipe == Recipe.for_pixels(6)


def test_a_network_that_is_named_says_how_small_pictures_are_taken(tmp_path: Path) -> None:
    few = pictures(tmp_path, 30)
    recipe, note, _ = default_recipe(few, network="resnet")
    assert (recipe.image_size, recipe.optimiser) == (30, "muon")
    assert note.startswith("small pictures, up to 30 × 30: flipped at random")
    many = pictures(tmp_path / "many", 30, 40, 20)
    for network in ("efficientnet_lite0", "timm/resnet50", "linear"):
        assert default_recipe(many, network=network) == (Recipe(), "", True)


def test_what_needs_a_pretrained_backbone_gets_one(tmp_path: Path) -> None:
    many = pictures(tmp_path, 30, 40, 20)
    assert default_recipe(many, Recipe(train="head")).recipe == Recipe()
    assert default_recipe(many, Recipe(weights="a.safetensors")).recipe == Recipe()
    assert default_recipe(many, Recipe(weights="none")).recipe.network == "resnet"


@pytest.mark.parametrize(
    ("classes", "mirrored"),
    [
        (("0", "7", "10"), True),
        (("b", "d"), True),
        (("turn left", "turn right"), True),
        (("LEFT_hand", "other"), True),
        (("cat", "dog"), False),
        (("bright", "lefty", "aleft"), False),
    ],
)
def test_what_a_mirror_would_change_is_not_flipped(
    classes: tuple[str, ...], mirrored: bool, tmp_path: Path
) -> None:
    assert has_mirrored_classes(classes) == mirrored
    recipe, note, _ = default_recipe(pictures(tmp_path, 20, 20, 20, classes=classes))
    assert recipe.flip == (0.0 if mirrored else 0.5)
    assert ("--set flip=0.5 does" in note) == mirrored


def test_files_that_cannot_be_opened_have_no_side(tmp_path: Path) -> None:
    data = pictures(tmp_path, 20, 30)
    for sample in data.samples:
        assert isinstance(sample.path, Path)
        sample.path.write_text("no picture")
    assert longest_side(data) == 0
    assert default_recipe(data, network="resnet").recipe == Recipe()
