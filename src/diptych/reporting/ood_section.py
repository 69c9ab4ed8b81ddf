"""What a report says of pictures of something else."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from diptych.metrics import Score, percent
from diptych.reliability.ood import NO_SCORE, NONE
from diptych.reporting.plots import histograms
from diptych.reporting.report import Report


def ood_section(report: Report) -> dict[str, Any] | None:
    """What the page says and draws; None where the answers have no OOD scores."""
    ood_score_N = report.predictions.ood_score_N
    if ood_score_N is None:
        return None
    facts = report.facts["ood"]
    if facts["method"] == NONE:
        return {"plot": "", "says": NO_SCORE, "comparison": ""}
    # Far outliers would squeeze the rest into a corner.
    groups = {"pictures of the test": np.minimum(ood_score_N, 3).tolist()}
    title = "How strange the pictures are"
    refused = int((ood_score_N > 1).sum())
    by_score = {
        method: {name: Score(**score) for name, score in scores.items()}
        for method, scores in facts["synthetic_outliers"].items()
    }
    return {
        "plot": histograms(
            groups, title, "OOD score; right of the line: none of these", "pictures", 1
        ),
        "says": (
            f"{refused:,} of the {report.n:,} pictures would be answered “none of these”; it is "
            f"set so that {percent(facts['acceptance'])} of known pictures are not. Of the others "
            f"{report.predictions.accuracy_in_distribution()} are answered rightly."
        ),
        "comparison": " ".join(_comparison(facts, by_score)),
    }


def _comparison(facts: Mapping[str, Any], by_score: Mapping[str, Any]) -> Iterator[str]:
    """How the score was chosen among the others."""
    best, plain = by_score[facts["method"]], by_score.get("probability")
    yield (
        f"Four scores were compared on drawn outliers (noise, clouds, stripes, shapes, "
        f"scribbles). Kept: {facts['method']}, which told {best['auroc']} of pairs of an "
        f"outlier and a known picture apart and refused {best['rejection']} of the outliers."
    )
    if plain:
        yield (
            f"By the largest probability, as most tools have it: {plain['auroc']} and "
            f"{plain['rejection']}."
        )
    if unsteady := facts.get("unsteady"):
        yield f"Left out, for rounding moves them by too much: {', '.join(unsteady)}."
