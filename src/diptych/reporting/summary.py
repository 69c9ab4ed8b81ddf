"""A trained classifier's answers for the test part at a glance, in a notebook."""

from diptych.images.thumbnails import thumbnail_html
from diptych.metrics.predictions import Predictions
from diptych.reporting.mistakes import worst
from diptych.system.html import Html, block, table

# So many mistakes, and so many classes, are shown.
MISTAKES, CLASSES = 6, 20


def summary_html(predictions: Predictions, baseline: Predictions) -> Html:
    """Scores with their intervals beside the baseline's, per class, and the worst mistakes."""
    scores, of_baseline = predictions.scores(), baseline.scores()
    overall = table(
        ("", "accuracy", "macro F1"),
        [
            ("classifier", str(scores.accuracy), str(scores.macro_f1)),
            ("linear baseline", str(of_baseline.accuracy), str(of_baseline.macro_f1)),
        ],
    )
    classes = list(scores.per_class.items())[:CLASSES]
    per_class = table(
        ("class", "pictures", "precision", "recall"),
        [(label, f"{s.n:,}", str(s.precision), str(s.recall)) for label, s in classes],
    )
    return block(f"{scores.n:,} test pictures", overall, per_class, _mistakes(predictions))


def _mistakes(predictions: Predictions) -> Html:
    """The wrong answers whose label was thought the least likely."""
    paths = {sample.name: sample.path for sample in predictions.dataset.samples}
    wrong = [one for one in worst(predictions, MISTAKES) if one.answer != one.label]
    rows = [(thumbnail_html(paths[one.name]), one.name, one.label, one.answer) for one in wrong]
    return table(("", "path", "label", "answer"), rows) if rows else Html()
