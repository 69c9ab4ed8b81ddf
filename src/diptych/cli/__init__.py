"""The command line: parse, call, print. Answers go to standard output, progress to standard error.

Each verb is a file: `add` says what can be given to it, and a function of its name does it.
`arguments` holds what several verbs take, `preparing` what both training verbs do first, `display`
how things are said, and `streams` sees to it that they can be.

Exit codes: 0 done; 1 the answer is "no" (a check failed, a picture could not be read); 2 what was
given cannot be used; 130 stopped with Ctrl-C.
"""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from diptych.cli import (
    audit,
    augment,
    cache,
    clean,
    compare,
    doctor,
    evaluate,
    explain,
    export,
    gather,
    predict,
    review,
    runs,
    sample,
    serve,
    split,
    train,
    tune,
)
from diptych.cli.arguments import Parser, ShowVersion
from diptych.cli.display import complain
from diptych.cli.streams import drop_output, open_streams
from diptych.errors import DiptychError, GateError
from diptych.system import interrupts
from diptych.system.memory import short_of_memory

VERBS = (
    train,
    tune,
    compare,
    runs,
    predict,
    explain,
    evaluate,
    gather,
    audit,
    review,
    clean,
    split,
    augment,
    export,
    serve,
    cache,
    sample,
    doctor,
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every foreseen failure is one line."""
    try:
        code = _run(arguments)
    except BaseException as error:
        if interrupts.caused(error):
            interrupts.stop("the same command goes on where it was")
        code = _complain_of(error)
    sys.exit(code)


def parser() -> argparse.ArgumentParser:
    """All that can be said on the command line."""
    parser = Parser(
        prog="diptych", description="From a pile of pictures to an image classifier you can trust."
    )
    parser.add_argument("--version", action=ShowVersion)
    verbs = parser.add_kinds("verbs", "VERB")
    for verb in VERBS:
        verb.add(verbs)
    return parser


def _run(arguments: Sequence[str] | None) -> int:
    open_streams()
    try:
        options = parser().parse_args(arguments)
        with _workplace(getattr(options, "workplace", None)):
            return options.run(options) or 0
    finally:
        sys.stdout.flush()


def _workplace(place: str | None) -> contextlib.AbstractContextManager[None]:
    """Where the work over pictures is done; None for here."""
    if place is None:
        return contextlib.nullcontext()
    from diptych.distributing import working_on

    return working_on(place)


def _complain_of(error: BaseException) -> int:
    """Say a failure in one line; the exit code. Raises those that nobody foresaw."""
    match error:
        case GateError():
            return complain(str(error), 1)
        case DiptychError():
            return complain(str(error), 2)
        case BrokenPipeError():
            # The reader of our output, such as `head`, has seen enough.
            drop_output()
            return 1
        case OSError():
            if not error.filename:
                drop_output()
            what = error.filename or "reading or writing failed"
            return complain(f"{what}: {error.strerror or error}", 2)
        case _ if short_of_memory(error):
            return complain("there is not enough memory; end other programs, or take less", 2)
        case _:
            raise error
