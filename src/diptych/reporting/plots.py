"""Plots as SVG inside a page: drawn by Matplotlib, in the colours of the page, light or dark."""

import io
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from diptych.errors import MissingExtra
from diptych.system.privacy import folders_in_cache
from diptych.system.silence import quiet

# Readable on white and on almost black alike.
COLOURS = ("#c2410c", "#2563eb", "#15803d", "#c026d3", "#a16207", "#0e7490", "#78716c")
# One more than colours: lines of one colour have other markers.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
BINS = 40
WIDTH = 4.8  # inches; text of 10 points is still 9 pixels high where a phone has 320 for it
TITLE, NAME = 50, 28  # letters of a line of a title, and of a name beside an axis
_INK = "#010203"  # stands for the colour of the page's text until the plot is in it


class Line(NamedTuple):
    """A line of a plot; lines of the same name look alike and have one entry in the legend."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    reach: Sequence[tuple[float, float]] = ()  # the interval of each y, shown as a band
    style: str = "-"


class Axis(NamedTuple):
    """An upright axis among parallel ones; what stands at its places, from 0 below to 1 above."""

    name: str
    ticks: Sequence[tuple[float, str]]


class Bar(NamedTuple):
    """A value with its interval."""

    name: str
    value: float
    low: float
    high: float


def lines(series: Sequence[Line], title: str, x_label: str, y_label: str) -> str:
    """Lines over a common axis, as SVG."""
    names = list(dict.fromkeys(line.name for line in series))
    with _figure(title, 3.2) as (axes, svg):
        for line in series:
            style = line_style(names.index(line.name), line.style)
            axes.plot(line.x, line.y, **style)
            if line.reach:
                low, high = zip(*line.reach, strict=True)
                axes.fill_between(line.x, low, high, color=style["color"], alpha=0.15, linewidth=0)
        for number, name in enumerate(names):
            dash = next(line.style for line in series if line.name == name)
            axes.plot([], [], **line_style(number, dash), label=_text(name))
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        if len(names) > 1:
            axes.legend(frameon=False)
    return svg[0]


def line_style(number: int, style: str) -> dict[str, Any]:
    """How the lines of one name look: up to 56 names are told apart, 8 of them without colour.

    Without a style there are markers alone.
    """
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": style,
        "marker": MARKERS[number % len(MARKERS)] if style in ("-", "") else "",
        "markersize": 4,
        "alpha": 0.8,
    }


def histograms(
    groups: Mapping[str, Sequence[float]],
    title: str,
    x_label: str,
    y_label: str,
    mark: float | None = None,
) -> str:
    """How often values occur, for groups of them over common bins, as SVG; `mark` is a line."""
    most = max(max(values) for values in groups.values())
    with _figure(title, 2.9) as (axes, svg):
        for i, (name, values) in enumerate(groups.items()):
            colour = COLOURS[i % len(COLOURS)]
            edges = [most * edge / BINS for edge in range(BINS + 1)]
            axes.hist(values, bins=edges, color=colour, alpha=0.6, label=_text(name))
        if mark is not None:
            axes.axvline(mark, color=_INK, linewidth=0.8, linestyle="--")
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.legend(frameon=False)
    return svg[0]


def intervals(bars: Sequence[Bar], title: str, x_label: str, zero: float | None = None) -> str:
    """Values with their intervals, one below the other, as SVG; `zero` is marked by a line."""
    with _figure(title, 1.1 + 0.38 * len(bars)) as (axes, svg):
        for row, bar in enumerate(bars):
            colour = COLOURS[row % len(COLOURS)]
            reach = [[bar.value - bar.low], [bar.high - bar.value]]
            axes.errorbar(bar.value, row, xerr=reach, fmt="o", color=colour, capsize=4)
        if zero is not None:
            axes.axvline(zero, color=_INK, linewidth=0.8, linestyle="--")
        axes.set_yticks(range(len(bars)), [_text(bar.name) for bar in bars])
        axes.set_ylim(len(bars) - 0.5, -0.5)
        axes.set_xlabel(x_label)
    return svg[0]


def shares(share_of: Mapping[str, float], title: str, x_label: str) -> str:
    """Shares of one as bars, one below the other, as SVG."""
    with _figure(title, 1.1 + 0.3 * len(share_of)) as (axes, svg):
        axes.barh(
            range(len(share_of)), [100 * share for share in share_of.values()], color=COLOURS[1]
        )
        axes.set_yticks(range(len(share_of)), [_text(name) for name in share_of])
        axes.set_ylim(len(share_of) - 0.5, -0.5)
        axes.set_xlabel(x_label)
    return svg[0]


def parallel(
    upright: Sequence[Axis], series: Sequence[Line], title: str, widths: Sequence[float]
) -> str:
    """Lines across parallel axes, as SVG: each has a place on every axis, and is so wide.

    Lines of one name have one colour.
    """
    names = list(dict.fromkeys(line.name for line in series))
    with _figure(title, 3.6) as (axes, svg):
        for line, width in zip(series, widths, strict=True):
            colour = COLOURS[names.index(line.name) % len(COLOURS)]
            axes.plot(line.x, line.y, line.style, color=colour, linewidth=width, alpha=0.8)
        for number, name in enumerate(names):
            style = next(line.style for line in series if line.name == name)
            axes.plot([], [], style, color=COLOURS[number % len(COLOURS)], label=_text(name))
        for place, axis in enumerate(upright):
            axes.axvline(place, color=_INK, linewidth=0.8)
            for height, text in axis.ticks:
                axes.annotate(
                    _text(text), (place, height), (3, 2), textcoords="offset points", fontsize=8
                )
        axes.set_xticks(
            range(len(upright)), [_text(axis.name) for axis in upright], rotation=30, ha="right"
        )
        axes.set_yticks([])
        axes.grid(False)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(-0.1, len(upright) - 0.6)
        axes.set_ylim(-0.05, 1.1)
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=len(names))
    return svg[0]


@contextmanager
def _figure(title: str, height: float) -> Iterator[tuple[Any, list[str]]]:
    """Axes to draw on, `height` inches high; afterwards the list holds the SVG."""
    try:
        with quiet("matplotlib"), folders_in_cache("matplotlib"):
            import matplotlib as mpl
            from matplotlib.figure import Figure
    except ModuleNotFoundError as cause:
        raise MissingExtra("Matplotlib", "report") from cause
    style: dict[Any, Any] = {
        "svg.fonttype": "none",  # text stays text: small, and readable by machines
        "svg.hashsalt": title,  # the same plot has the same names inside
        "font.family": "sans-serif",
        "font.size": 10,
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), _INK),
        **dict.fromkeys(("xtick.color", "ytick.color"), _INK),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "grid.color": _INK,
    }
    svg: list[str] = []
    with mpl.rc_context(style):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        figure.suptitle(textwrap.fill(title, TITLE), fontsize=11)
        yield axes, svg
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    svg.append(_inline(file.getvalue()))


def _text(name: str) -> str:
    """A name as Matplotlib can draw it: those of folders may be long, or bytes that are no text."""
    text = name.encode(errors="replace").decode()
    return text if len(text) <= NAME else f"{text[: NAME - 1]}…"


def _inline(svg: str) -> str:
    """An SVG file as a part of a page: no prolog, no names that a second plot would have too."""
    inner = svg[svg.index("<svg") :]
    inner = re.sub(r'<g id="[^"]*"', "<g", inner)
    inner = re.sub(r"<metadata>.*?</metadata>", "", inner, flags=re.DOTALL)
    inner = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", inner)
    inner = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", inner)
    return inner.replace("<svg", '<svg aria-hidden="true"', 1).replace(_INK, "currentColor")
