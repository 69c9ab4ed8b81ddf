"""Round things that are no pizza: other food, and what nobody eats."""

from collections.abc import Sequence

import numpy as np

from diptych.samples.canvas import (
    BLACK,
    CHAR,
    CLOTHS,
    CREAM,
    DOUGHS,
    GREENS,
    SQUARE,
    STEEL,
    TOMATO,
    WHITE,
    WOODS,
    YOLK,
    Canvas,
    Colour,
    Drawing,
    Rng,
    Shape,
    arc,
    around,
    circle,
    flecks,
    mixed,
    one_of,
    path,
    ribbon,
    ring,
    spread,
    stains,
    strew,
    tinted,
    turned,
    wedge,
    wobbly,
)
from diptych.samples.pizza import TOPPINGS, basil, crust, pepper, sausage

BERRIES: Sequence[Colour] = ((190, 30, 44), (52, 56, 104), (150, 24, 60), (206, 60, 40))


def pancakes(canvas: Canvas, rng: Rng) -> None:
    crumb, brown = tinted(rng, (236, 204, 140)), tinted(rng, (186, 116, 54))
    cake = canvas.at(0, 0.86)
    for _ in range(rng.integers(2, 6)):
        cake.paint(wobbly(rng, 0.02, corners=60), mixed(crumb, CHAR, 0.2), 10, 50)
        cake = cake.at(rng.normal(0, 0.03), 1, turned(rng), lift=0.13, rise=9)
        cake.paint(wobbly(rng, 0.02, corners=60), crumb, 8, 50)
        cake.paint(wobbly(rng, 0.03, corners=60) * 0.95, mixed(brown, crumb, 0.25), 11, 60)
        cake.paint(wobbly(rng, 0.04, corners=60) * 0.86, brown, 12, 90)
    stains(cake, rng, mixed(brown, CHAR, 0.4), 30, 0.25)
    cake.paint(wobbly(rng, 0.25) * 0.5, mixed(brown, CHAR, 0.45), 14, 10, 200)
    cake.at(0.05, 0.2).dome(SQUARE, (236, 206, 96), (252, 232, 150), 36, 10, 90)
    strew(cake.at(0, 0.85, rise=12), rng, berry, 0.1, int(rng.integers(0, 7)))


def cookie(canvas: Canvas, rng: Rng) -> None:
    dough = tinted(rng, one_of(rng, ((196, 138, 76), (176, 112, 58), (214, 168, 104))))
    canvas.dome(wobbly(rng, 0.03, corners=80), mixed(dough, CHAR, 0.4), dough, 40, 130)
    stains(canvas, rng, mixed(dough, CREAM, 0.4), 40, 0.3)
    for start in spread(rng, 12, 0.85):
        crack = start + np.cumsum(rng.normal(0, 0.035, (9, 2)) @ (1, 1j))
        canvas.stain(ribbon(crack, 0.014), CHAR, 0.55)
    for where in spread(rng, int(rng.integers(9, 26)), 0.8):
        chip = canvas.at(where, rng.uniform(0.06, 0.12), rise=38)
        chip.dome(wobbly(rng, 0.09), (44, 24, 18), (86, 52, 36), 22, 20, 120)


def tart(canvas: Canvas, rng: Rng) -> None:
    """A fluted shell of custard, covered with berries."""
    dough, turns = tinted(rng, one_of(rng, DOUGHS)), np.linspace(0, 2 * np.pi, 180)
    fluted = np.exp(1j * turns) * (1 + 0.025 * np.cos(rng.integers(22, 40) * turns))
    canvas.paint(fluted, mixed(dough, CHAR, 0.35), 16, 70)
    canvas.paint(fluted * 0.96, dough, 44, 70)
    canvas.paint(circle(0.86), mixed(dough, CHAR, 0.3), 24, 50)
    filling = one_of(rng, (CREAM, (150, 30, 30), (90, 50, 30), (240, 200, 80), (206, 84, 40)))
    canvas.paint(circle(0.85), tinted(rng, filling), 26, 80, 150)
    size = rng.uniform(0.09, 0.17)
    strew(canvas.at(0, 0.82, rise=26), rng, berry, size, int(rng.uniform(0.2, 0.75) / size**2))


