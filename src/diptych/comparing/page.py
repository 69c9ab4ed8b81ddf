"""A comparison as a page: the verdict, the table, the plots, and where the two disagree."""

import importlib.metadata
from collections.abc import Iterator
from typing import Any

from diptych.comparing.engine_comparison import NOT_REPRODUCIBLE, Candidate, EngineComparison
from diptych.images.decoding import pixel_store
from diptych.metrics import METHOD
from diptych.reporting.pages import SMALL, page, picture_url
from diptych.reporting.plots import Bar, Line, intervals, lines
from diptych.system.cores import cores

# Pictures in the gallery: enough to see a pattern, few enough for a page of a megabyte.
GALLERY = 24


def comparison_page(comparison: EngineComparison) -> str:
    """The whole page as HTML. The pixels of the test pictures are in the cache."""
    first, second = comparison.candidates
    gap = comparison.difference
    bars = [Bar(f"{first.engine} − {second.engine}", *(100 * value for value in gap))]
    gallery = list(_gallery(comparison))
    return page(
        "comparison.html",
        {
            "title": f"{first.engine} and {second.engine} on the same pictures",
            "diptych": importlib.metadata.version("diptych"),
            "verdict": comparison.verdict(),
            "parts": {part: f"{count:,}" for part, count in comparison.parts.items()},
            "seeds": [run.seed for run in first.runs],
            "start_difference": f"{comparison.start_difference:.1e}",
            "engines": [first.engine, second.engine],
            "rows": list(comparison.rows()),
            "interval": METHOD,
            "difference_plot": intervals(
                bars, "Difference of the test accuracies", "points of accuracy", zero=0.0
            ),
            "difference_says": (
                f"Test accuracy of {first.engine} less that of {second.engine}: a difference of "
                f"{100 * abs(gap.value):.2f} points, 95 % interval {gap.reach}."
            ),
            "tests": [
                (run.seed, test) for run, test in zip(first.runs, comparison.tests, strict=True)
            ],
            "history_plot": lines(
                [line for candidate in comparison.candidates for line in _histories(candidate)],
                "Accuracy on the validation pictures, a line for each seed",
                "seconds of training",
                "validation accuracy, %",
            ),
            "history_says": " ".join(map(_history_says, comparison.candidates)),
            "agreement": f"{comparison.agreement:.2%}",
            "disagreements": f"{sum(1 for _ in comparison.disagreements()):,}",
            "gallery": gallery,
            "not_reproducible": NOT_REPRODUCIBLE,
            "cores": cores(),
            "versions": ", ".join(f"{n} {v}" for n, v in first.speed.versions.items()),
            "recipe": comparison.recipe.to_toml(),
        },
    )


def _histories(candidate: Candidate) -> Iterator[Line]:
    """A line for each seed: the validation accuracy against the seconds of training."""
    for run in candidate.runs:
        seconds, so_far = [], 0.0
        for epoch in run.history:
            so_far += epoch["train_seconds"]
            seconds.append(so_far)
        yield Line(candidate.engine, seconds, [100 * e["valid_accuracy"] for e in run.history])


def _history_says(candidate: Candidate) -> str:
    best = [max(epoch["valid_accuracy"] for epoch in run.history) for run in candidate.runs]
    return (
        f"{candidate.engine} reached {min(best):.2%} to {max(best):.2%} of the validation pictures "
        f"and took {candidate.seconds_to_best:.1f} s to its best epoch on average."
    )


def _gallery(comparison: EngineComparison) -> Iterator[dict[str, Any]]:
    dataset = comparison.first.runs[0].predictions.dataset
    store = pixel_store(dataset.shape_at(comparison.recipe.image_size), dataset.bits)
    engines = [candidate.engine for candidate in comparison.candidates]
    for _, (position, label, *answers) in zip(
        range(GALLERY), comparison.disagreements(), strict=False
    ):
        sample = dataset.samples[position]
        pixels = store.read([sample.digest])[0]
        facts = store.facts(sample.digest)
        yield {
            "name": sample.name,
            "label": label,
            "answers": list(zip(engines, answers, strict=True)),
            "url": picture_url(pixels),
            # Pixels are squashed to a square; a browser gives them their own sides back.
            "width": facts["width"],
            "height": facts["height"],
            "small": max(pixels.shape[:2]) <= SMALL,
        }
