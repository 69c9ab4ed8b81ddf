"""What can be said on the command line."""

import argparse
import sys
from pathlib import Path
from typing import Any, NoReturn

from diptych.cli.asking import evaluate, explain, predict
from diptych.cli.making import compare, train
from diptych.cli.preparing import audit
from diptych.cli.shipping import export, serve
from diptych.cli.streams import complain
from diptych.cli.tools import cache, digits, plates
from diptych.recipe import IMAGE_SIZE


def parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="diptych", description="From a pile of pictures to an image classifier you can trust."
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)

    verb = _verb(verbs, "train", train, "make a tested bundle of a folder or table of pictures")
    _data(verb)
    verb.add_argument("--out", type=_path, required=True, help="the bundle to write")
    verb.add_argument("--engine", help="torch (default), tensorflow or linear")
    _choices(verb)
    verb.add_argument("--force", action="store_true", help="replace a bundle that exists")

    verb = _verb(verbs, "compare", compare, "train in two frameworks on the same data")
    _data(verb)
    verb.add_argument("--engines", default="torch,tensorflow", help="two, parted by a comma")
    verb.add_argument("--seeds", type=int, default=3, help="how often each is trained (3)")
    verb.add_argument(
        "--out", type=_path, default=Path("compare.html"), help="the page to write (compare.html)"
    )
    _choices(verb)
    verb.add_argument("--force", action="store_true", help="replace a page that exists")

    verb = _verb(verbs, "predict", predict, "say what is on pictures, a line a picture")
    verb.add_argument("bundle", help="or the address of a server: http://HOST:PORT")
    _pictures(verb)
    verb.add_argument("--key", help="for a server that wants one; or put it into DIPTYCH_KEY")

    verb = _verb(verbs, "explain", explain, "colour what a bundle looked at on pictures")
    verb.add_argument("bundle", type=_path)
    _pictures(verb)
    verb.add_argument(
        "--out", type=_path, default=Path("explained"), metavar="FOLDER",
        help="where to write the heatmaps (explained)",
    )  # fmt: skip
    verb.add_argument("--method", default="occlusion", help="occlusion (default) or gradcam")
    verb.add_argument("--engine", help="for gradcam: torch or tensorflow, if not the bundle's own")
    verb.add_argument(
        "--class", dest="of", metavar="NAME", help="what speaks for it; else for the answer"
    )

    verb = _verb(verbs, "evaluate", evaluate, "score a bundle, or two, on other labelled pictures")
    verb.add_argument(
        "bundles", nargs="+", type=_path, metavar="BUNDLE", help="and DATA, or two and --on DATA"
    )
    verb.add_argument("--on", type=_path, metavar="DATA", help="labelled pictures that both answer")
    verb.add_argument("--out", type=_path, metavar="FOLDER", help="where to write more about it")
    _table(verb)

    verb = _verb(verbs, "audit", audit, "look at every file: broken, doubled, labelled twice")
    _data(verb)
    verb.add_argument("--out", type=_path, metavar="FOLDER", help="where to write audit.csv")
    verb.add_argument("--size", type=int, default=IMAGE_SIZE, help="decode at this many pixels")

    verb = _verb(verbs, "export", export, "write a bundle in other formats, each of them checked")
    verb.add_argument("bundle", type=_path)
    verb.add_argument(
        "--to", required=True, metavar="FORMATS",
        help="onnx, torchscript, torch-export, torch, savedmodel, keras, litert, openvino; "
        "several parted by commas",
    )  # fmt: skip
    verb.add_argument(
        "--out", type=_path, metavar="FOLDER", help="where to write them (BUNDLE's name.exports)"
    )
    verb.add_argument(
        "--data", type=_path, help="what it was trained on, if the cache has it no longer"
    )
    verb.add_argument("--int8", action="store_true", help="in int8 as well, where a format can")
    verb.add_argument("--bf16", action="store_true", help="with bfloat16 weights as well")
    verb.add_argument(
        "--max-drop", type=float, default=0.5, metavar="POINTS",
        help="of accuracy that int8 and bf16 may cost (0.5)",
    )  # fmt: skip
    verb.add_argument("--force", action="store_true", help="replace files that exist")

    _serve(verbs)

    verb = _verb(verbs, "cache", cache, "see or clear the cache of decoded pictures and features")
    verb.add_argument("--clear", action="store_true", help="delete what it holds")

    kinds = verbs.add_parser("sample", help="make data to try Diptych on").add_subparsers(
        title="kinds", metavar="KIND", required=True
    )
    verb = _verb(kinds, "digits", digits, "real handwritten digits, as a CSV of pixels")
    verb.add_argument("file", type=_path, help="a CSV file to write, .gz too")
    verb = _verb(kinds, "plates", plates, "draw pizzas, and round things that are no pizza")
    verb.add_argument("folder", type=_path, help="a folder to make")
    verb.add_argument("--count", type=int, default=400, help="pictures without planted defects")
    verb.add_argument("--seed", type=int, default=0, help="the same seed draws the same pictures")
    verb.add_argument("--no-defects", dest="defects", action="store_false", help="plant no defects")
    return parser


