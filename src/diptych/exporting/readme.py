"""The README of a folder of exports: how each file was checked, and how to use it."""

from collections.abc import Sequence

from diptych.bundles.format import Bundle
from diptych.bundles.model_card import white_of
from diptych.exporting.examples import example_name, has_example
from diptych.exporting.formats import FORMATS
from diptych.exporting.formats.contract import FLOAT
from diptych.exporting.row import Row
from diptych.exporting.table import HEAD, cells, recommendation
from diptych.networks.libraries import LIBRARIES


def readme(bundle: Bundle, rows: Sequence[Row], reference: str) -> str:
    """The page in Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---|" + "---:|" * (len(HEAD) - 1)]
    lines += ["| " + " | ".join(line) + " |" for line in cells(rows)]
    lighter = [f"- {row.name}: {row.fidelity}." for row in rows if row.fidelity and not row.refusal]
    refused = [f"- {row.name}: {row.refusal}." for row in rows if row.refusal]
    sections = [
        f"# {bundle.path.name}, exported",
        f"Tells pictures apart: {', '.join(bundle.classes)}.",
        _how_checked(max((row.pictures for row in rows), default=0), reference),
        "\n".join(lines),
        recommendation(rows),
        "\n".join(lighter),
        _how_to_use(bundle),
        "\n".join(f"- {_use(row, bundle)}" for row in rows if not row.refusal),
        "## Refused\n\n" + "\n".join(refused) if refused else "",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _how_checked(pictures: int, reference: str) -> str:
    return (
        f"Every file was run by its own runtime on {pictures:,} validation pictures, 1, 7 and 32 "
        f"at a time, and compared with {reference} before it was put here. `Δ probability` is the "
        "largest difference in probability, `Δ OOD score` that in the OOD score. Accuracy is on "
        "the same pictures, which chose the best epoch too; the bundle's README has it on test "
        "pictures. Speed is that of the machine that exported, all processors at work: the time "
        "for one picture, and the most pictures a second, in batches of that size. `gate.json` "
        "has all of it as numbers."
    )


def _how_to_use(bundle: Bundle) -> str:
    height, width, channels = bundle.shape
    colours = "grey" if channels == 1 else "RGB"
    return (
        "## How to use them\n\n"
        f"Files take `images`, uint8 pixels (N, {height}, {width}, {channels}): {colours} pictures "
        "squashed to that size by an antialiased triangle filter, Pillow's `BILINEAR`. One with "
        "`any_size` in its name takes a single `picture`, RGB (H, W, 3), of any size. They answer "
        f"with calibrated `probabilities` in the order {', '.join(bundle.classes)}, and with "
        "`ood_score`, which above 1 means none of these. The network whose weights are in a `.pth` "
        "answers with logits, of which softmax makes the probabilities, and knows no outliers."
        f"{white_of(bundle.bits)}\n\n"
        "Each script answers for one picture, and needs `pip install numpy pillow` and the "
        "package that is named."
    )


def _use(row: Row, bundle: Bundle) -> str:
    """A file, what runs it, and the script that shows how."""
    format, (file, *others) = FORMATS[row.format], row.files
    stem = file.removesuffix(format.endings[0])
    beside = "".join(f" with `{name}` beside it" for name in others)
    if has_example(row.format, row.kind):
        shown = f"`python {example_name(row.format, row.kind)} PICTURE`"
    else:
        shown = f"as in `{example_name(row.format, FLOAT)}`, with this file's name"
    package = format.package
    library = bundle.facts["network"].partition("/")[0]
    if format.needs_library and library in LIBRARIES:
        package += f" {library}"
    note = f". {format.note.format(file=file, stem=stem)}" if format.note else ""
    return f"`{file}`{beside}: {format.runtime}, `pip install {package}`; {shown}{note}"
