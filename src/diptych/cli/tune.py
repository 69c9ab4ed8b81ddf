"""`diptych tune`: a search for a better recipe, with a verdict on what it found."""

import time
from argparse import Namespace
from typing import TYPE_CHECKING

from diptych.cli import arguments
from diptych.cli.display import note, print_json, printable
from diptych.cli.preparing import prepare, read_data, refuse_inside

if TYPE_CHECKING:
    from diptych.tuning.tuned import Tuned

PAGE = "tune.html"


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "tune", tune, "search for a better recipe, and say whether it is one"
    )
    arguments.add_data(verb)
    verb.add_argument(
        "--out", type=arguments.path, required=True,
        help="the folder of the search; the same command goes on there, also twice at once",
    )  # fmt: skip
    verb.add_argument(
        "--trials", type=arguments.whole, default=40, metavar="N",
        help="in all, the default among them (40)",
    )  # fmt: skip
    verb.add_argument(
        "--time", type=arguments.duration, metavar="20m",
        help="a budget: 90s, 10m, 1h30m; what would not end in it does not begin",
    )  # fmt: skip
    verb.add_argument(
        "--space", type=arguments.path, metavar="FILE", help="what is searched, in TOML"
    )
    verb.add_argument(
        "--cv", type=arguments.whole, default=0, metavar="K",
        help="folds of a trial (5 for a head, else 3)",
    )  # fmt: skip
    verb.add_argument("--engine", help="torch (default), tensorflow or linear")
    arguments.add_recipe(verb)
    arguments.add_workplace(verb)


def tune(options: Namespace) -> None:
    """Search, and say what came of it."""
    started = time.monotonic()
    from diptych.bundles.destinations import refuse_unwritable_folder
    from diptych.reporting.report_page import refuse_without_reports
    from diptych.tuning.study import load_optuna

    load_optuna()
    refuse_without_reports()
    refuse_unwritable_folder(options.out)
    refuse_inside(options.out, options.data, options.test)
    tuned = _tuned(options, started)
    if options.as_json:
        print_json({**tuned.to_json(), "page": str(options.out / PAGE)})
        return
    for choice, share in tuned.importance.items():
        print(f"importance of {choice}: {share:.0%}")
    print(printable(str(tuned)))
    print(printable(f"{options.out / PAGE} shows it; train by it: --recipe {tuned.best}"))


def _tuned(options: Namespace, started: float) -> "Tuned":
    """Search as the options say, and write the page."""
    pictures, recipe = read_data(options, options.engine)

    from diptych.reporting.tuning_page import tuning_page
    from diptych.system.files import write_file
    from diptych.system.progress import shown
    from diptych.training.memory import enough_memory
    from diptych.tuning.search import tune
    from diptych.tuning.space import default_space, read_space

    # A mistake in it is said before a long look at the data.
    space = read_space(options.space, recipe) if options.space else default_space(recipe)
    with enough_memory(recipe):
        _, parts = prepare(pictures, recipe)
        tuned = tune(
            parts.train,
            parts.valid,
            recipe,
            out=options.out,
            trials=options.trials,
            seconds=options.time and options.time - (time.monotonic() - started),
            space=space,
            cv=options.cv,
            track=shown,
            log=lambda line: note(printable(line)),
        )
        title = f"A search for a recipe on {pictures.root.name or pictures.root}"
        write_file(options.out / PAGE, tuning_page(tuned, title).encode(errors="surrogateescape"))
    return tuned
