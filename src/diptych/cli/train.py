"""`diptych train`: audit, split, train, test and export; pictures become a tested bundle."""

import time
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.cli import arguments
from diptych.cli.display import note, print_json, print_scores
from diptych.cli.planning import add_plan, forget, planned, settled
from diptych.cli.preparing import prepare, read_data, refuse_inside
from diptych.system import interrupts

if TYPE_CHECKING:
    from diptych.auditing import Audit
    from diptych.data.splitting import Splits
    from diptych.reporting.evaluation import Evaluation

# What the terminal shows of a report's advice.
MOST_ADVICE = 3


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "train", train, "make a tested bundle of a folder or table of pictures"
    )
    arguments.add_data(verb)
    verb.add_argument("--out", type=arguments.path, required=True, help="the bundle to write")
    verb.add_argument("--engine", help="torch (default), tensorflow or linear")
    arguments.add_recipe(verb)
    verb.add_argument(
        "--track", action="append", default=[], metavar="TRACKER",
        help="tell tensorboard, tensorboard:FOLDER, mlflow or mlflow:ADDRESS; again for more",
    )  # fmt: skip
    verb.add_argument(
        "--resume", action="store_true",
        help="only go on with what was stopped; it does so anyway where nothing has changed",
    )  # fmt: skip
    verb.add_argument(
        "--cv", type=arguments.whole, default=0, metavar="K",
        help="cross-validate as well, in K folds of all but the test part",
    )  # fmt: skip
    add_plan(verb)
    arguments.add_workplace(verb)
    verb.add_argument("--force", action="store_true", help="replace a bundle that exists")


def train(options: Namespace) -> None:
    """Make a bundle, and say how good it is."""
    started = time.monotonic()
    from diptych.bundles.destinations import only_writer, refuse_unwritable_bundle
    from diptych.tracking import refuse_unknown

    with only_writer(options.out):
        refuse_unknown(options.track)
        refuse_unwritable_bundle(options.out, options.force)
        refuse_inside(options.out, options.data, options.test)
        audit, parts, evaluation, plan = _bundle(options, started)
    seconds = time.monotonic() - started
    if options.as_json:
        print_json(_answer(options.out, audit, parts, evaluation, seconds) | plan)
        return
    print(audit)
    print_scores(evaluation.predictions.scores())
    print(f"linear baseline: {evaluation.baseline.scores().accuracy} accuracy")
    if evaluation.cross_validation:
        print(f"cross-validation: {evaluation.cross_validation}")
    for one in evaluation.advice()[:MOST_ADVICE]:
        print(f"{one.what} {one.why}")
    # Without the extra "report" there is only the model card.
    pages = (options.out / name for name in ("report.html", "README.md"))
    page = next(page for page in pages if page.exists())
    print(f"{options.out} written in {seconds:.0f} s; {page} tells more")


def _bundle(
    options: Namespace, started: float
) -> "tuple[Audit, Splits, Evaluation, dict[str, Any]]":
    """Train as the options say, and write the bundle; the last is what a plan adds to --json."""
    pictures, recipe = read_data(options, options.engine)

    from diptych.classifier import ImageClassifier
    from diptych.engines import TEAMED
    from diptych.images import cache
    from diptych.system.progress import shown
    from diptych.training.memory import enough_memory

    alone = recipe.train == "last" or (recipe.train == "all" and recipe.engine not in TEAMED)
    if options.workplace and alone:
        note("Ray decodes the pictures; the network is trained on this machine alone")
    keep, answer = cache.folder() / "runs", {}
    with enough_memory(recipe):
        asked = options.preset or options.time
        plan = planned(options, pictures, recipe, started) if asked else None
        audit, parts = prepare(pictures, recipe)
        if plan:
            recipe, answer["plan"] = settled(plan, parts, keep)
        model = ImageClassifier(recipe).fit(
            parts.train,
            parts.valid,
            keep=keep,
            name=str(options.out.resolve()),
            resume=options.resume,
            tracking=options.track,
            cv=options.cv,
            track=shown,
        )
        evaluation = model.evaluate(parts.test, track=shown)
        evaluation.save(options.out, audit=audit, force=options.force, log=note)
    interrupts.ignore()  # the same command would only be told that the bundle exists
    model.forget_checkpoints()
    if plan:
        forget(plan, parts, keep)
    return audit, parts, evaluation, answer


def _answer(
    bundle: Path, audit: "Audit", parts: "Splits", evaluation: "Evaluation", seconds: float
) -> dict[str, Any]:
    """The answer of --json."""
    from diptych.bundles.format import open_facts

    validated = evaluation.cross_validation
    return {
        "bundle": str(bundle),
        "files": audit.files,
        "used": audit.used,
        "set_aside": audit.set_aside,
        "content_sha256": open_facts(bundle).content_sha256,
        "seconds": round(seconds, 2),
        "parts": {part: len(data) for part, data in parts._asdict().items()},
        "test": evaluation.predictions.scores().to_json(),
        "baseline": evaluation.baseline.scores().to_json(),
        "cross_validation": validated and validated.to_json(),
        "advice": [one._asdict() for one in evaluation.advice()],
    }