def _serve(verbs: Any) -> None:
    """The verb that serves, whose arguments are many."""
    verb = _verb(verbs, "serve", serve, "a page and an API that answer by bundles")
    verb.add_argument("bundles", nargs="*", type=_path, metavar="BUNDLE", help="one, or several")
    verb.add_argument("--host", default="127.0.0.1", help="the address (127.0.0.1: only from here)")
    verb.add_argument("--port", type=int, default=8000, help="0 takes any that is free (8000)")
    verb.add_argument("--workers", type=int, default=1, help="processes that answer (1)")
    verb.add_argument("--keys", type=_path, metavar="FILE", help="answer only who has one of these")
    verb.add_argument("--new-key", metavar="NAME", help="add a key to --keys FILE, and print it")
    verb.add_argument(
        "--cors", action="append", default=[], metavar="ORIGIN", help="another page that may ask"
    )
    verb.add_argument(
        "--max-bytes", type=int, default=32 * 2**20, metavar="N", help="of a request (32 MiB)"
    )
    verb.add_argument(
        "--max-pixels", type=int, default=10**8, metavar="N", help="of a picture (100 million)"
    )
    verb.add_argument(
        "--max-files", type=int, default=64, metavar="N", help="pictures of a request (64)"
    )
    verb.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="for a request, and for its answer (30)",
    )
    verb.add_argument(
        "--queue", type=int, default=128, metavar="N", help="requests at a time of a worker (128)"
    )


def _data(verb: argparse.ArgumentParser) -> None:
    """The arguments that say what pictures there are."""
    verb.add_argument(
        "data",
        type=_path,
        help="a folder with a folder for each class, or a CSV of pixels or files",
    )
    verb.add_argument("--test", type=_path, metavar="DATA", help="more of it, to test on")
    _table(verb)


def _table(verb: argparse.ArgumentParser) -> None:
    """The arguments that say how a table is meant."""
    verb.add_argument("--shape", metavar="HxWxC", help="of a CSV's pictures, if not inferred")
    verb.add_argument(
        "--range", dest="value_range", metavar="0-255", help="of a CSV's numbers, or 0-1 or 0-16"
    )


def _pictures(verb: argparse.ArgumentParser) -> None:
    """The argument that names pictures to answer for; none at all is fine."""
    pictures = verb.add_argument(
        "pictures", nargs="+", default=["-"], help="files, folders, patterns; - reads names"
    )
    # With nargs="*" argparse takes no picture after an option for one: `explain b --class c x.jpg`.
    pictures.required = False


def _choices(verb: argparse.ArgumentParser) -> None:
    """The arguments that change a recipe, but for the engine."""
    verb.add_argument("--recipe", type=_path, metavar="FILE", help="choices in TOML")
    verb.add_argument("--network", help="efficientnet_lite0, cnn, mlp or timm/<name>")
    verb.add_argument("--weights", help="pretrained (default), none, or a file")
    verb.add_argument("--train", help="head (fast), all (fine-tune), or auto (default)")
    verb.add_argument("--epochs", type=int, help="at most this many")
    verb.add_argument("--seed", type=int, help="of the split and of the training")
    verb.add_argument(
        *("--set", "-s"), dest="settings", action="append", default=[], metavar="KEY=VALUE",
        help="any other choice of a recipe",
    )  # fmt: skip


def _verb(verbs: Any, name: str, run: Any, does: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=does, description=does)
    verb.add_argument("--json", dest="as_json", action="store_true", help="answer in JSON")
    verb.set_defaults(run=run)
    return verb


def _path(text: str) -> Path:
    if not text:
        # An empty variable of a shell; Path would take it for the folder where we are.
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        sys.exit(complain(f"{message}; see {self.prog} --help", 2))
