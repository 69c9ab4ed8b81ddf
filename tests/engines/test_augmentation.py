"""What each engine makes of the same draw."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
import torch

from conftest import picture
from diptych.engines.tensorflow import augmentation as in_tensorflow
from diptych.engines.torch import augmentation as in_torch
from diptych.images.augmentation import Augment, Draw, draw, mixed_targets, numbers
from diptych.images.augmentation import drawn as in_numpy

Through = Callable[[npt.NDArray[np.uint8], Draw], npt.NDArray[np.float32]]

COUNT, HEIGHT, WIDTH = 24, 40, 56
KINDS = {
    "nothing": Augment(),
    "flip": Augment(flip=0.5),
    "rotate": Augment(rotate=30),
    "zoom": Augment(zoom=0.5),
    "shift": Augment(shift=0.3),
    "shear": Augment(shear=20),
    "brightness": Augment(brightness=0.4),
    "contrast": Augment(contrast=0.5),
    "saturation": Augment(saturation=1.0),
    "hue": Augment(hue=180),
    "erase": Augment(erase=0.7),
    "mixup": Augment(mixup=1.0),
    "cutmix": Augment(cutmix=1.0),
    "all": Augment(0.5, 20, 0.2, 0.1, 10, 0.2, 0.3, 0.5, 20, 0.5, 0.4, 1.0),
}


def pictures(channels: int = 3) -> npt.NDArray[np.uint8]:
    drawn = [np.asarray(picture(i, 64))[:HEIGHT, :WIDTH, :channels] for i in range(COUNT)]
    return np.stack(drawn)


def drawn_for(augment: Augment, channels: int = 3) -> Draw:
    return draw(augment, (HEIGHT, WIDTH, channels), numbers(3, 1, COUNT))


def through_torch(images: npt.NDArray[np.uint8], drawn: Draw) -> npt.NDArray[np.float32]:
    return np.asarray(in_torch.drawn(torch.from_numpy(images), drawn))


def through_tensorflow(images: npt.NDArray[np.uint8], drawn: Draw) -> npt.NDArray[np.float32]:
    return np.asarray(in_tensorflow.drawn(tf.constant(images), drawn).numpy())


def through_numpy(images: npt.NDArray[np.uint8], drawn: Draw) -> npt.NDArray[np.float32]:
    return in_numpy(images, drawn)


EACH = pytest.mark.parametrize("engine", [through_torch, through_tensorflow, through_numpy])


@pytest.mark.parametrize(
    ("first", "second"), [(through_torch, through_tensorflow), (through_torch, through_numpy)]
)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_engines_make_the_same_of_a_draw(
    kind: str, channels: int, first: Through, second: Through
) -> None:
    images, drawn = pictures(channels), drawn_for(KINDS[kind], channels)
    one, other = first(images, drawn), second(images, drawn)
    apart = np.abs(one - other)
    assert one.shape == images.shape
    assert apart.mean() < 1
    assert apart[:, 2:-2, 2:-2].max() < 3
    colourless = channels == 1 and kind in ("saturation", "hue")
    assert (np.abs(one - images).mean() > 1) == (kind != "nothing" and not colourless)


@EACH
def test_a_flip_mirrors_left_and_right(engine: object) -> None:
    images = pictures()
    found = engine(images, drawn_for(Augment(flip=1.0)))  # type: ignore[operator]
    np.testing.assert_allclose(found, images[:, :, ::-1], atol=0.01)


@EACH
def test_a_shift_of_whole_pixels_moves_them_and_repeats_the_edge(engine: object) -> None:
    images, still = pictures(), drawn_for(Augment())
    moved = still.affine_N23.copy()
    moved[:, 0, 2], moved[:, 1, 2] = 3, -2
    found = engine(images, still._replace(affine_N23=moved))  # type: ignore[operator]
    np.testing.assert_allclose(found[:, 2:, :-3], images[:, :-2, 3:], atol=0.01)
    np.testing.assert_allclose(found[:, 0, :-3], images[:, 0, 3:], atol=0.01)


@EACH
def test_an_erased_box_is_grey_and_the_rest_stays(engine: object) -> None:
    images, drawn = pictures(), drawn_for(Augment(erase=1.0))
    found = engine(images, drawn)  # type: ignore[operator]
    for before, after, (top, left, bottom, right) in zip(
        images, found, drawn.erased_N4, strict=True
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
    for augment in (Augment(mixup=1.0), Augment(cutmix=1.0), Augment(mixup=0.4, cutmix=1.0)):
        drawn = drawn_for(augment)
        found = engine(images, drawn)  # type: ignore[operator]
        mixed = mixed_targets(targets, drawn, (HEIGHT, WIDTH, 3))
        np.testing.assert_allclose(found.mean((1, 2, 3)) / 255, mixed[:, 0], atol=1e-3)
        assert 0.2 < mixed[::2, 0].mean() < 0.9
        np.testing.assert_allclose(mixed.sum(1), 1, rtol=1e-5)


def test_a_picture_is_drawn_for_by_its_own_numbers_alone() -> None:
    chances = numbers(3, 1, COUNT)
    whole = draw(KINDS["all"], (HEIGHT, WIDTH, 3), chances)
    some = draw(KINDS["all"], (HEIGHT, WIDTH, 3), chances[5:9])
    for name in ("affine_N23", "colour_NCD", "erased_N4", "share_N", "patch_N4"):
        np.testing.assert_array_equal(getattr(whole, name)[5:9], getattr(some, name))
    assert (numbers(3, 2, COUNT) != chances).any()
    np.testing.assert_array_equal(numbers(3, 1, COUNT), chances)
