"""`diptych predict`: what is on pictures, by a bundle or by a server."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.cli import arguments
from diptych.cli.display import print_json, print_line
from diptych.errors import InputError

if TYPE_CHECKING:
    from diptych.bundles.predictor import Prediction


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "predict", predict, "say what is on pictures, a line a picture"
    )
    verb.add_argument("bundle", help="or the address of a server: http://HOST:PORT")
    arguments.add_pictures(verb)
    verb.add_argument("--key", help="for a server that wants one; or put it into DIPTYCH_KEY")


def predict(options: Namespace) -> int:
    """Say what is on each picture; 1 where one of them could not be read."""
    from diptych.sources.patterns import expand_paths

    predictions = []
    stream = _stream(options.bundle, options.key)
    for prediction in stream(expand_paths(options.pictures or ["-"], sys.stdin)):
        predictions.append(prediction)
        if not options.as_json:
            print_line(str(prediction))
    if not predictions:
        raise InputError("no picture was named; give files, folders or patterns")
    if options.as_json:
        print_json([prediction._asdict() for prediction in predictions])
    return 1 if any(prediction.error for prediction in predictions) else 0


def _stream(bundle: str, key: str | None) -> "Callable[[Iterable[Path]], Iterator[Prediction]]":
    """What predicts for files: a bundle, or a server at an address."""
    from diptych.bundles.predictor import load
    from diptych.serving.client import Client
    from diptych.serving.remote import is_address

    if is_address(bundle):
        return Client(bundle, key or os.environ.get("DIPTYCH_KEY")).stream
    if key:
        raise InputError(f"{bundle}: a bundle wants no key; give the address of a server")
    return load(bundle).stream
