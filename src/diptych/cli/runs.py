"""`diptych runs`: the bundles below a folder in a table, to sort and compare."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.cli import arguments
from diptych.cli.display import note, print_json, print_table, printable

if TYPE_CHECKING:
    from diptych.comparing.runs import Run, Runs

HEAD = (
    "", "engine", "network", "train", "accuracy", "log loss", "pictures", "tested on", "data",
    "created", "seconds",
)  # fmt: skip


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(verbs, "runs", runs, "list the bundles below a folder in a table")
    verb.add_argument("folder", type=arguments.path, help="where the bundles are")
    verb.add_argument(
        "--sort", default="accuracy", metavar="COLUMN",
        help="name, engine, network, train, accuracy (default), log_loss, pictures, created, "
        "seconds",
    )  # fmt: skip
    verb.add_argument("--reverse", action="store_true", help="the last first")


def runs(options: Namespace) -> int:
    """Show what each bundle came to; 1 where one cannot be read."""
    from diptych.comparing.runs import runs_below

    table = runs_below(options.folder).sorted_by(options.sort, reverse=options.reverse)
    if options.as_json:
        print_json(_answer(options.folder, table))
    elif table.runs:
        differing = table.differing()
        head = [*HEAD, *differing]
        print_table(head, [_row(run, differing) for run in table.runs])
    if caveat := table.caveat():
        note(printable(caveat))
    for name, error in table.unreadable:
        note(printable(f"{name}: {error}"))
    return 1 if table.unreadable else 0


def _row(run: "Run", differing: list[str]) -> list[str]:
    return [
        printable(run.name),
        run.engine,
        run.network,
        run.train,
        str(run.accuracy),
        f"{run.log_loss.value:.3f}",
        f"{run.pictures:,}",
        f"{run.test_pictures:,}",
        run.data,
        run.created[:16].replace("T", " "),
        f"{run.seconds:.0f}",
        *(printable(str(run.recipe.get(key, ""))) for key in differing),
    ]


def _answer(folder: Path, table: "Runs") -> dict[str, Any]:
    """The answer of --json."""
    differing = table.differing()
    rows = []
    for run in table.runs:
        row = run._asdict()
        row |= {name: getattr(run, name)._asdict() for name in ("accuracy", "log_loss")}
        row["recipe"] = {key: run.recipe.get(key) for key in differing}
        rows.append(row)
    return {
        "folder": str(folder),
        "runs": rows,
        "caveat": table.caveat(),
        "unreadable": [one._asdict() for one in table.unreadable],
    }