def pie(canvas: Canvas, rng: Rng) -> None:
    """Fruit under a lattice of dough."""
    dough, fruit = tinted(rng, one_of(rng, DOUGHS)), tinted(rng, one_of(rng, BERRIES))
    crust(canvas, rng, 0.14)
    canvas.paint(circle(0.87), mixed(fruit, CHAR, 0.3), 14, 140, 120)
    for where in spread(rng, 30, 0.8):
        lump = canvas.at(where, 0.12, rise=14)
        lump.dome(wobbly(rng, 0.1), mixed(fruit, CHAR, 0.4), fruit, 14, 40, 160)
    gap = rng.uniform(0.22, 0.34)
    for strips in (canvas.at(0, rise=26), canvas.at(0, 1, 1j, rise=26)):
        for aside in np.arange(-0.8, 0.81, gap):
            strip = np.sqrt(0.85 - aside**2) * path(-1, 1) + 1j * aside
            strips.paint(ribbon(strip, gap * 0.45), mixed(dough, CHAR, 0.3), 6, 60)
            strips.paint(ribbon(strip, gap * 0.32), dough, 14, 60)


def omelette(canvas: Canvas, rng: Rng) -> None:
    egg = tinted(rng, one_of(rng, ((240, 206, 90), (236, 200, 80), (244, 222, 140))))
    canvas.dome(wobbly(rng, 0.06, corners=80), mixed(egg, CHAR, 0.35), egg, 22, 90, 60)
    stains(canvas, rng, (176, 110, 44), 50, 0.3)
    stains(canvas, rng, mixed(egg, WHITE, 0.5), 30, 0.35)
    for index in rng.permutation(len(TOPPINGS))[: rng.integers(1, 4)]:
        strew(canvas.at(0, 0.85, rise=20), rng, TOPPINGS[index][0], 0.12, int(rng.integers(4, 12)))
    flecks(canvas.at(0, 0.9), rng, one_of(rng, GREENS), 80)


def fried_eggs(canvas: Canvas, rng: Rng) -> None:
    for where in spread(rng, int(rng.integers(1, 4)), 0.6):
        fried_egg(canvas.at(where, rng.uniform(0.55, 0.75), turned(rng)), rng)
    flecks(canvas.at(0, 0.8), rng, CHAR, 60)


def noodles(canvas: Canvas, rng: Rng) -> None:
    """With tomato sauce and meatballs."""
    pasta, sauce = tinted(rng, (236, 200, 120)), tinted(rng, TOMATO)
    canvas.paint(wobbly(rng, 0.1) * 0.92, mixed(pasta, CHAR, 0.25), 4, 80, 40)
    for where in spread(rng, 90, 0.65):
        bow = arc(0, rng.uniform(1.5, 4)) * rng.uniform(0.14, 0.4)
        noodle, shade = canvas.at(where, 1, turned(rng), rise=8), tinted(rng, pasta)
        noodle.paint(ribbon(bow, 0.05), mixed(shade, CHAR, 0.35), 4, 10, 60)
        noodle.paint(ribbon(bow, 0.032), shade, 14, 10, 120)
    canvas.paint(wobbly(rng, 0.2) * 0.5, sauce, 24, 150, 110)
    stains(canvas.at(0, 0.8), rng, sauce, 26, 0.75)
    strew(canvas.at(0, 0.7, rise=24), rng, sausage, 0.25, int(rng.integers(3, 9)))
    strew(canvas.at(0, 0.5, rise=40), rng, basil, 0.3, int(rng.integers(0, 5)))


