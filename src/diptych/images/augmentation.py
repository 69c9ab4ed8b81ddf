"""What happens to each picture of a training step, sampled once for every engine.

All geometry is one affine map, all colour one matrix, each applied once by the engine: nothing is
lost in chains of resampling, and two engines see the same pictures. Then come erasing (Zhong et al.
2020), and mixing with another picture of the step: mixup (Zhang et al. 2018) or CutMix (Yun et al.
2019). TrivialAugment (Müller & Hutter 2021), one kind of change a picture and of any strength, is
part of the same map and matrix.

Letters in names: N pictures of a step, C channels, H rows, W columns, K classes.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.data.dataset import Shape

Floats = npt.NDArray[np.float32]
Box = npt.NDArray[np.int32]  # (N, 4): top, left, bottom, right, the last two excluded

# Of each picture, whatever is done with them: a recipe that adds a rotation keeps the flips that it
# had.
_RANDOM_NUMBERS = 20


class AugmentationPolicy(NamedTuple):
    """How strongly pictures are changed; zero leaves them as they are."""

    flip: float = 0.0  # the share of pictures that is mirrored, left to right
    rotate: float = 0.0  # degrees, at most, either way
    zoom: float = 0.0  # 0.1: between 1/1.1 and 1.1 times as large
    shift: float = 0.0  # shares of the side, at most, either way
    shear: float = 0.0  # degrees, at most, either way
    brightness: float = 0.0  # 0.1: up to 10 % of white lighter or darker
    contrast: float = 0.0  # 0.1: between 0.9 and 1.1 times
    saturation: float = 0.0  # as contrast; colour pictures only
    hue: float = 0.0  # degrees round the circle of colours, at most, either way
    erase: float = 0.0  # the share of pictures of which a box becomes grey
    mixup: float = 0.0  # alpha of the Beta distribution of the partner's share
    cutmix: float = 0.0  # likewise; with both, each picture is mixed in one of the two ways
    trivial: float = 0.0  # how strong one further change may be, of a kind drawn for each picture


class Augmentation(NamedTuple):
    """What happens to the N pictures of a step, in this order.

    Coordinates are in pixels (x to the right, y down) from the centre of the picture; levels run
    from 0 to 255. Where an output pixel comes from outside, the nearest pixel of the edge is taken;
    between pixels, levels are interpolated bilinearly.
    """

    affine_N23: Floats  # (x, y, 1) of an output pixel → (x, y) of the input
    colour_NCD: Floats  # (levels of a pixel, 1) → levels, then clipped; D is C + 1
    erased_N4: Box  # becomes mid-grey
    partner_N: npt.NDArray[np.int32]  # another picture of the step, changed as said above
    share_N: Floats  # of the partner in the whole picture (mixup)
    patch_N4: Box  # is taken from the partner alone (CutMix)

    @property
    def geometry(self) -> bool:
        """Whether any picture is warped."""
        return bool((self.affine_N23 != _IDENTITY).any())

    @property
    def colour(self) -> bool:
        """Whether any picture changes its colours."""
        channels = self.colour_NCD.shape[1]
        return bool((self.colour_NCD != np.eye(channels, channels + 1)).any())

    @property
    def mixing(self) -> bool:
        """Whether any picture is mixed with its partner."""
        return bool(self.share_N.any() or self.patch_N4.any())

    def only(self, chosen: npt.NDArray[np.intp]) -> "Augmentation":
        """That of some pictures of the step.

        A picture whose partner is not among them becomes its own.
        """
        among = np.arange(len(chosen), dtype=np.int32)
        place_N = np.full(len(self.partner_N), -1, np.int32)
        place_N[chosen] = among
        partner = place_N[self.partner_N[chosen]]
        partner = np.where(partner < 0, among, partner)
        changes = self.affine_N23[chosen], self.colour_NCD[chosen], self.erased_N4[chosen]
        return Augmentation(*changes, partner, self.share_N[chosen], self.patch_N4[chosen])


# The kinds of TrivialAugment, and how far each goes where `trivial` is 1: as far as RandAugment's
# (Cubuk et al. 2020). Kinds that are no affine map or matrix, such as posterising, are left out.
_TRIVIAL = {
    "nothing": 0.0,
    "rotate": 30.0,
    "zoom": 0.5,
    "across": 0.3,
    "down": 0.3,
    "shear": 17.0,
    "brightness": 0.5,
    "contrast": 0.9,
    "saturation": 0.9,
    "hue": 60.0,
}

_IDENTITY: Floats = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
GREY = 127.5


def random_numbers(seed: int, epoch: int, count: int) -> Floats:
    """The random numbers of an epoch, (count, …): row i is picture i's, in whatever step it is."""
    rng = np.random.default_rng((seed, epoch, 0xA6))
    return rng.random((count, _RANDOM_NUMBERS), np.float32)


