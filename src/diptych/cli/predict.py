"""`diptych predict`: what is on pictures, by a bundle or by a server."""

import argparse
import contextlib
import os
import sys
from argparse import Namespace
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.cli import arguments
from diptych.cli.display import note, print_json, print_line, printable
from diptych.errors import InputError

if TYPE_CHECKING:
    from diptych.bundles.prediction import Prediction
    from diptych.sources.inputs import InputPicture, Inputs


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "predict", predict, "say what is on pictures, a line a picture"
    )
    verb.add_argument("bundle", help="or the address of a server: http://HOST:PORT")
    arguments.add_pictures(verb)
    verb.add_argument("--key", help="for a server that wants one; or put it into DIPTYCH_KEY")
    verb.add_argument(
        "--out", type=arguments.path, metavar="FILE", help="also write a table: .csv, .json, .jsonl"
    )
    verb.add_argument("--force", action="store_true", help="replace a table or parts that exist")
    verb.add_argument(
        "--files",
        metavar="COLUMN",
        help="the column that names pictures, of a table given for them",
    )
    verb.add_argument(
        "--columns", type=two_titles, metavar="NAME,LABEL",
        help="the table of --out has these two only, to be handed in: names and classes",
    )  # fmt: skip
    verb.add_argument(
        "--parts", type=arguments.path, metavar="FOLDER",
        help="only write the answers, 10,000 to a file; the same command goes on where it stopped",
    )  # fmt: skip
    verb.add_argument(
        "--parts-as", choices=("parquet", "csv"), default="parquet", help="what the parts are"
    )
    arguments.add_workplace(verb)


def predict(options: Namespace) -> int:
    """Say what is on each picture; 1 where one of them could not be read."""
    from diptych.bundles.tables import refuse_table, write_table
    from diptych.sources.inputs import named_pictures

    if options.parts:
        return _write_parts(options)
    if options.columns and not options.out:
        raise InputError("--columns are those of a table; name it with --out")
    if options.out:
        refuse_table(options.out, options.force)
    predictions = []
    stream = _stream(options.bundle, options.key, options.workplace)
    pictures = _without(
        named_pictures(options.pictures or ["-"], sys.stdin, options.files), options.out
    )
    ids: dict[str, deque[str]] = {}
    if options.columns:
        pictures = _with_ids(pictures, options.columns[0], ids)
    for prediction in stream(pictures):
        predictions.append(prediction)
        if not options.as_json:
            print_line(str(prediction))
    bad = sum(1 for prediction in predictions if prediction.error)
    if options.out and bad == len(predictions):
        note(printable(f"{options.out}: not written, as no picture could be read"))
    elif options.out:
        predictions = [_named_by(ids, prediction) for prediction in predictions]
        write_table(options.out, predictions, options.columns)
        said = f"{options.out}: {len(predictions):,} answers, {bad:,} of them errors"
        outliers = sum(1 for one in predictions if not one.error and one.probability is None)
        if options.columns and outliers:
            said += f"; {outliers:,} are none of the classes, and have the nearest"
        note(printable(said))
    if options.as_json:
        print_json([prediction._asdict() for prediction in predictions])
    return 1 if bad else 0


def _write_parts(options: Namespace) -> int:
    """Write the answers in parts; 1 where a picture could not be read."""
    from diptych.bundles.destinations import refuse_unwritable_folder
    from diptych.bundles.parts import MANIFEST, write_parts
    from diptych.bundles.predictor import load
    from diptych.serving.remote import is_address
    from diptych.sources.inputs import named_pictures

    if options.out or options.columns or options.key or is_address(options.bundle):
        raise InputError("--parts are of a bundle, and without --out, --columns and --key")
    refuse_unwritable_folder(options.parts)
    predictor = load(options.bundle)
    written = write_parts(
        options.parts,
        named_pictures(options.pictures or ["-"], sys.stdin, options.files),
        predictor.stream,
        predictor.classes,
        predictor.bundle.content_sha256,
        kind=options.parts_as,
        anew=options.force,
        log=lambda line: note(printable(line)),
    )
    if options.as_json:
        facts = {"folder": str(options.parts), "manifest": str(options.parts / MANIFEST)}
        counts = {"rows": written.rows, "errors": written.errors, "earlier": written.earlier}
        print_json({**facts, "parts": len(written.parts), **counts})
    else:
        print_line(
            f"{options.parts}: {written.rows:,} answers, {written.errors:,} of them errors, in "
            f"{len(written.parts):,} parts, of which {written.earlier:,} were there"
        )
    return 1 if written.errors else 0


def two_titles(text: str) -> tuple[str, str]:
    """The type of an argument that has two titles of columns."""
    titles = [title.strip() for title in text.split(",")]
    if len(titles) != 2 or not all(titles) or len(set(titles)) < 2:
        raise argparse.ArgumentTypeError(f"'{text}' is not two titles, such as id,label")
    return titles[0], titles[1]


def _with_ids(
    pictures: "Iterator[InputPicture]", title: str, ids: "dict[str, deque[str]]"
) -> "Iterator[InputPicture]":
    """The pictures, and into `ids` what a column of a table of pixels calls its rows."""
    from diptych.sources import may_hold_pixels
    from diptych.sources.pixels.row_ids import row_ids

    for picture in pictures:
        place = picture.content
        if isinstance(place, Path) and may_hold_pixels(place):
            with contextlib.suppress(InputError):  # its rows will say why
                for name, own in row_ids(place, title).items():
                    ids.setdefault(name, deque()).append(own)
        yield picture


def _named_by(ids: "dict[str, deque[str]]", prediction: "Prediction") -> "Prediction":
    """An answer under the id of its row, of rows of one name in their order."""
    own = ids.get(prediction.path)
    return prediction._replace(path=own.popleft()) if own else prediction


def _without(pictures: "Iterable[InputPicture]", out: Path | None) -> "Iterator[InputPicture]":
    """The pictures but for the table of answers, which may lie in their folder."""
    table = out.resolve() if out else None
    for picture in pictures:
        path = picture.content
        # The name comes first: to look at the disk takes its time.
        named_so = isinstance(path, Path) and table is not None and path.name == table.name
        if not (named_so and isinstance(path, Path) and path.resolve() == table):
            yield picture


def _stream(
    bundle: str, key: str | None, workplace: str | None
) -> "Callable[[Inputs], Iterator[Prediction]]":
    """What predicts for pictures: a bundle, or a server at an address."""
    from diptych.bundles.predictor import load
    from diptych.serving.client import Client
    from diptych.serving.remote import is_address

    if is_address(bundle):
        if workplace:
            raise InputError(f"{bundle}: a server answers by itself; give a bundle for --on")
        return Client(bundle, key or os.environ.get("DIPTYCH_KEY")).stream
    if key:
        raise InputError(f"{bundle}: a bundle wants no key; give the address of a server")
    return load(bundle).stream