def flatbread(canvas: Canvas, rng: Rng) -> None:
    dough = tinted(rng, one_of(rng, ((218, 190, 146), (228, 212, 180), (206, 180, 140))))
    canvas.dome(wobbly(rng, 0.05, corners=80), mixed(dough, CHAR, 0.3), dough, 16, 90)
    for where in spread(rng, 26, 0.9):
        bubble = canvas.at(where, rng.uniform(0.06, 0.15), rise=14)
        bubble.dome(wobbly(rng, 0.12), dough, mixed(dough, WHITE, 0.2), 14, 90)
        bubble.stain(wobbly(rng, 0.15) * 0.7, CHAR, rng.uniform(0.1, 0.75))


def donut(canvas: Canvas, rng: Rng) -> None:
    dough, dark = tinted(rng, (200, 134, 66)), tinted(rng, (140, 84, 40))
    icing = tinted(rng, one_of(rng, ((236, 140, 170), (84, 46, 30), WHITE, (228, 190, 110))))
    outer, inner = wobbly(rng, 0.02, corners=60), wobbly(rng, 0.04, corners=60)
    for t in np.linspace(0, 1, 7):
        body = ring(circle(1 - 0.3 * t), circle(0.3 + 0.3 * t))
        canvas.paint(body, mixed(dark, dough, t), 60 * np.sin(1.57 * t), 50)
    for t in np.linspace(0, 1, 5):
        glaze = ring(outer * (0.9 - 0.2 * t), inner * (0.4 + 0.2 * t))
        canvas.paint(glaze, icing, 48 + 30 * np.sin(1.57 * t), 10, 150)
    for _ in range(60 * int(rng.integers(2))):
        colour = one_of(rng, ((240, 210, 60), (80, 170, 200), (220, 60, 70), WHITE, GREENS[1]))
        sprinkle = canvas.at(rng.uniform(0.45, 0.84) * turned(rng), 0.05, turned(rng), rise=76)
        sprinkle.paint(ribbon(path(-1, 1), 0.6), colour, 10, 0, 100)


def citrus(canvas: Canvas, rng: Rng) -> None:
    rind = tinted(
        rng, one_of(rng, ((240, 140, 20), (244, 210, 50), (120, 170, 50), (120, 170, 50)))
    )
    flesh, count = one_of(rng, (rind, rind, (216, 84, 70))), int(rng.integers(8, 12))
    canvas.paint(circle(), mixed(rind, CHAR, 0.15), 24, 60, 60)
    canvas.paint(circle(0.95), (244, 232, 196), 28, 20, 30)
    half = np.pi / count - 0.035
    for outwards in around(count):
        piece = canvas.at(0.06 * outwards, 1, outwards)
        piece.dome(wedge(-half, half, 0.84), mixed(flesh, CREAM, 0.2), flesh, 10, 90, 190)
        for near in rng.uniform(0.2, 0.6, 10):
            cell = np.exp(1j * rng.uniform(-half, half)) * path(near, near + 0.22)
            piece.stain(ribbon(cell, 0.012), WHITE, 0.35)


def salad(canvas: Canvas, rng: Rng) -> None:
    bowl(canvas, rng)
    for where in spread(rng, 55, 0.78):
        leaf, green = canvas.at(where, rng.uniform(0.16, 0.3), rise=20), one_of(rng, GREENS)
        leaf.dome(wobbly(rng, 0.2), mixed(tinted(rng, green), BLACK, 0.2), green, 16, 70, 60)
    for index in rng.permutation(len(TOPPINGS))[:3]:
        strew(canvas.at(0, 0.85, rise=34), rng, TOPPINGS[index][0], 0.17, int(rng.integers(4, 9)))


