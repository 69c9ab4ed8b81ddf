"""What pictures are drawn on and with: a canvas, shapes, colours, and chance.

A point on the table is a complex number: real to the right, imaginary towards the viewer. Whatever
is drawn is drawn around 0 with radius 1; `Canvas.at` says where it lies, how large, and how high.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

T = TypeVar("T")
Rng = np.random.Generator
Colour = tuple[int, int, int]
Shape = NDArray[np.complex128]  # the corners of an outline, or the points of a path
Points = NDArray[np.complex64]  # what the pixels show of the table: (H, W)

WHITE, BLACK, STEEL = (238, 236, 230), (28, 27, 28), (170, 172, 176)
CHAR, TOMATO, CREAM, YOLK = (62, 34, 20), (176, 44, 24), (240, 214, 150), (246, 176, 30)
DOUGHS: Sequence[Colour] = ((214, 158, 88), (196, 134, 70), (226, 180, 116))
GREENS: Sequence[Colour] = ((62, 110, 40), (96, 142, 52), (44, 84, 36), (140, 170, 80))
WOODS: Sequence[Colour] = ((150, 104, 62), (104, 68, 42), (196, 156, 108), (214, 190, 154))
CLOTHS: Sequence[Colour] = ((184, 40, 38), (60, 90, 140), (70, 110, 70), (150, 150, 146), YOLK)


class Camera(NamedTuple):
    """Where the dish is seen, how large, and from how far above."""

    size: tuple[int, int]  # of the picture, in pixels: width, height
    centre: complex  # of the dish, in pixels
    radius: float  # of the dish, in pixels
    squash: float  # 1 from straight above, less from the side
    nearness: float  # 0 from far away; more makes near things larger

    def project(self, shape: Shape, lift: float) -> Shape:
        """Where a shape that far above the table is in the picture, in half pixels."""
        scale = 2 * self.radius / (1 - self.nearness * shape.imag)
        y = shape.imag * self.squash - lift * (1 - self.squash**2) ** 0.5
        projected: Shape = (shape.real + 1j * y) * scale + 2 * self.centre
        return projected

    def table(self) -> Points:
        """What every second pixel shows of the table: (H/2, W/2)."""
        width, height = self.size
        x = (np.arange(0, width, 2, dtype=np.float32) - self.centre.real) / self.radius
        y = (np.arange(0, height, 2, dtype=np.float32) - self.centre.imag)[:, None] / self.radius
        y = y / (self.squash + self.nearness * y)
        points: Points = x * (1 - self.nearness * y) + 1j * y
        return points


@dataclass(frozen=True)
class Canvas:
    """The colours at twice the picture's size, and at its size the relief that light falls on."""

    camera: Camera
    colours: Image.Image
    relief: Image.Image  # red: height; green: grain; blue: gloss
    brush: ImageDraw.ImageDraw  # on the colours
    glaze: ImageDraw.ImageDraw  # on the colours, which shine through
    chisel: ImageDraw.ImageDraw  # on the relief
    origin: complex = 0
    unit: complex = 1
    lift: float = 0
    level: int = 40

    def at(
        self, where: complex, size: float = 1, turn: complex = 1, lift: float = 0, rise: int = 0
    ) -> "Canvas":
        """The same canvas for something there, of that radius, turned.

        `lift` moves it up in the picture, in radii; `rise` nearer to the light, in levels of 255.
        """
        return replace(
            self,
            origin=self.origin + self.unit * where,
            unit=self.unit * size * turn,
            lift=self.lift + lift * abs(self.unit),
            level=self.level + rise,
        )

    def paint(
        self, shape: Shape, colour: Colour, rise: float, grain: int = 20, gloss: int = 0
    ) -> None:
        """Something flat."""
        self.fill(self.project(shape), colour, rise, grain, gloss)

    def dome(
        self, shape: Shape, rim: Colour, crown: Colour, rise: int, grain: int = 20, gloss: int = 0
    ) -> None:
        """Something rounded: terraces, more of them the larger it is."""
        outline = self.project(shape)
        middle, steps = outline.mean(), 1 + round(8 * abs(self.unit))
        for t in (step / steps for step in range(steps + 1)):
            part = middle + (outline - middle) * (1 - 0.7 * t)
            self.fill(part, mixed(rim, crown, t), rise * (0.3 + 0.7 * t**0.6), grain, gloss)

    def stain(self, shape: Shape, colour: Colour, strength: float) -> None:
        """Colour what is there, its relief unchanged; a strength of 1 covers it."""
        fill = (*colour, int(255 * min(1, strength)))
        self.glaze.polygon(corners(self.project(shape)), fill=fill)

    def snapshot(self) -> tuple[Image.Image, Image.Image]:
        return self.colours.copy(), self.relief.copy()

    def uncover(self, before: tuple[Image.Image, Image.Image], shapes: Sequence[Shape]) -> None:
        """Take away what has been drawn there since that snapshot."""
        mask = Image.new("L", self.colours.size)
        for shape in shapes:
            ImageDraw.Draw(mask).polygon(corners(self.project(shape)), fill=255)
        self.colours.paste(before[0], mask=mask)
        self.relief.paste(before[1], mask=mask.reduce(2))

    def project(self, shape: Shape) -> Shape:
        return self.camera.project(self.origin + self.unit * shape, self.lift)

    def fill(self, outline: Shape, colour: Colour, rise: float, grain: int, gloss: int) -> None:
        height = min(255, self.level + int(rise))
        self.brush.polygon(corners(outline), fill=colour)
        self.chisel.polygon(corners(outline / 2), fill=(height, grain, gloss))


