"""What several verbs take on the command line."""

import argparse
import re
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from diptych.cli.display import complain, note

if TYPE_CHECKING:
    from diptych.data.places import Address

RANGE = "--range"
Verbs = Any  # what add_subparsers() returns; argparse has no public name for it


class Parser(ArgumentParser):
    """A parser whose errors are one line, and whose options are written out."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **(settings | {"allow_abbrev": False}))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The arguments, of which a range may begin with a minus: --range -1-1."""
        said = list(sys.argv[1:] if args is None else args)
        for i in range(len(said) - 1, 0, -1):
            if said[i - 1] == RANGE and re.match(r"-\.?\d", said[i]):
                said[i - 1 : i + 1] = [f"{RANGE}={said[i]}"]
        self._note_repeated(said)
        return super().parse_known_args(said, namespace)

    def _note_repeated(self, said: Sequence[str]) -> None:
        """A word on an option that is given again, of which the last one counts."""
        times = Counter[str]()
        for word in takewhile(lambda word: word != "--", said):
            option = word.partition("=")[0]
            # What adds to a list has a list by default.
            action = self._option_string_actions.get(option)
            if action and action.nargs != 0 and not isinstance(action.default, list):
                times[option] += 1
        for option, count in times.items():
            if count > 1:
                note(f"{option} is given {count} times; the last one counts")

    def error(self, message: str) -> NoReturn:
        sys.exit(complain(f"{message}; see {self.prog} --help", 2))

    def add_kinds(self, title: str, metavar: str) -> Verbs:
        """Parsers of which one is to be named; who names none is shown the help."""
        self.set_defaults(run=lambda options: self.print_help())
        return self.add_subparsers(title=title, metavar=metavar)


class ShowVersion(argparse.Action):
    """Prints which version this is, and ends; nobody else waits for it to be looked up."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show which version this is")

    def __call__(self, parser: ArgumentParser, *_: Any) -> NoReturn:
        import importlib.metadata

        print(f"diptych {importlib.metadata.version('diptych')}")
        parser.exit()


def add_verb(
    verbs: Verbs, name: str, run: Callable[[Namespace], int | None], description: str
) -> ArgumentParser:
    """A verb that `run` does: it takes the parsed options, and may return an exit code."""
    verb: ArgumentParser = verbs.add_parser(name, help=description, description=description)
    verb.add_argument("--json", dest="as_json", action="store_true", help="answer in JSON")
    verb.set_defaults(run=run)
    return verb


def path(text: str) -> Path:
    """The type of an argument that is a path."""
    if not text:
        # An empty variable of a shell; Path would take it for the folder where we are.
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


def whole(text: str) -> int:
    """The type of an argument that is a whole number."""
    if not re.fullmatch(r"[+-]?\d+", text.strip()):
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number, such as 1")
    return int(text)


def duration(text: str) -> float:
    """The type of an argument that is a time, in seconds: 90s, 10m, 1h30m."""
    match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text.strip())
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if not total:
        raise argparse.ArgumentTypeError(f"'{text}' is no time, such as 90s, 10m or 1h30m")
    return float(total)


def place(text: str) -> "Path | Address":
    """The type of an argument that is a path, or an address such as s3://bucket/photos."""
    from diptych.data.places import place_named

    return place_named(text) if text else path(text)


def workplace(text: str) -> str:
    """The type of an argument that says where the work is done."""
    from diptych.distributing import place_of_work

    return place_of_work(text)


def add_workplace(verb: ArgumentParser) -> None:
    """The argument that has pictures worked on elsewhere, on many machines."""
    verb.add_argument(
        "--on", dest="workplace", type=workplace, metavar="ray",
        help="have pictures worked on by Ray: ray (RAY_ADDRESS, or here), ray://HEAD:10001",
    )  # fmt: skip


