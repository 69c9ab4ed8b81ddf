"""`diptych sample`: data to try Diptych on, real digits or drawn plates."""

from argparse import Namespace

from diptych.cli import arguments
from diptych.cli.display import print_json


def add(verbs: arguments.Verbs) -> None:
    """Add the verb, with its kinds, to the command line."""
    verb = verbs.add_parser("sample", help="make data to try Diptych on")
    kinds = verb.add_kinds("kinds", "KIND")
    kind = arguments.add_verb(
        kinds, "digits", digits, "real handwritten digits, as a CSV of pixels"
    )
    kind.add_argument("file", type=arguments.path, help="a CSV file to write, .gz too")
    kind = arguments.add_verb(
        kinds, "plates", plates, "draw pizzas, and round things that are no pizza"
    )
    kind.add_argument("folder", type=arguments.path, help="a folder to make")
    kind.add_argument("--count", type=int, default=400, help="pictures without planted defects")
    kind.add_argument("--seed", type=int, default=0, help="the same seed draws the same pictures")
    kind.add_argument("--no-defects", dest="defects", action="store_false", help="plant no defects")


def digits(options: Namespace) -> None:
    """Write real handwritten digits as a CSV of pixels."""
    from diptych.samples.digits import write_digits

    count = write_digits(options.file)
    if options.as_json:
        print_json({"file": str(options.file), "pictures": count})
    else:
        print(f"{options.file}: {count:,} digits of 8×8 pixels")


def plates(options: Namespace) -> None:
    """Draw pizzas, and round things that are no pizza."""
    from diptych.samples.plates import draw_plates, planned_defects
    from diptych.system.progress import shown

    folder, count = options.folder, options.count
    total = count + (len(planned_defects(count)) if options.defects else 0)
    drawing = draw_plates(folder, count, options.seed, options.defects)
    files = sum(1 for _ in shown(drawing, "drawing", total))
    if options.as_json:
        print_json({"folder": str(folder), "pictures": files})
    else:
        listed = f"; {folder / 'planted.csv'} lists the planted defects" if options.defects else ""
        print(f"{folder}: {files:,} files{listed}")