def soup(canvas: Canvas, rng: Rng) -> None:
    broth = tinted(
        rng, one_of(rng, (TOMATO, (222, 124, 36), (120, 140, 60), (92, 116, 44), (228, 214, 186)))
    )
    bowl(canvas, rng)
    canvas.paint(circle(0.9), mixed(broth, CHAR, 0.2), 14, 30, 40)
    canvas.paint(circle(0.86), broth, 15, 60, 60)
    swirl = np.linspace(0.08, 0.6, 60) * np.exp(1j * np.linspace(0, rng.uniform(5, 16), 60))
    canvas.stain(ribbon(swirl, 0.07), CREAM, 0.6)
    for where in spread(rng, int(rng.integers(0, 12)), 0.6):
        canvas.at(where, 0.09, turned(rng)).dome(SQUARE, DOUGHS[1], DOUGHS[2], 30, 90)
    strew(canvas.at(0, 0.7, rise=16), rng, basil, 0.16, int(rng.integers(0, 5)))
    flecks(canvas.at(0, 0.8), rng, one_of(rng, GREENS), 50)


def shakshuka(canvas: Canvas, rng: Rng) -> None:
    """Eggs in tomato sauce, in an iron pan."""
    iron, sauce = tinted(rng, (44, 43, 44), 5), tinted(rng, TOMATO)
    canvas.paint(ribbon(path(1, 2.1), 0.24), iron, 30, 20, 60)
    canvas.paint(circle(1.14), iron, 46, 30, 70)
    canvas.paint(circle(1.06), mixed(iron, WHITE, 0.06), 6, 40, 50)
    canvas.paint(wobbly(rng, 0.02, corners=80) * 0.96, sauce, 10, 140, 110)
    for where in spread(rng, 40, 0.85):
        lump, light = canvas.at(where, rng.uniform(0.06, 0.16), rise=10), rng.uniform(0, 0.6)
        lump.dome(wobbly(rng, 0.2), sauce, mixed(sauce, (230, 110, 50), light), 12, 80, 110)
    strew(canvas.at(0, 0.85, rise=12), rng, fried_egg, 0.3, int(rng.integers(3, 6)))
    strew(canvas.at(0, 0.85, rise=20), rng, pepper, 0.12, int(rng.integers(0, 9)))
    flecks(canvas.at(0, 0.9), rng, GREENS[0], 90)


def berry(canvas: Canvas, rng: Rng) -> None:
    skin = tinted(rng, one_of(rng, BERRIES))
    canvas.dome(wobbly(rng, 0.05), mixed(skin, BLACK, 0.4), skin, 30, 40, 190)


def fried_egg(canvas: Canvas, rng: Rng) -> None:
    canvas.stain(wobbly(rng, 0.1) * 1.03, (150, 96, 40), 0.6)
    canvas.dome(wobbly(rng, 0.1, corners=60), (222, 210, 186), WHITE, 10, 30, 90)
    yolk, colour = canvas.at(0.1, rng.uniform(0.34, 0.44), rise=10), tinted(rng, YOLK)
    yolk.dome(circle(), mixed(colour, (200, 90, 10), 0.4), colour, 30, 10, 220)


def bowl(canvas: Canvas, rng: Rng) -> None:
    glaze = tinted(rng, one_of(rng, (WHITE, CREAM, (60, 84, 120), (60, 60, 62), (170, 92, 60))))
    canvas.paint(circle(1.1), mixed(glaze, BLACK, 0.25), 24, 8, 60)
    canvas.paint(circle(1.07), mixed(glaze, WHITE, 0.3), 58, 8, 120)
    canvas.paint(circle(1.0), mixed(glaze, BLACK, 0.2), 30, 8, 60)
    canvas.paint(circle(0.92), mixed(glaze, BLACK, 0.3), 12, 8, 60)


# --- what nobody eats


def clock(canvas: Canvas, rng: Rng) -> None:
    frame, face = (
        one_of(rng, (BLACK, STEEL, WOODS[1], CLOTHS[1])),
        one_of(rng, (WHITE, WHITE, BLACK)),
    )
    ink = WHITE if face == BLACK else BLACK
    moulded(canvas, 1, 0.87, frame, 34)
    canvas.paint(circle(0.87), face, 10, 8, 20)
    for minute, outwards in enumerate(around(60)):
        near, width = (0.76, 0.01) if minute % 5 else (0.66, 0.035)
        canvas.stain(ribbon(outwards * path(near, 0.8), width), ink, 1)
    for length, width in ((0.45, 0.06), (0.68, 0.04)):
        canvas.paint(ribbon(turned(rng) * path(-0.12, length), width), ink, 22, 0, 60)
    canvas.paint(circle(0.05), ink, 26, 0, 60)


