"""From clean parts to something tested: `train` and `compare`."""

import time
from pathlib import Path

from diptych.cli.preparing import prepared, read_data, refuse_inside
from diptych.cli.streams import print_json, print_scores
from diptych.system import interrupts


def train(
    data: Path,
    test: Path | None,
    shape: str | None,
    value_range: str | None,
    out: Path,
    recipe: Path | None,
    settings: list[str],
    force: bool,
    as_json: bool,
    **choices: str | int | None,
) -> None:
    """Audit, split, train, test and export: a folder of pictures becomes a tested bundle."""
    started = time.monotonic()
    from diptych.bundles import format as bundle
    from diptych.images import cache

    bundle.refuse_unwritable(out, force)
    refuse_inside(out, data, test)
    pictures, chosen = read_data(data, test, shape, value_range, recipe, settings, choices)

    from diptych.classifier import ImageClassifier
    from diptych.system.progress import shown

    found, parts = prepared(pictures, chosen)
    model = ImageClassifier(chosen).fit(
        parts.train, parts.valid, keep=cache.folder() / "runs", track=shown
    )
    tested = model.evaluate(parts.test, track=shown)
    tested.save(out, audit=found, force=force)
    interrupts.ignore()  # the same command would only be told that the bundle exists
    model.forget_checkpoints()
    scores, baseline = tested.predictions.scores(), tested.baseline.scores()
    if as_json:
        print_json(
            {
                "bundle": str(out),
                "files": found.files,
                "used": found.used,
                "set_aside": found.set_aside,
                "seconds": round(time.monotonic() - started, 2),
                "parts": {part: len(data) for part, data in parts._asdict().items()},
                "test": scores.to_json(),
                "baseline": baseline.to_json(),
            }
        )
        return
    print(found)
    print_scores(scores)
    print(f"linear baseline: {baseline.accuracy} accuracy")
    # Without the extra "report" there is only the model card.
    told = next(p for p in (out / "report.html", out / "README.md") if p.exists())
    print(f"{out} written in {time.monotonic() - started:.0f} s; {told} tells more")


def compare(
    data: Path,
    test: Path | None,
    shape: str | None,
    value_range: str | None,
    engines: str,
    seeds: int,
    out: Path,
    recipe: Path | None,
    settings: list[str],
    force: bool,
    as_json: bool,
    **choices: str | int | None,
) -> None:
    """Train in two frameworks on the same data: one table, one verdict."""
    from diptych.bundles.format import refuse_unwritable_file
    from diptych.system.files import write_file

    refuse_unwritable_file(out, force)
    names = [name.strip() for name in engines.split(",")]
    pictures, chosen = read_data(
        data, test, shape, value_range, recipe, settings, {**choices, "engine": names[0]}
    )

    from diptych.cli.display import table
    from diptych.comparing.engines import compare as both
    from diptych.comparing.engines import refuse_unfit
    from diptych.comparing.page import comparison_page

    refuse_unfit(chosen, names, seeds)
    _, parts = prepared(pictures, chosen)
    found = both(parts, chosen, names, seeds=seeds, progress=True)
    write_file(out, comparison_page(found).encode(errors="surrogateescape"))
    found.forget_runs()
    if as_json:
        print_json({"page": str(out), **found.to_json()})
        return
    print(table(("", *(candidate.engine for candidate in found.candidates)), found.rows()))
    for pair in found.tests:
        print(f"McNemar's exact test: {pair}")
    print(f"same answer on {found.agreement:.2%} of the test pictures")
    print(found.verdict())
    print(f"{out} shows it, with the pictures on which they disagree")
