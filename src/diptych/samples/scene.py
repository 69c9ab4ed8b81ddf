"""A photograph: something round on a table, what it is served on, clutter, and light."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from diptych.samples.canvas import (
    BLACK,
    CHAR,
    CLOTHS,
    CREAM,
    GREENS,
    SQUARE,
    STEEL,
    TOMATO,
    WHITE,
    WOODS,
    Camera,
    Canvas,
    Colour,
    Drawing,
    Points,
    Rng,
    circle,
    mixed,
    one_of,
    path,
    ribbon,
    ring,
    tinted,
    turned,
    wedge,
)
from diptych.samples.dishes import ALONE, SERVED
from diptych.samples.pizza import PIZZAS

Grid = NDArray[np.float32]  # a value for each pixel: (H, W), or (H, W, 3)
Support = Callable[[Canvas, Rng], Canvas]


def photograph(rng: Rng, pizza: bool) -> Image.Image:
    """A pizza, or something else that is round; the longest side is 320 to 640 pixels."""
    camera, cloud = aimed(rng), clouds(rng)
    canvas = table(camera, rng, cloud)
    for _ in range(rng.integers(0, 5)):
        beside = rng.uniform(1.5, 2.4) * turned(rng)
        one_of(rng, CLUTTER)(canvas.at(beside, rng.uniform(0.7, 1), turned(rng)), rng)
    dish = one_of(rng, PIZZAS if pizza else one_of(rng, (SERVED, ALONE)))
    if dish not in ALONE:
        canvas = one_of(rng, SUPPORTS)(canvas, rng)
    dish(canvas.at(0, 1, turned(rng)), rng)
    return exposed(canvas, rng, cloud)


def aimed(rng: Rng) -> Camera:
    longest, other = round(320 + 320 * rng.random() ** 3), rng.uniform(0.66, 1.0)
    size = (longest, round(longest * other))
    if rng.random() < 0.35:
        size = size[::-1]
    off = rng.random() < 0.15  # the dish partly out of the picture
    x, y = rng.normal(0.5, 0.2 if off else 0.03, 2).clip(0.1, 0.9) * size
    radius = min(size) * rng.uniform(0.3, 0.45) * (1.3 if off else 1)
    squash = one_of(rng, (1.0, rng.uniform(0.85, 1), rng.uniform(0.55, 0.85)))
    return Camera(size, complex(x, y), radius, squash, nearness=rng.uniform(0, 0.1))


def clouds(rng: Rng, side: int = 192) -> Grid:
    """Noise at all scales, as in clouds or in cheese; it tiles, has mean 0 and variance 1."""
    rate = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    spectrum = np.exp(2j * np.pi * rng.random(rate.shape)) / (rate + 0.01) ** 1.1
    spectrum[0, 0] = 0
    noise = np.fft.irfft2(spectrum, (side, side))
    return np.asarray(noise / noise.std(), np.float32)


# --- the table


def table(camera: Camera, rng: Rng, cloud: Grid) -> Canvas:
    surface = one_of(rng, (planks, planks, cloth, marble, marble, brushed, stone))
    picture = Image.fromarray(
        surface(rng, camera.table() * turned(rng), cloud).clip(0, 255).astype(np.uint8)
    )
    width, height = camera.size
    sharp = picture.resize(camera.size, Image.Resampling.BILINEAR)
    colours = sharp.resize((2 * width, 2 * height), Image.Resampling.NEAREST)
    relief = Image.new("RGB", (width, height), (40, 24, 0))
    pens = ImageDraw.Draw(colours), ImageDraw.Draw(colours, "RGBA"), ImageDraw.Draw(relief)
    return Canvas(camera, colours, relief, *pens)


def planks(rng: Rng, points: Points, cloud: Grid) -> Grid:
    across = points.imag / rng.uniform(0.35, 1.1)
    row = np.floor(across).astype(int)
    grain = sampled(cloud, points.real * 0.25 + row * 0.37, points.imag * 3)
    rings = np.sin(points.imag * 30 + 5 * grain) * rng.uniform(0.01, 0.05)
    tone = 1 + 0.1 * rng.standard_normal(64, np.float32)[row % 64] + 0.1 * grain + rings
    return coloured(tone, one_of(rng, WOODS)) * (1 - 0.5 * banded(across, 0.02))


def cloth(rng: Rng, points: Points, cloud: Grid) -> Grid:
    """Plain, striped, or checked."""
    ground, colour = WHITE, one_of(rng, CLOTHS)
    squares: Points = points / rng.uniform(0.2, 0.5)
    dyed = 0.5 * banded(squares.real, 0.5) + 0.5 * banded(squares.imag, 0.5)
    if rng.random() < 0.5:
        ground, dyed = one_of(rng, (WHITE, *CLOTHS)), banded(squares.real, rng.uniform(0, 0.3))
    weave = 1 + 0.06 * sampled(cloud, points.real * 3, points.imag * 3)
    woven: Grid = coloured(weave, ground) * (1 - dyed) + coloured(weave, colour) * dyed
    return woven


def marble(rng: Rng, points: Points, cloud: Grid) -> Grid:
    fold = sampled(cloud, points.real * 0.5, points.imag * 0.5)
    veins = np.exp(-9 * abs(fold - 0.2)) + 0.5 * np.exp(-14 * abs(fold + 0.8))
    ground = one_of(rng, (WHITE, WHITE, (70, 74, 78)))
    tone: Grid = 1 - veins * rng.uniform(0.15, 0.4) + 0.03 * fold
    return coloured(tone, ground)


def brushed(rng: Rng, points: Points, cloud: Grid) -> Grid:
    streaks = sampled(cloud, points.real * 0.06, points.imag * 5)
    sheen: Grid = np.tanh(points.real)
    return coloured(1 + 0.05 * streaks + 0.1 * sheen, STEEL)


def stone(rng: Rng, points: Points, cloud: Grid) -> Grid:
    x, y = points.real, points.imag
    spots = sampled(cloud, x, y) + sampled(cloud, y * 4, x * 4)
    return coloured(1 + 0.1 * spots, one_of(rng, ((62, 64, 68), (120, 116, 110), (160, 130, 104))))


def sampled(cloud: Grid, x: Grid, y: Grid) -> Grid:
    side = len(cloud)
    level: Grid = cloud[(y * 120).astype(int) % side, (x * 120).astype(int) % side]
    return level


def banded(across: Grid, share: float) -> Grid:
    """1 in bands that are that share of every unit, 0 between them: (H, W, 1)."""
    inside: Grid = (share / 2 - abs(across % 1 - 0.5)) * 40 + 0.5
    return inside.clip(0, 1)[..., None]


def coloured(tone: Grid, colour: Colour) -> Grid:
    return tone[..., None].astype(np.float32) * np.array(colour, np.float32)


# --- what else is on it


def fork(canvas: Canvas, rng: Rng) -> None:
    for prong in (-0.09, -0.03, 0.03, 0.09):
        canvas.paint(ribbon(prong + path(-1j, -0.55j), 0.03), STEEL, 16, 4, 200)
    head = path(-0.11 - 0.6j, 0.11 - 0.6j, 0.08 - 0.38j, -0.32j, -0.08 - 0.38j)
    canvas.paint(head, STEEL, 18, 4, 200)
    canvas.paint(ribbon(path(-0.35j, 1j), 0.06), STEEL, 22, 4, 200)


def knife(canvas: Canvas, rng: Rng) -> None:
    blade = path(-0.03 - 1j, 0.05 - 0.85j, 0.07, -0.03)
    canvas.paint(blade, mixed(STEEL, WHITE, 0.3), 16, 4, 200)
    handle = one_of(rng, (STEEL, BLACK, WOODS[1]))
    canvas.paint(ribbon(path(0.02, 0.02 + 1j), 0.11), handle, 26, 20, 120)


def glass(canvas: Canvas, rng: Rng) -> None:
    drink = one_of(rng, ((120, 20, 40), (222, 170, 60), (200, 214, 220), (90, 50, 30)))
    for lift in np.linspace(0, 0.5, 12):
        canvas.at(0, 0.3, lift=lift).stain(circle(), mixed(drink, WHITE, 0.4), 0.12)
    top = canvas.at(0, 0.32, lift=0.5, rise=50)
    top.paint(ring(circle(), circle(0.9)), mixed(drink, WHITE, 0.75), 20, 0, 220)
    top.stain(circle(0.9), drink, 0.7)
    top.stain(wedge(2.4, 3.6, 0.8), WHITE, 0.25)


def napkin(canvas: Canvas, rng: Rng) -> None:
    linen = tinted(rng, one_of(rng, (WHITE, *CLOTHS)))
    canvas.paint(SQUARE * 0.7, linen, 6, 40)
    canvas.paint(SQUARE[:3] * 0.7, mixed(linen, BLACK, 0.06), 12, 40)
    canvas.stain(ribbon(SQUARE * 0.6, 0.02), mixed(linen, WHITE, 0.7), 0.8)


def saucer(canvas: Canvas, rng: Rng) -> None:
    glaze = tinted(rng, one_of(rng, (WHITE, BLACK, *CLOTHS)))
    canvas.paint(circle(0.42), mixed(glaze, BLACK, 0.15), 20, 8, 80)
    canvas.paint(circle(0.39), mixed(glaze, WHITE, 0.2), 40, 8, 80)
    dip = one_of(rng, (TOMATO, CREAM, GREENS[1], WHITE, CHAR))
    canvas.paint(circle(0.34), tinted(rng, dip), 14, 40, 120)


CLUTTER: Sequence[Drawing] = (fork, knife, glass, napkin, saucer)


# --- what the dish is served on


def plate(canvas: Canvas, rng: Rng) -> Canvas:
    clay = one_of(rng, (WHITE, WHITE, WHITE, (222, 210, 186), (66, 88, 120), BLACK, (150, 92, 66)))
    glaze, wide = tinted(rng, clay), rng.uniform(1.2, 1.42)
    canvas.paint(circle(wide), mixed(glaze, BLACK, 0.12), 10, 6, 60)
    canvas.paint(circle(wide - 0.02), mixed(glaze, WHITE, 0.3), 30, 6, 90)
    if rng.random() < 0.3:
        canvas.stain(ring(circle(wide - 0.05), circle(wide - 0.09)), one_of(rng, CLOTHS), 0.75)
    for t in np.linspace(0, 1, 5):
        canvas.paint(circle(wide - 0.1 - 0.14 * t), glaze, 28 - 14 * t, 6, 90)
    return canvas.at(0, rise=14)


def board(canvas: Canvas, rng: Rng) -> Canvas:
    wood, turn = tinted(rng, one_of(rng, WOODS)), canvas.at(0, 1, turned(rng))
    outline = one_of(rng, (circle(1.25), SQUARE * 1.25))
    turn.paint(ribbon(path(0, 2j), 0.36), wood, 18, 60)
    turn.paint(outline, mixed(wood, BLACK, 0.3), 16, 60)
    turn.paint(outline * 0.985, wood, 24, 60)
    for x in rng.uniform(-0.85, 0.85, 20):
        grain = x + 1j * np.linspace(-0.85, 0.85, 9) + np.cumsum(rng.normal(0, 0.012, 9))
        turn.stain(ribbon(grain, rng.uniform(0.006, 0.03)), mixed(wood, BLACK, 0.5), 0.25)
    return canvas.at(0, rise=22)


def tray(canvas: Canvas, rng: Rng) -> Canvas:
    metal = tinted(rng, one_of(rng, (STEEL, (60, 60, 62))))
    canvas.paint(circle(1.16), mixed(metal, WHITE, 0.2), 20, 6, 160)
    canvas.paint(circle(1.11), metal, 8, 14, 90)
    return canvas.at(0, rise=10)


def box(canvas: Canvas, rng: Rng) -> Canvas:
    card, turn = tinted(rng, (186, 146, 100)), canvas.at(0, 1.16, turned(rng))
    turn.paint(SQUARE - 2.02j, mixed(card, BLACK, 0.12), 8, 40)
    turn.paint(SQUARE * 1.05, mixed(card, WHITE, 0.25), 60, 40)
    turn.paint(SQUARE, card, 10, 40)
    return canvas.at(0, rise=12)


def paper(canvas: Canvas, rng: Rng) -> Canvas:
    sheet = tinted(rng, one_of(rng, (WHITE, (206, 178, 138))))
    canvas.at(0, 1.2, turned(rng)).paint(SQUARE, sheet, 6, 50)
    return canvas.at(0, rise=6)


def nothing(canvas: Canvas, rng: Rng) -> Canvas:
    return canvas


SUPPORTS: Sequence[Support] = (plate, plate, plate, board, tray, tray, box, paper, nothing)


# --- light


def exposed(canvas: Canvas, rng: Rng, cloud: Grid) -> Image.Image:
    """The picture that a camera takes of it, with some blur and noise."""
    light = Image.fromarray(lit(canvas, rng, cloud))
    full = light.resize(canvas.camera.size, Image.Resampling.BILINEAR)
    colours = np.array(canvas.colours.reduce(2), np.uint16) * np.array(full) >> 7
    noise = int(rng.integers(1, 12))
    colours += rng.integers(0, 2 * noise + 1, (*colours.shape[:2], 1), dtype=np.uint16)
    picture = Image.fromarray((colours.clip(noise, 255 + noise) - noise).astype(np.uint8))
    return picture.filter(ImageFilter.BoxBlur(one_of(rng, (0, 0, 0.4, 0.9))))


def lit(canvas: Canvas, rng: Rng, cloud: Grid) -> NDArray[np.uint8]:
    """How much of each colour every second pixel shows, 128 for all of it: (H/2, W/2, 3)."""
    relief = np.array(canvas.relief.reduce(2), np.float32) / 255
    height, grain, gloss = (np.ascontiguousarray(part) for part in np.moveaxis(relief, 2, 0))
    radius, sun = canvas.camera.radius / 2, turned(rng)
    noise = np.tile(cloud, (2, 2))[: height.shape[0], : height.shape[1]]
    slope_y, slope_x = np.gradient(height + 0.03 * grain * smooth(noise, 0.02 * radius))
    facing = -(slope_x * sun.real + slope_y * sun.imag) * radius
    far = moved(smooth(height, 0.12 * radius), -0.1 * radius * sun)
    near = moved(smooth(height, 0.03 * radius), -0.02 * radius * sun)
    shadow = (2.2 * (far - height)).clip(0, 0.5) + (2.5 * (near - height)).clip(0, 0.3)
    light = (1 + 0.3 * np.tanh(facing * 0.6)) * (1 - rng.uniform(0.6, 1) * shadow)
    light += gloss * (np.tanh(facing * 0.5) - 0.35).clip(0) * 2
    y = np.linspace(-1, 1, height.shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, height.shape[1], dtype=np.float32)
    light *= 1 + rng.uniform(0, 0.18) * (x * sun.real + y * sun.imag)
    light *= 1 - rng.uniform(0, 0.22) * (x**2 + y**2)
    warmth, brightness = rng.normal(0.01, 0.03), float(np.exp(rng.normal(-0.02, 0.1)))
    mottle = 1 + (grain * noise)[..., None] * np.array((0.22, 0.3, 0.42), np.float32)
    balance = 128 * brightness * np.array((1 + warmth, 1, 1 - warmth), np.float32)
    shown: NDArray[np.uint8] = (mottle * light[..., None] * balance).clip(0, 255).astype(np.uint8)
    return shown


def smooth(grid: Grid, reach: float) -> Grid:
    height, width = grid.shape
    reach = max(1, reach)
    small = (max(1, round(width / reach)), max(1, round(height / reach)))
    coarse = Image.fromarray(grid).resize(small, Image.Resampling.BOX)
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def moved(grid: Grid, by: complex) -> Grid:
    height, width = grid.shape
    rows = (np.arange(height) - round(by.imag)).clip(0, height - 1)
    columns = (np.arange(width) - round(by.real)).clip(0, width - 1)
    shifted: Grid = grid[rows[:, None], columns]
    return shifted
