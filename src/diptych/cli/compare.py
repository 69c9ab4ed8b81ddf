"""`diptych compare`: two frameworks trained on the same data; one table, one verdict."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.cli import arguments
from diptych.cli.display import print_json, print_table
from diptych.cli.preparing import prepare, read_data

if TYPE_CHECKING:
    from diptych.comparing.engine_comparison import EngineComparison


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(verbs, "compare", compare, "train in two frameworks on the same data")
    arguments.add_data(verb)
    verb.add_argument("--engines", default="torch,tensorflow", help="two, parted by a comma")
    verb.add_argument("--seeds", type=int, default=3, help="how often each is trained (3)")
    verb.add_argument(
        "--out", type=arguments.path, default=Path("compare.html"),
        help="the page to write (compare.html)",
    )  # fmt: skip
    arguments.add_recipe(verb)
    verb.add_argument("--force", action="store_true", help="replace a page that exists")


def compare(options: Namespace) -> None:
    """Write the page of a comparison, and say what follows."""
    from diptych.bundles.destinations import only_writer, refuse_unwritable_file
    from diptych.reporting.report_page import refuse_without_reports

    refuse_without_reports()
    with only_writer(options.out):
        refuse_unwritable_file(options.out, options.force)
        comparison = _page(options)
    if options.as_json:
        print_json({"page": str(options.out), **comparison.to_json()})
        return
    names = (candidate.engine for candidate in comparison.candidates)
    print_table(("", *names), comparison.rows())
    for test in comparison.tests:
        print(f"McNemar's exact test: {test}")
    print(f"same answer on {comparison.agreement:.2%} of the test pictures")
    print(comparison.verdict())
    print(f"{options.out} shows it, with the pictures on which they disagree")


def _page(options: Namespace) -> "EngineComparison":
    """Compare as the options say, and write the page."""
    engines = [name.strip() for name in options.engines.split(",")]
    pictures, recipe = read_data(options, engines[0])

    from diptych.comparing.engines import compare_engines, refuse_unfit
    from diptych.comparing.page import comparison_page
    from diptych.system.files import write_file
    from diptych.training.memory import enough_memory

    with enough_memory(recipe):
        refuse_unfit(recipe, engines, options.seeds)
        _, parts = prepare(pictures, recipe)
        comparison = compare_engines(parts, recipe, engines, seeds=options.seeds, progress=True)
        write_file(options.out, comparison_page(comparison).encode(errors="surrogateescape"))
    comparison.forget_runs()
    return comparison