def sample_augmentation(
    policy: AugmentationPolicy, shape: Shape, random_NR: Floats
) -> Augmentation:
    """What happens to the pictures of a step whose random numbers these are.

    Each picture's changes depend on its own numbers alone; its partner is the next in the step.
    """
    height, width, channels = shape
    n = len(random_NR)
    u = iter(2 * random_NR.T - 1)  # each use takes N numbers between −1 and 1
    # The last numbers, so that the others do what they do without it.
    further = _one_kind(policy.trivial, *random_NR.T[-2:])
    affine_N23 = _affine(policy, further, height, width, u)
    colour_NCD = _colour(policy, further, channels, u)
    erased_N4 = _boxes((next(u) + 1) / 2 < policy.erase, 0.02 + 0.15 * (next(u) + 1), shape, u)
    which, amount = (next(u) + 1) / 2, (next(u) + 1) / 2
    cutmix_N = which < (0.5 if policy.mixup else 1) if policy.cutmix else np.zeros(n, bool)
    share_N = np.where(cutmix_N, 0, _beta(policy.mixup, amount)).astype(np.float32)
    patch_N4 = _boxes(cutmix_N, _beta(policy.cutmix, amount), shape, u)
    partner_N = np.roll(np.arange(n, dtype=np.int32), -1)
    return Augmentation(affine_N23, colour_NCD, erased_N4, partner_N, share_N, patch_N4)


def mix_targets(targets_NK: Floats, augmentation: Augmentation, shape: Shape) -> Floats:
    """The targets of pictures that are mixed: in the shares in which the pictures are seen."""
    height, width, _ = shape
    top, left, bottom, right = augmentation.patch_N4.T
    patch_N = (bottom - top) * (right - left) / (height * width)
    partner_N1 = (augmentation.share_N + (1 - augmentation.share_N) * patch_N)[:, None]
    mixed = (1 - partner_N1) * targets_NK + partner_N1 * targets_NK[augmentation.partner_N]
    return np.asarray(mixed, np.float32)


def _one_kind(
    strength: float, kind_N: npt.NDArray[Any], amount_N: npt.NDArray[Any]
) -> dict[str, npt.NDArray[Any]]:
    """How far each picture is changed in each kind, either way: but for one kind not at all."""
    drawn_N = (kind_N * len(_TRIVIAL)).astype(np.int32)
    signed_N = strength * (2 * amount_N - 1)
    return {
        kind: np.where(drawn_N == i, most * signed_N, 0)
        for i, (kind, most) in enumerate(_TRIVIAL.items())
    }