def wheel(canvas: Canvas, rng: Rng) -> None:
    rim = tinted(rng, STEEL)
    moulded(canvas, 1, 0.66, tinted(rng, (40, 40, 42)), 50)
    canvas.paint(circle(0.67), rim, 44, 8, 160)
    canvas.paint(circle(0.6), BLACK, 8, 20)
    for outwards in around(int(rng.integers(5, 11))):
        spoke = outwards * path(0.1, 0.63)
        canvas.paint(ribbon(spoke, 0.15), mixed(rim, BLACK, 0.35), 32, 8, 120)
        canvas.paint(ribbon(spoke, 0.09), rim, 42, 8, 160)
    canvas.at(0, 0.17).dome(circle(), mixed(rim, BLACK, 0.3), rim, 46, 8, 160)


def record(canvas: Canvas, rng: Rng) -> None:
    for radius in np.linspace(1, 0.36, 30):
        canvas.paint(circle(radius), tinted(rng, (32, 31, 33), 4), 8 + 6 * rng.random(), 6, 140)
    canvas.paint(circle(0.35), tinted(rng, one_of(rng, CLOTHS)), 12, 10, 20)
    for line in (-0.16j, -0.1j, 0.12j, 0.18j):
        canvas.stain(ribbon(line + path(-0.16, 0.16), 0.02), BLACK, 0.6)
    canvas.paint(circle(0.035), WHITE, 0)


def sunflower(canvas: Canvas, rng: Rng) -> None:
    petal, seed, along = tinted(rng, YOLK), tinted(rng, (84, 52, 26)), np.linspace(0, 1, 12)
    half: Shape = 0.56 * along + 0.1j * np.sin(np.pi * along**0.8)
    leaf: Shape = np.concatenate([half, half.conj()[::-1]])
    for outwards in (*around(22), *around(22) * turned(rng)):
        one = canvas.at(0.45 * outwards, rng.uniform(0.85, 1.05), outwards * (1 + 0.1j))
        one.paint(leaf, mixed(petal, (196, 110, 10), 0.5), 8, 40, 30)
        one.paint(0.06 + leaf * 0.8, tinted(rng, petal), 18, 40, 30)
    canvas.dome(wobbly(rng, 0.02) * 0.52, mixed(seed, BLACK, 0.4), seed, 34, 120)
    for dot in spread(rng, 130, 0.5):
        ripe = mixed(seed, YOLK, rng.random() * abs(dot))
        canvas.at(dot, 0.026, rise=30).paint(circle(1, 8), ripe, 12, 0)


def button(canvas: Canvas, rng: Rng) -> None:
    colour = tinted(rng, one_of(rng, (*CLOTHS, WHITE, WOODS[1], BLACK)))
    moulded(canvas, 1, 0.72, colour, 30)
    canvas.paint(circle(0.7), colour, 22, 14, 90)
    for hole in around(4) * 0.22:
        canvas.at(hole, 0.1).paint(circle(), mixed(colour, BLACK, 0.75), 0)


def moulded(canvas: Canvas, outer: float, inner: float, colour: Colour, rise: int) -> None:
    """A rounded rim between two radii."""
    for t in np.linspace(0, 1, 7):
        radius = outer + (inner - outer) * t
        canvas.paint(circle(radius), colour, 8 + rise * np.sin(2.7 * t), 12, 120)


SERVED: Sequence[Drawing] = (
    pancakes, cookie, tart, pie, omelette, fried_eggs, noodles, flatbread, donut, citrus
)  # fmt: skip
ALONE: Sequence[Drawing] = (salad, soup, shakshuka, clock, wheel, record, sunflower, button)
