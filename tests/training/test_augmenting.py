import pytest

from diptych import Recipe
from diptych.images.augmentation import AugmentationPolicy
from diptych.training.augmenting import (
    augmentation_policy,
    default_augmentation,
    describe,
    warn_of_views,
)


def test_pictures_are_mirrored_and_moved_where_all_layers_learn() -> None:
    assert default_augmentation("cnn", ["cat", "dog"], head_only=False)["flip"] == 0.5
    assert default_augmentation("cnn", ["cat", "dog"], head_only=False)["shift"] > 0
    digits = default_augmentation("cnn", ["6", "9"], head_only=False)
    assert "flip" not in digits
    assert digits["shift"] > 0


def test_what_sees_no_shapes_gets_pictures_as_they_are() -> None:
    assert not default_augmentation("efficientnet_lite0", ["cat", "dog"], head_only=True)
    assert not default_augmentation("linear", ["cat", "dog"], head_only=False)


def test_a_policy_is_what_a_recipe_says() -> None:
    assert augmentation_policy(Recipe()) is None
    policy = augmentation_policy(Recipe(flip=0.5, trivial=1.0))
    assert policy == AugmentationPolicy(flip=0.5, trivial=1.0)
    assert describe(policy) == "flip 0.5, trivial 1"
    assert describe(None) == "none"


def test_mirror_images_of_letters_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_views("one", ["b", "d"])
    warn_of_views("flips", ["cat", "dog"])
    assert not caplog.records
    warn_of_views("flips", ["b", "d"])
    assert "where a mirror image is another class, leave it out" in caplog.text