Drawing = Callable[[Canvas, Rng], None]


def corners(outline: Shape) -> list[float]:
    """x, y, x, y, ..."""
    xy: list[float] = outline.view(np.float64).tolist()
    return xy


# --- many of them


def strew(canvas: Canvas, rng: Rng, drawing: Drawing, size: float, count: int) -> None:
    for where in spread(rng, count, 1 - size):
        drawing(canvas.at(where, size * rng.uniform(0.85, 1.15), turned(rng)), rng)


def stains(canvas: Canvas, rng: Rng, colour: Colour, count: int, strength: float) -> None:
    for where in spread(rng, count, 0.93):
        spot = canvas.at(where, rng.uniform(0.02, 0.11))
        spot.stain(wobbly(rng, 0.25, corners=16), colour, strength * rng.uniform(0.3, 1.2))


def flecks(canvas: Canvas, rng: Rng, colour: Colour, count: int) -> None:
    for where in spread(rng, count, 0.97):
        canvas.at(where, rng.uniform(0.008, 0.024)).paint(circle(1, 6), colour, 14)


def spread(rng: Rng, count: int, radius: float) -> Shape:
    """Points all over a disc, none close to another: Vogel's spiral (1979), shaken."""
    k = np.arange(count)
    spiral = radius * np.sqrt((k + 0.5) / max(count, 1)) * np.exp(2.39996j * k) * turned(rng)
    shaken = spiral + 0.3 * radius / np.sqrt(count + 1) * rng.normal(size=(count, 2)) @ (1, 1j)
    return rng.permutation(shaken)


# --- shapes

SQUARE: Shape = np.array([1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j])


def path(*points: complex) -> Shape:
    return np.array(points, np.complex128)


def circle(radius: float = 1, corners: int = 48) -> Shape:
    outline: Shape = radius * waves(corners)[0]
    return outline


def wobbly(rng: Rng, wobble: float, long: float = 1, corners: int = 28) -> Shape:
    """A circle drawn by a shaky hand, perhaps stretched."""
    shakes = wobble * rng.standard_normal((2, 6)) / FADING
    turns, radius = waves(corners)[0], 1 + ((shakes[0] + 1j * shakes[1]) @ waves(corners)[1:]).real
    shape: Shape = radius * (long * turns.real + 1j * turns.imag)
    return shape


FADING = np.arange(2, 8) ** 0.7  # of the waves of a shaky hand, the shorter the smaller


@cache
def waves(corners: int) -> Shape:
    """exp(ikt) for k from 1 to 7 and t once around: (7, corners)."""
    turns: Shape = around(corners) ** np.arange(1, 8)[:, None]
    return turns


def around(count: int) -> Shape:
    """That many directions, evenly spaced."""
    return arc(0, 2 * np.pi, count + 1)[:-1]


def arc(start: float, stop: float, corners: int = 20) -> Shape:
    angles = start + (stop - start) / (corners - 1) * np.arange(corners)
    bow: Shape = np.cos(angles) + 1j * np.sin(angles)
    return bow


def wedge(start: float, stop: float, radius: float) -> Shape:
    return np.append(radius * arc(start, stop), 0)


def ring(outer: Shape, inner: Shape) -> Shape:
    """What lies between two outlines."""
    return np.concatenate([outer, outer[:1], inner[:1], inner[::-1]])


def ribbon(line: Shape, width: float) -> Shape:
    """A band of that width along a line."""
    steps = np.diff(line)
    along = np.append(steps[:1], steps) + np.append(steps, steps[-1:])
    aside = 0.5j * width * along / abs(along)
    return np.concatenate([line + aside, (line - aside)[::-1]])


# --- colours and chance


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """From all of `one` at 0 to all of `other` at 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def tinted(rng: Rng, colour: Colour, spread: float = 10) -> Colour:
    """Almost that colour."""
    shift = rng.normal(0, spread) + rng.normal(0, 0.4 * spread, 3)
    red, green, blue = (np.array(colour) + shift).clip(0, 255).astype(int).tolist()
    return red, green, blue


def turned(rng: Rng) -> complex:
    """A direction."""
    return complex(np.exp(1j * rng.uniform(0, 2 * np.pi)))


def one_of(rng: Rng, options: Sequence[T]) -> T:
    return options[int(rng.integers(len(options)))]
