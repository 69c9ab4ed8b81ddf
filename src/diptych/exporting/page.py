"""What came of an export, for people: a table, a recommendation, and how to use each file."""

from collections.abc import Iterator, Sequence

from diptych.bundles.format import Bundle
from diptych.exporting.examples import example_name, has_example
from diptych.exporting.formats import FLOAT, FORMATS
from diptych.exporting.judging import Row

HEAD = (
    *("file", "MiB", "Δ probability", "Δ OOD score", "accuracy"),
    *("one picture (p50 / p95)", "pictures/s", "batch"),
)


def cells(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """A line of the table for each file that is there."""
    for row in rows:
        if row.refusal or row.speed is None:
            continue
        speed, strange = row.speed, row.ood_score_difference
        yield (
            row.files[0],
            f"{row.bytes / 2**20:.2f}",
            f"{row.max_difference:.1e}",
            "–" if strange is None else f"{strange:.1e}",
            str(row.accuracy),
            f"{speed.p50:.2f} / {speed.p95:.2f} ms",
            f"{speed.rate:,.0f}",
            str(speed.batch),
        )


def recommendation(rows: Sequence[Row]) -> str:
    """Which of the files to take on this machine; "" where there are none to choose from."""
    good = [(row, row.speed) for row in rows if row.speed and _whole(row) and _as_accurate(row)]
    if not good:
        return ""
    many, often = max(good, key=lambda pair: pair[1].rate)
    one, once = min(good, key=lambda pair: pair[1].p50)
    rate, wait = f"{often.rate:,.0f} pictures/s", f"{once.p50:.2f} ms"
    of = "Of the files that are as accurate as the network within noise,"
    if many is one:
        return f"{of} {many.files[0]} is the fastest on this machine: {rate}, {wait} for one."
    return (
        f"{of} {many.files[0]} is the fastest for many pictures on this machine ({rate}), "
        f"{one.files[0]} for one at a time ({wait})."
    )


def _whole(row: Row) -> bool:
    """Whether it is there, and knows outliers."""
    return not row.refusal and row.ood_score_difference is not None


def _as_accurate(row: Row) -> bool:
    return row.fidelity is None or row.fidelity.drop.low <= 0


def readme(bundle: Bundle, rows: Sequence[Row], reference: str) -> str:
    """The README of a folder of exports, in Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---|" + "---:|" * (len(HEAD) - 1)]
    lines += ["| " + " | ".join(line) + " |" for line in cells(rows)]
    lighter = [f"- {row.name}: {row.fidelity}." for row in rows if row.fidelity and not row.refusal]
    refused = [f"- {row.name}: {row.refusal}." for row in rows if row.refusal]
    used = [f"- {_use(row, bundle)}" for row in rows if not row.refusal]
    height, width, channels = bundle.shape
    colours = "grey" if channels == 1 else "RGB"
    order = ", ".join(bundle.classes)
    pictures = max((row.pictures for row in rows), default=0)
    sections = [
        f"# {bundle.path.name}, exported",
        f"Tells pictures apart: {order}.",
        f"Every file was run by its own runtime on {pictures:,} validation pictures, 1, 7 and 32 "
        f"at a time, and compared with {reference} before it was put here. `Δ probability` is the "
        "largest difference in probability, `Δ OOD score` that in OOD score. Accuracy is on "
        "the same pictures, which chose the best epoch too; the bundle's README has it on test "
        "pictures. Speed is that of the machine that exported, all processors at work: the time "
        "for one picture, and the most pictures a second, in batches of that size. `gate.json` "
        "has all of it as numbers.",
        "\n".join(lines),
        recommendation(rows),
        "\n".join(lighter),
        "## How to use them\n\n"
        f"Files take `images`, uint8 pixels (N, {height}, {width}, {channels}): {colours} pictures "
        "squashed to that size by an antialiased triangle filter, Pillow's `BILINEAR`. One with "
        "`any_size` in its name takes a single `picture`, RGB (H, W, 3), of any size. They answer "
        f"with calibrated `probabilities` in the order {order}, and with `OOD score`, which "
        "above 1 means none of these. The network whose weights are in a `.pth` answers with "
        "logits, of which softmax makes the probabilities, and knows no outliers.\n\n"
        "Each script answers for one picture, and needs `pip install numpy pillow` and the "
        "package that is named.",
        "\n".join(used),
        "## Refused\n\n" + "\n".join(refused) if refused else "",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _use(row: Row, bundle: Bundle) -> str:
    """A file, what runs it, and the script that shows how."""
    format, (file, *others) = FORMATS[row.format], row.files
    beside = "".join(f" with `{name}` beside it" for name in others)
    if has_example(row.format, row.kind):
        shown = f"`python {example_name(row.format, row.kind)} PICTURE`"
    else:
        shown = f"as in `{example_name(row.format, FLOAT)}`, with this file's name"
    package = format.package
    if format.name == "torch" and bundle.facts["network"].startswith("timm/"):
        package += " timm"
    return f"`{file}`{beside}: {format.runtime}, `pip install {package}`; {shown}"
