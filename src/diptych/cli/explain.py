"""`diptych explain`: a heatmap of each picture, of what speaks for a class, and where."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.cli import arguments
from diptych.cli.display import print_json, print_line

if TYPE_CHECKING:
    from diptych.reporting.explain import Explanation


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "explain", explain, "colour what a bundle looked at on pictures"
    )
    verb.add_argument("bundle", type=arguments.path)
    arguments.add_pictures(verb)
    verb.add_argument(
        "--out", type=arguments.path, default=Path("explained"), metavar="FOLDER",
        help="where to write the heatmaps (explained)",
    )  # fmt: skip
    verb.add_argument("--method", default="occlusion", help="occlusion (default) or gradcam")
    verb.add_argument("--engine", help="for gradcam: torch or tensorflow, if not the bundle's own")
    verb.add_argument(
        "--class", dest="of", metavar="NAME", help="what speaks for it; else for the answer"
    )


def explain(options: Namespace) -> int:
    """Write the heatmaps; 1 where a picture could not be read."""
    from diptych.bundles.destinations import refuse_unwritable_folder
    from diptych.bundles.predictor import load
    from diptych.images.encoding import as_png
    from diptych.reporting.explain import Explainer, heatmap_name
    from diptych.sources.inputs import named_pictures
    from diptych.system.files import write_file

    refuse_unwritable_folder(options.out)
    explainer = Explainer(load(options.bundle), options.method, options.engine)
    answers, names = [], set[str]()
    for explanation in explainer.stream(
        named_pictures(options.pictures or ["-"], sys.stdin), options.of
    ):
        heatmap = None
        if explanation.overlay is not None:
            heatmap = options.out / heatmap_name(explanation.prediction.path, names)
            write_file(heatmap, as_png(explanation.overlay))
        if not options.as_json:
            written = f"  heatmap written to {heatmap}" if heatmap else ""
            print_line(f"{explanation.prediction}{written}")
        answers.append(_answer(explanation, heatmap))
    if options.as_json:
        print_json(answers)
    return 1 if any(answer["error"] for answer in answers) else 0


def _answer(explanation: "Explanation", heatmap: Path | None) -> dict[str, Any]:
    """The answer of --json for one picture."""
    prediction = explanation.prediction
    return {
        "path": prediction.path,
        "label": prediction.label,
        "probability": prediction.probability,
        "class": explanation.explained_class,
        "heatmap": str(heatmap) if heatmap else None,
        "error": prediction.error,
    }
