from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diptych.errors import InputError
from diptych.recipe import Recipe


def test_a_recipe_survives_toml(tmp_path: Path) -> None:
    recipe = Recipe(network="timm/resnet18", learning_rate=3e-5, epochs=7, weights='C:\\a "b"')
    (tmp_path / "recipe.toml").write_text(recipe.to_toml())
    assert Recipe().with_toml(tmp_path / "recipe.toml") == recipe


def test_a_wrong_key_names_the_nearest() -> None:
    with pytest.raises(InputError, match="recipe has no 'epoch'; did you mean 'epochs'"):
        Recipe().with_settings(["epoch=3"])


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("epochs=three", "epochs must be a whole number, not 'three'"),
        ("epochs=0", "epochs must lie between 1 and 10000, not 0"),
        ("optimiser=adam", "optimiser has no 'adam'; did you mean 'adamw'?"),
        ("epochs", "write it as key=value"),
        ("learning_rate=nan", "learning_rate must lie between"),
    ],
)
def test_a_wrong_value_says_what_is_right(setting: str, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        Recipe().with_settings([setting])
    assert complaint in str(caught.value)


def test_settings_have_the_kinds_of_their_keys() -> None:
    recipe = Recipe().with_settings(["epochs=3", "dropout=0", "network=cnn"])
    assert (recipe.epochs, recipe.dropout, recipe.network) == (3, 0.0, "cnn")


def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        Recipe().with_toml(tmp_path / "absent.toml")
    (tmp_path / "a.toml").write_text("epochs = [")
    with pytest.raises(InputError, match="not TOML"):
        Recipe().with_toml(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_text('epochs = "many"')
    with pytest.raises(InputError, match="epochs must be a whole number"):
        Recipe().with_toml(tmp_path / "b.toml")


def test_numbers_of_numpy_are_numbers() -> None:
    choices: dict[str, Any] = {
        "epochs": np.int64(5),
        "learning_rate": np.float32(0.5),
        "dropout": np.uint8(0),
        "network": np.str_("cnn"),
        "weights": Path("a.safetensors"),
        "mixup": Fraction(1, 4),
        "seed": np.arange(3)[2],
    }
    recipe = Recipe(**choices)
    plain = Recipe(
        epochs=5, learning_rate=0.5, dropout=0.0, network="cnn", weights="a.safetensors",
        mixup=0.25, seed=2,
    )  # fmt: skip
    assert recipe == plain
    assert recipe.to_toml() == plain.to_toml()
    assert {type(value) for value in vars(recipe).values()} == {int, float, str}
    assert Recipe().replace(epochs=np.int32(3)).epochs == 3


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("epochs", 2.5, "epochs must be a whole number, not 2.5"),
        ("epochs", np.float64(3), "epochs must be a whole number"),
        ("epochs", True, "epochs must be a whole number, not True"),
        ("epochs", np.True_, "epochs must be a whole number"),
        ("epochs", None, "epochs must be a whole number, not None"),
        ("epochs", [5], "epochs must be a whole number, not a list"),
        ("epochs", np.arange(3), r"epochs must be a whole number, not an array of int64 \(3,\)"),
        ("epochs", 10**400, "epochs must lie between 1 and 10000, not 10000"),
        ("learning_rate", 10**400, "learning_rate must lie between"),
        ("learning_rate", "0.1", "learning_rate must be a number, not '0.1'"),
        ("learning_rate", np.nan, "learning_rate must lie between"),
        ("learning_rate", float("inf"), "learning_rate must lie between"),
        ("learning_rate", np.False_, "learning_rate must be a number"),
        ("network", None, "network must be a text, not None"),
        ("network", Path("x"), "network must be a text"),
        ("engine", "a\nb", r"engine has no 'a\\nb'"),
        ("train", False, "train must be a text, not False"),
    ],
)
def test_a_value_of_another_kind_is_one_line(key: str, value: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        Recipe(**{key: value})
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


def test_a_file_of_a_newer_version_names_itself(tmp_path: Path) -> None:
    (tmp_path / "new.toml").write_text("epochs = 3\nwarp = 2\n")
    with pytest.raises(InputError, match=r"new\.toml: recipe has no 'warp'.*a newer Diptych may"):
        Recipe().with_toml(tmp_path / "new.toml")
