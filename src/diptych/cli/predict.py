"""`diptych predict`: what is on pictures, by a bundle or by a server."""

import os
import sys
from argparse import Namespace
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
    verb.add_argument("--force", action="store_true", help="replace a table that exists")


def predict(options: Namespace) -> int:
    """Say what is on each picture; 1 where one of them could not be read."""
    from diptych.bundles.tables import refuse_table, write_table
    from diptych.sources.inputs import named_pictures

    if options.out:
        refuse_table(options.out, options.force)
    predictions = []
    stream = _stream(options.bundle, options.key)
    pictures = named_pictures(options.pictures or ["-"], sys.stdin)
    for prediction in stream(_without(pictures, options.out)):
        predictions.append(prediction)
        if not options.as_json:
            print_line(str(prediction))
    bad = sum(1 for prediction in predictions if prediction.error)
    if options.out:
        write_table(options.out, predictions)
        note(printable(f"{options.out}: {len(predictions):,} answers, {bad:,} of them errors"))
    if options.as_json:
        print_json([prediction._asdict() for prediction in predictions])
    return 1 if bad else 0


def _without(pictures: "Iterable[InputPicture]", out: Path | None) -> "Iterator[InputPicture]":
    """The pictures but for the table of answers, which may lie in their folder."""
    table = out.resolve() if out else None
    for picture in pictures:
        path = picture.content
        # The name comes first: to look at the disk takes its time.
        named_so = isinstance(path, Path) and table is not None and path.name == table.name
        if not (named_so and Path(picture.name).resolve() == table):
            yield picture


def _stream(bundle: str, key: str | None) -> "Callable[[Inputs], Iterator[Prediction]]":
    """What predicts for pictures: a bundle, or a server at an address."""
    from diptych.bundles.predictor import load
    from diptych.serving.client import Client
    from diptych.serving.remote import is_address

    if is_address(bundle):
        return Client(bundle, key or os.environ.get("DIPTYCH_KEY")).stream
    if key:
        raise InputError(f"{bundle}: a bundle wants no key; give the address of a server")
    return load(bundle).stream