def _affine(policy: AugmentationPolicy, further: Any, height: int, width: int, u: Any) -> Floats:
    """Mirror, rotate, shear, zoom and shift as one map from output to input."""
    mirror = np.where((next(u) + 1) / 2 < policy.flip, -1, 1)
    turn = np.radians(policy.rotate * next(u) + further["rotate"])
    slant = np.tan(np.radians(policy.shear * next(u) + further["shear"]))
    zoom = (1 + policy.zoom) ** next(u) * _larger(further["zoom"])
    across = width * (policy.shift * next(u) + further["across"])
    down = height * (policy.shift * next(u) + further["down"])
    cos, sin = np.cos(turn) / zoom, np.sin(turn) / zoom
    if not (policy.rotate or policy.zoom or policy.shear):
        # Whole pixels, so that small pictures stay as sharp as those that are answered.
        across, down = np.rint(across), np.rint(down)
    rows = [[mirror * cos, mirror * (slant * cos - sin), across], [sin, slant * sin + cos, down]]
    return np.array(rows, np.float32).transpose(2, 0, 1)


def _larger(zoom_N: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """0.1 as 1.1 times, and −0.1 as 1/1.1 times."""
    return np.asarray((1 + np.abs(zoom_N)) ** np.sign(zoom_N))


# Luma (ITU-R BT.601), and the turn of colours about the axis of greys.
_LUMA = np.array([0.299, 0.587, 0.114])


def _colour(policy: AugmentationPolicy, further: Any, channels: int, u: Any) -> Floats:
    """Hue, saturation, contrast and brightness as one matrix."""
    light = 255 * (policy.brightness * next(u) + further["brightness"])
    gain = 1 + policy.contrast * next(u) + further["contrast"]
    vivid = 1 + policy.saturation * next(u) + further["saturation"]
    turn = np.radians(policy.hue * next(u) + further["hue"])
    n = len(light)
    matrix_NCC = np.broadcast_to(np.eye(channels), (n, channels, channels))
    if channels == 3:
        grey_CC = np.broadcast_to(_LUMA, (3, 3))
        matrix_NCC = vivid[:, None, None] * (np.eye(3) - grey_CC) + grey_CC
        matrix_NCC = matrix_NCC @ _hue(turn)
    matrix_NCC = gain[:, None, None] * matrix_NCC
    # Contrast turns about mid-grey, so that it does not also make pictures darker.
    offset_NC1 = np.broadcast_to((light + GREY * (1 - gain))[:, None, None], (n, channels, 1))
    return np.concatenate([matrix_NCC, offset_NC1], 2).astype(np.float32)


def _hue(turn_N: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Rotations about the axis of greys (Rodrigues' formula): greys stay as they are."""
    axis = 1 / math.sqrt(3)
    cross = axis * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    cos, sin = np.cos(turn_N)[:, None, None], np.sin(turn_N)[:, None, None]
    return np.asarray(cos * np.eye(3) + sin * cross + (1 - cos) / 3 * np.ones((3, 3)))


def _boxes(box_N: Any, area_N: npt.NDArray[Any], shape: Shape, u: Any) -> Box:
    """A box of a share of the picture's area somewhere in it; empty where `box_N` is false."""
    height, width, _ = shape
    side_N = np.sqrt(area_N)
    rows = np.rint(side_N * height).astype(np.int32)
    columns = np.rint(side_N * width).astype(np.int32)
    top = ((next(u) + 1) / 2 * (height - rows + 1)).astype(np.int32)
    left = ((next(u) + 1) / 2 * (width - columns + 1)).astype(np.int32)
    boxes = np.stack([top, left, top + rows, left + columns], 1)
    return np.where(np.asarray(box_N)[:, None], boxes, 0).astype(np.int32)


def _beta(alpha: float, random_N: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Uniform numbers made into Beta(alpha, alpha) ones; all 0 where alpha is 0.

    By its distribution function, tabulated: NumPy draws from it, but has no inverse.
    """
    if not alpha:
        return np.zeros(len(random_N))
    edges = np.linspace(0, 1, 1025)
    middle = (edges[1:] + edges[:-1]) / 2
    mass = np.cumsum((middle * (1 - middle)) ** (alpha - 1))
    return np.asarray(np.interp(random_N, np.concatenate([[0], mass / mass[-1]]), edges))
