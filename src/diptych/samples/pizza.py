"""Pizzas, whole and in slices, and what lies on them."""

from collections.abc import Sequence

import numpy as np

from diptych.samples.canvas import (
    BLACK,
    CHAR,
    CREAM,
    DOUGHS,
    GREENS,
    SQUARE,
    TOMATO,
    WHITE,
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

CHEESES: Sequence[Colour] = ((248, 198, 96), (238, 174, 70), (248, 214, 140))


def whole_pizza(canvas: Canvas, rng: Rng) -> None:
    """Dough, sauce, cheese, and one to four toppings."""
    rim = rng.uniform(0.08, 0.19)
    crust(canvas, rng, rim)
    melted(canvas.at(0, 1 - rim, rise=12), rng)
    for index in rng.permutation(len(TOPPINGS))[: rng.integers(1, 5)]:
        topping, size, most = TOPPINGS[index]
        strew(canvas.at(0, 0.94 - rim, rise=22), rng, topping, size, int(rng.integers(5, most)))
    if rng.random() < 0.4:
        flecks(canvas.at(0, 0.93 - rim), rng, one_of(rng, GREENS), 50)


def sliced_pizza(canvas: Canvas, rng: Rng) -> None:
    """Cut into six, eight or ten; up to two slices may be gone."""
    before, slices = canvas.snapshot(), 2 * int(rng.integers(3, 6))
    whole_pizza(canvas, rng)
    width, gone = rng.uniform(0.008, 0.022), one_of(rng, (0, 0, 1, 1, 2))
    canvas.uncover(before, [ribbon(path(0, 1.15 * cut), width) for cut in around(slices)])
    if gone:
        canvas.uncover(before, [wedge(0, gone * 2 * np.pi / slices, 1.2)])
        flecks(canvas, rng, DOUGHS[1], 12)


def slice_of_pizza(canvas: Canvas, rng: Rng) -> None:
    """One slice, seen from near by."""
    before, half = canvas.snapshot(), rng.uniform(0.3, 0.55)
    pizza = canvas.at(-1.05, rng.uniform(1.75, 2.0))
    whole_pizza(pizza, rng)
    pizza.uncover(before, [wedge(half, 2 * np.pi - half, 2.5)])
    for side in (-half, half):
        pizza.stain(ribbon(np.exp(1j * side) * path(0.03, 0.93), 0.02), CREAM, 0.6)


PIZZAS: Sequence[Drawing] = (*3 * [whole_pizza], *2 * [sliced_pizza], slice_of_pizza)


def crust(canvas: Canvas, rng: Rng, rim: float) -> None:
    dough, edge = tinted(rng, one_of(rng, DOUGHS)), wobbly(rng, 0.035, corners=96)
    for t in np.linspace(0, 1, 7):
        colour = mixed(mixed(dough, CHAR, 0.45), mixed(dough, CREAM, 0.35), t**0.5)
        canvas.paint(edge * (1 - 1.1 * rim * t), colour, 8 + 34 * np.sin(2.6 * t), 60)
    for _ in range(24):
        outwards, shade = turned(rng), tinted(rng, mixed(dough, CHAR, rng.uniform(0, 0.3)))
        where = (1 - rim * rng.uniform(0.35, 0.6)) * outwards
        bubble = canvas.at(where, rim * rng.uniform(0.3, 0.62), 1j * outwards, rise=24)
        bubble.dome(wobbly(rng, 0.12, long=1.5), shade, mixed(shade, CREAM, 0.3), 18, 60)
    burnt = rng.uniform(0.2, 0.75)
    for _ in range(30):
        outwards = turned(rng)
        where = (1 - rim * rng.uniform(0, 0.7)) * outwards
        spot = canvas.at(where, rim * rng.uniform(0.1, 0.4), 1j * outwards)
        spot.stain(wobbly(rng, 0.25, long=1.6), CHAR, rng.uniform(0.1, 0.9) * burnt)


def melted(canvas: Canvas, rng: Rng) -> None:
    """Sauce, and cheese: patches of it, all over, or all over and no tomato under it."""
    style = one_of(rng, ("patches", "patches", "all over", "all over", "all over", "white"))
    cheese = tinted(rng, one_of(rng, CHEESES))
    sauce = tinted(rng, CREAM if style == "white" else TOMATO)
    canvas.paint(wobbly(rng, 0.03, corners=80) * 1.04, mixed(sauce, CHAR, 0.2), 0, 80, 60)
    canvas.paint(wobbly(rng, 0.04, corners=80) * 0.99, sauce, 2, 110, 80)
    if style == "patches":
        for where in spread(rng, int(rng.integers(7, 16)), 0.9):
            blob = canvas.at(where, rng.uniform(0.13, 0.26))
            blob.stain(wobbly(rng, 0.14) * 1.2, (226, 120, 60), 0.5)
            blob.dome(wobbly(rng, 0.16), mixed(cheese, WHITE, 0.3), WHITE, 10, 40, 90)
        stains(canvas, rng, mixed(sauce, CHAR, 0.5), 25, 0.35)
        return
    oily = mixed(cheese, (226, 96, 20), 0.4)
    if rng.random() < 0.7:
        canvas.paint(wobbly(rng, 0.07, corners=60) * 0.95, mixed(sauce, oily, 0.8), 4, 80, 110)
        canvas.paint(wobbly(rng, 0.08, corners=60) * 0.92, cheese, 6, 80, 110)
    for where in spread(rng, 26, 0.84):
        blob, shade = canvas.at(where, rng.uniform(0.12, 0.26)), tinted(rng, cheese, 6)
        shape = wobbly(rng, 0.14)
        blob.stain(shape * 1.12, oily, 0.45)
        blob.dome(shape, mixed(shade, oily, 0.3), shade, 7, 80, 110)
    stains(canvas, rng, mixed(sauce, oily, 0.3), int(rng.integers(4, 24)), 0.6)
    stains(canvas, rng, (178, 100, 36), 26, 0.4)
    stains(canvas, rng, mixed(cheese, WHITE, 0.5), 12, 0.35)


# --- toppings


def pepperoni(canvas: Canvas, rng: Rng) -> None:
    meat = tinted(rng, (172, 50, 32))
    canvas.paint(wobbly(rng, 0.05), mixed(meat, CHAR, 0.55), 8, 60, 90)
    canvas.paint(wobbly(rng, 0.04) * 0.88, meat, 14, 90, 130)
    canvas.paint(wobbly(rng, 0.08) * 0.6, mixed(meat, (226, 120, 70), 0.3), 7, 90, 130)
    for where in spread(rng, 5, 0.8):
        canvas.at(where, rng.uniform(0.08, 0.15)).stain(circle(1, 9), (236, 160, 120), 0.45)


def mushroom(canvas: Canvas, rng: Rng) -> None:
    flesh, stem = tinted(rng, (224, 206, 178)), path(0.28, 0.22 + 0.85j, -0.22 + 0.85j, -0.28)
    cap: Shape = np.concatenate([arc(np.pi - 0.25, 2 * np.pi + 0.25), stem])
    canvas.paint(cap, mixed(flesh, CHAR, 0.45), 8, 40)
    canvas.paint(cap * 0.88, flesh, 13, 40, 40)
    canvas.stain(ribbon(arc(np.pi, 2 * np.pi) * 0.55 + 0.1j, 0.1), (120, 84, 60), 0.7)


def olive(canvas: Canvas, rng: Rng) -> None:
    skin = tinted(rng, one_of(rng, ((40, 34, 32), (40, 34, 32), (112, 116, 44))))
    canvas.paint(ring(circle(), circle(0.45)), skin, 10, 20, 120)
    canvas.paint(ring(circle(0.85), circle(0.55)), mixed(skin, CREAM, 0.12), 18, 20, 160)


def basil(canvas: Canvas, rng: Rng) -> None:
    green, along = tinted(rng, one_of(rng, GREENS[:3])), np.linspace(-1, 1, 15)
    half: Shape = along + 0.55j * np.sqrt(1 - along**2) * (1 - 0.35 * along)
    leaf = np.concatenate([half, half.conj()[::-1]])
    canvas.dome(leaf, mixed(green, BLACK, 0.25), green, 16, 50, 80)
    canvas.stain(ribbon(path(-0.9, 0.9), 0.06), mixed(green, CREAM, 0.5), 0.7)
    for side in (0.35j, -0.35j):
        canvas.stain(ribbon(path(-0.3, 0.1 + side), 0.05), CREAM, 0.25)


def pepper(canvas: Canvas, rng: Rng) -> None:
    skin = tinted(rng, one_of(rng, ((64, 124, 44), (196, 40, 30), (236, 176, 40))))
    bow = arc(0, rng.uniform(1.6, 3.6)) * 0.9
    canvas.paint(ribbon(bow, 0.26), mixed(skin, BLACK, 0.25), 10, 20, 120)
    canvas.paint(ribbon(bow * 0.95, 0.13), mixed(skin, CREAM, 0.25), 18, 20, 160)


def onion(canvas: Canvas, rng: Rng) -> None:
    skin = tinted(rng, one_of(rng, ((150, 70, 110), (224, 206, 180))))
    for radius in (0.95, 0.72):
        bow = arc(0, rng.uniform(2, 6.2)) * radius
        canvas.paint(ribbon(bow, 0.1), skin, 8, 10, 80)
        canvas.paint(ribbon(bow * 0.96, 0.05), mixed(skin, WHITE, 0.6), 11, 10, 80)


def ham(canvas: Canvas, rng: Rng) -> None:
    meat, shape = tinted(rng, (226, 148, 132)), SQUARE * (rng.uniform(0.75, 1) + 0.06j)
    canvas.paint(shape, mixed(meat, CHAR, 0.25), 8, 50, 60)
    canvas.paint(shape * 0.86, meat, 12, 60, 70)


def tomato(canvas: Canvas, rng: Rng) -> None:
    red = tinted(rng, (204, 52, 34))
    canvas.paint(wobbly(rng, 0.03), mixed(red, CHAR, 0.2), 12, 20, 120)
    canvas.paint(circle(0.88), mixed(red, (240, 130, 90), 0.5), 14, 40, 140)
    for where in around(5) * 0.5:
        canvas.at(where, 0.24).paint(circle(1, 14), red, 8, 60, 160)
        canvas.at(where, 0.1).paint(circle(1, 8), (238, 190, 110), 12, 10, 60)


def sausage(canvas: Canvas, rng: Rng) -> None:
    meat = tinted(rng, (128, 76, 46))
    canvas.dome(wobbly(rng, 0.08), mixed(meat, CHAR, 0.6), meat, 26, 140, 60)


TOPPINGS: Sequence[tuple[Drawing, float, int]] = (  # what, its radius, fewer than so many
    (pepperoni, 0.17, 19),
    (pepperoni, 0.19, 16),
    (mushroom, 0.13, 16),
    (olive, 0.07, 20),
    (basil, 0.17, 11),
    (pepper, 0.15, 16),
    (onion, 0.17, 13),
    (ham, 0.11, 18),
    (tomato, 0.16, 12),
    (sausage, 0.08, 22),
)