def add_data(verb: ArgumentParser, *, needed: bool = True) -> None:
    """The arguments that say what pictures there are, and what is put right in them first."""
    add_source(verb, needed=needed)
    put_right = verb.add_argument_group("what is put right first")
    put_right.add_argument(
        "--plan", dest="plan_file", type=path, metavar="FILE",
        help="do what was decided in a plan.csv, as `diptych audit --out` proposes it",
    )  # fmt: skip
    put_right.add_argument(
        "--accept", action="append", default=[], metavar="ISSUE",
        help="of the plan, do also what is proposed for an issue and not decided; ISSUE:0.9 from "
        "that score on; all; again for more",
    )  # fmt: skip
    put_right.add_argument(
        "--new-labels", action="store_true", help="labels of the plan may be classes that are new"
    )


def add_source(verb: ArgumentParser, *, needed: bool = True) -> None:
    """The arguments that say what pictures there are; what is not `needed` may be left out."""
    verb.add_argument(
        "data", type=place, nargs=None if needed else "?",
        help="a folder with a folder for each class, an archive of one, a CSV of pixels or files, "
        "Parquet; an address such as s3://bucket/photos",
    )  # fmt: skip
    verb.add_argument("--test", type=place, metavar="DATA", help="more of it, to test on")
    add_table(verb)


def add_table(verb: ArgumentParser) -> None:
    """The arguments that say how data are meant that can be meant in several ways."""
    said = verb.add_argument_group("how the data are meant, where it is not as inferred")
    said.add_argument("--files", metavar="COLUMN", help="the title of the column that names files")
    said.add_argument(
        "--label", metavar="COLUMN",
        help="… of the labels; folder:N is a folder, name:_ a name up to its last _",
    )  # fmt: skip
    said.add_argument(
        "--part",
        metavar="COLUMN",
        help="… of the parts; folder:N is a folder; COLUMN,word=test says a word",
    )
    said.add_argument(
        "--group", action="append", default=[], metavar="COLUMN",
        help="… of what must stay together, such as patients; again for more; folder:N or "
        "name:_ too",
    )  # fmt: skip
    said.add_argument(
        "--fold", type=whole, metavar="K", help="test on this fold of a column of them"
    )
    said.add_argument("--shape", metavar="HxWxC", help="of a CSV's pictures")
    said.add_argument(
        RANGE,
        dest="value_range",
        metavar="LOW-HIGH",
        help="of a CSV's numbers, black and white, such as 0-255 or -1-1",
    )


# The arguments of add_table() that are those of `diptych.read`.
MEANING = ("files", "label", "part", "group", "fold", "shape", "value_range")


def add_pictures(verb: ArgumentParser) -> None:
    """The argument that names pictures to answer for; none at all is fine."""
    pictures = verb.add_argument(
        "pictures", nargs="+", default=["-"], help="files, folders, patterns; - reads names"
    )
    # With nargs="*" argparse takes no picture after an option for one: `explain b --class c x.jpg`.
    pictures.required = False


def add_recipe(verb: ArgumentParser) -> None:
    """The arguments that change a recipe, but for the engine."""
    verb.add_argument("--recipe", type=path, metavar="FILE", help="choices in TOML")
    verb.add_argument(
        "--network",
        help="efficientnet_lite0, efficientnet_lite0+lite1, resnet (small pictures), resnet18, "
        "resnet34, vgg16, cnn, mlp or timm/<name>",
    )
    verb.add_argument("--weights", help="pretrained (default), none, or a file")
    verb.add_argument(
        "--train", help="head (fast), last (the last stages too), all (fine-tune), auto (default)"
    )
    verb.add_argument(
        "--balance", action="store_const", const="weights",
        help="let rare classes count as much as common ones",
    )  # fmt: skip
    verb.add_argument("--epochs", type=whole, help="at most this many")
    verb.add_argument(
        "--on-nan", metavar="WHAT", help="where the loss is no number: stop (default), lower-rate"
    )
    verb.add_argument("--seed", type=whole, help="of the split and of the training")
    verb.add_argument(
        *("--set", "-s"), dest="settings", action="append", default=[], metavar="KEY=VALUE",
        help="any other choice of a recipe",
    )  # fmt: skip
