"""What each engine makes of the same augmentation."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
import torch

from conftest import picture
from diptych import engines
from diptych.engines.tensorflow import augmentation as in_tensorflow
from diptych.engines.torch import augmentation as in_torch
from diptych.images import augment_numpy as in_numpy
from diptych.images.augmentation import (
    Augmentation,
    AugmentationPolicy,
    mix_targets,
    random_numbers,
    sample_augmentation,
)

Through = Callable[[npt.NDArray[np.uint8], Augmentation], npt.NDArray[np.float32]]

COUNT, HEIGHT, WIDTH = 24, 40, 56
KINDS = {
    "nothing": AugmentationPolicy(),
    "flip": AugmentationPolicy(flip=0.5),
    "rotate": AugmentationPolicy(rotate=30),
    "zoom": AugmentationPolicy(zoom=0.5),
    "shift": AugmentationPolicy(shift=0.3),
    "shear": AugmentationPolicy(shear=20),
    "brightness": AugmentationPolicy(brightness=0.4),
    "contrast": AugmentationPolicy(contrast=0.5),
    "saturation": AugmentationPolicy(saturation=1.0),
    "hue": AugmentationPolicy(hue=180),
    "erase": AugmentationPolicy(erase=0.7),
    "mixup": AugmentationPolicy(mixup=1.0),
    "cutmix": AugmentationPolicy(cutmix=1.0),
    "trivial": AugmentationPolicy(trivial=1.0),
    "all": AugmentationPolicy(0.5, 20, 0.2, 0.1, 10, 0.2, 0.3, 0.5, 20, 0.5, 0.4, 1.0),
}


def pictures(channels: int = 3) -> npt.NDArray[np.uint8]:
    return np.stack([np.asarray(picture(i, 64))[:HEIGHT, :WIDTH, :channels] for i in range(COUNT)])


def augmentation_of(policy: AugmentationPolicy, channels: int = 3) -> Augmentation:
    return sample_augmentation(policy, (HEIGHT, WIDTH, channels), random_numbers(3, 1, COUNT))


def through_torch(
    images: npt.NDArray[np.uint8], augmentation: Augmentation
) -> npt.NDArray[np.float32]:
    return np.asarray(in_torch.augment(torch.from_numpy(images), augmentation))


def through_tensorflow(
    images: npt.NDArray[np.uint8], augmentation: Augmentation
) -> npt.NDArray[np.float32]:
    return np.asarray(in_tensorflow.augment(tf.constant(images), augmentation).numpy())


def through_numpy(
    images: npt.NDArray[np.uint8], augmentation: Augmentation
) -> npt.NDArray[np.float32]:
    return in_numpy.augment(images, augmentation)


EACH = pytest.mark.parametrize("engine", [through_torch, through_tensorflow, through_numpy])


@pytest.mark.parametrize(
    ("first", "second"), [(through_torch, through_tensorflow), (through_torch, through_numpy)]
)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_engines_make_the_same_of_an_augmentation(
    kind: str, channels: int, first: Through, second: Through
) -> None:
    images, augmentation = pictures(channels), augmentation_of(KINDS[kind], channels)
    one, other = first(images, augmentation), second(images, augmentation)
    apart = np.abs(one - other)
    assert one.shape == images.shape
    assert apart.mean() < 1
    assert apart[:, 2:-2, 2:-2].max() < 3
    colourless = channels == 1 and kind in ("saturation", "hue")
    assert (np.abs(one - images).mean() > 1) == (kind != "nothing" and not colourless)


@EACH
def test_a_flip_mirrors_left_and_right(engine: object) -> None:
    images = pictures()
    augmented = engine(images, augmentation_of(AugmentationPolicy(flip=1.0)))  # type: ignore[operator]
    np.testing.assert_allclose(augmented, images[:, :, ::-1], atol=0.01)


@EACH
def test_a_shift_of_whole_pixels_moves_them_and_repeats_the_edge(engine: object) -> None:
    images, still = pictures(), augmentation_of(AugmentationPolicy())
    moved = still.affine_N23.copy()
    moved[:, 0, 2], moved[:, 1, 2] = 3, -2
    augmented = engine(images, still._replace(affine_N23=moved))  # type: ignore[operator]
    np.testing.assert_allclose(augmented[:, 2:, :-3], images[:, :-2, 3:], atol=0.01)
    np.testing.assert_allclose(augmented[:, 0, :-3], images[:, 0, 3:], atol=0.01)


def test_pictures_that_are_only_shifted_and_mirrored_are_moved_by_whole_pixels() -> None:
    affine_N23 = augmentation_of(AugmentationPolicy(flip=0.5, shift=0.3)).affine_N23
    assert (affine_N23 == np.rint(affine_N23)).all()
    assert len(np.unique(affine_N23[:, 0, 2])) > 5
    turned_N23 = augmentation_of(AugmentationPolicy(rotate=5, shift=0.3)).affine_N23
    assert (turned_N23[:, :, 2] != np.rint(turned_N23[:, :, 2])).all()


@EACH
def test_an_erased_box_is_grey_and_the_rest_stays(engine: object) -> None:
    images, augmentation = pictures(), augmentation_of(AugmentationPolicy(erase=1.0))
    augmented = engine(images, augmentation)  # type: ignore[operator]
    for before, after, (top, left, bottom, right) in zip(
        images, augmented, augmentation.erased_N4, strict=True
    ):
        assert (after[top:bottom, left:right] == 127.5).all()
        rest = np.ones((HEIGHT, WIDTH), bool)
        rest[top:bottom, left:right] = False
        np.testing.assert_allclose(after[rest], before[rest], atol=0.01)


@EACH
def test_pictures_are_mixed_in_the_shares_of_their_targets(engine: object) -> None:
    # White and black by turns: how white a mixture is tells the share of the white one.
    images = np.zeros((COUNT, HEIGHT, WIDTH, 3), np.uint8)
    images[::2] = 255
    targets = np.eye(2, dtype=np.float32)[np.arange(COUNT) % 2]
    for policy in (
        AugmentationPolicy(mixup=1.0),
        AugmentationPolicy(cutmix=1.0),
        AugmentationPolicy(mixup=0.4, cutmix=1.0),
    ):
        augmentation = augmentation_of(policy)
        augmented = engine(images, augmentation)  # type: ignore[operator]
        mixed = mix_targets(targets, augmentation, (HEIGHT, WIDTH, 3))
        np.testing.assert_allclose(augmented.mean((1, 2, 3)) / 255, mixed[:, 0], atol=1e-3)
        assert 0.2 < mixed[::2, 0].mean() < 0.9
        np.testing.assert_allclose(mixed.sum(1), 1, rtol=1e-5)


def test_a_pictures_augmentation_depends_on_its_own_numbers_alone() -> None:
    random_NR = random_numbers(3, 1, COUNT)
    whole = sample_augmentation(KINDS["all"], (HEIGHT, WIDTH, 3), random_NR)
    some = sample_augmentation(KINDS["all"], (HEIGHT, WIDTH, 3), random_NR[5:9])
    for name in ("affine_N23", "colour_NCD", "erased_N4", "share_N", "patch_N4"):
        np.testing.assert_array_equal(getattr(whole, name)[5:9], getattr(some, name))
    assert (random_numbers(3, 2, COUNT) != random_NR).any()
    np.testing.assert_array_equal(random_numbers(3, 1, COUNT), random_NR)


def test_pictures_that_are_kept_are_augmented_as_those_in_training() -> None:
    images, augmentation = pictures(), augmentation_of(KINDS["all"])
    expected = through_numpy(images, augmentation)
    for engine in ("torch", "tensorflow", "linear"):
        kept = engines.augmented(engine, images, augmentation)
        assert kept.dtype == np.uint8
        assert np.abs(kept - expected).mean() < 0.3  # rounded to whole levels
