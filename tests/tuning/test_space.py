"""What may be searched, and how it is said."""

from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.recipe import Recipe
from diptych.tuning.space import Dimension, default_space, read_space, space_of

HEAD = Recipe()
PIXELS = Recipe(network="cnn", train="all", weights="none", flip=0.5, dropout=0.1)


def test_a_good_space_holds_the_recipe_that_it_is_around() -> None:
    for recipe in (HEAD, PIXELS, HEAD.replace(train="all"), HEAD.replace(train="last")):
        space = default_space(recipe)
        assert all(d.holds(getattr(recipe, d.key)) for d in space.dimensions)
        # What it searches can be said in TOML, and none of it is without a say.
        assert space_of(space.to_json(), recipe) == space


def test_augmentation_is_searched_where_pixels_are_trained_on_and_only_what_is_used() -> None:
    assert "flip" in default_space(PIXELS).keys
    assert "mixup" not in default_space(PIXELS).keys
    assert "backbone_rate" in default_space(HEAD.replace(train="all")).keys
    assert not {"flip", "dropout", "backbone_rate"} & {*default_space(HEAD).keys}


def test_a_file_says_ranges_and_lists(tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(
        "learning_rate = { low = 1e-4, high = 0.1, log = true }\n"
        "batch_size = [16, 64, 16]\nepochs = { low = 5, high = 40 }\n"
    )
    rate, batch, epochs = read_space(tmp_path / "space.toml", HEAD).dimensions
    assert rate == Dimension("learning_rate", 1e-4, 0.1, log=True)
    assert batch.choices == (16, 64)
    assert epochs.whole and (epochs.low, epochs.high) == (5, 40)


def test_numbers_are_chosen_in_few_digits_within_their_range() -> None:
    rate = Dimension("learning_rate", 0.00123456, 0.1)
    assert rate.rounded(0.0123456) == 0.0123
    assert rate.rounded(0.00123457) == 0.00123456
    assert Dimension("epochs", 1, 90).rounded(81) == 81


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "nothing to search; name a choice of a recipe"),
        ("learning_rat = [1]", "recipe has no 'learning_rat'; did you mean 'learning_rate'?"),
        ("seed = [1, 2]", "seed is not searched; it is the same in all trials"),
        ("balance = ['weights']", "balance is not searched"),
        ("epochs = []", "epochs has no value; write { low"),
        ("epochs = 5", "epochs is 5; write { low"),
        ("network = { low = 1, high = 2 }", "network is a dict; write a list of values"),
        ("train = ['haed']", "train has no 'haed'; did you mean 'head'?"),
        ("epochs = { low = 5 }", "epochs has no high"),
        ("epochs = { low = 5, hihg = 9 }", "epochs has 'hihg'; did you mean 'high'?"),
        ("epochs = { low = 9, high = 5 }", "low must be less than high, not 9 and 5"),
        ("epochs = { low = 1.5, high = 5 }", "epochs must be a whole number"),
        ("weight_decay = { low = 0, high = 1, log = true }", "a logarithm does not reach 0"),
        ("weight_decay = { low = 0, high = 1, log = 3 }", "log is true or false, not 3"),
        ("learning_rate = [99.0]", "learning_rate must lie between"),
        ("dropout = [0.1]", "dropout changes nothing where the head alone is trained"),
        ("flip = [0.1]", "flip changes nothing"),
        ("epochs = [", "not TOML"),
    ],
)
def test_what_cannot_be_searched_is_said_in_a_line(text: str, line: str, tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        read_space(file, HEAD)
    assert str(error.value).startswith(str(file))
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_where_the_way_to_train_is_searched_every_choice_may_count() -> None:
    space = space_of({"train": ["head", "last"], "dropout": [0.1, 0.2]}, HEAD)
    assert space.keys == ("train", "dropout")
    with pytest.raises(InputError, match="map_views changes nothing where cnn is trained"):
        space_of({"map_views": [2, 4]}, PIXELS)


def test_a_network_that_the_engine_cannot_train_is_said_before_any_trial() -> None:
    linear = Recipe(engine="linear", network="linear", train="all")
    with pytest.raises(InputError, match="the engine linear cannot train resnet"):
        space_of({"network": ["linear", "resnet"]}, linear)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_space(tmp_path / "absent.toml", HEAD)


def test_dropout_is_not_searched_with_an_engine_that_has_none() -> None:
    linear = Recipe(engine="linear", network="linear", train="all")
    assert "dropout" not in default_space(linear).keys
    with pytest.raises(InputError, match="dropout changes nothing"):
        space_of({"dropout": [0.1]}, linear)
