from pathlib import Path

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
