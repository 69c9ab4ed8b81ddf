"""The command line: parse, call, print. Answers go to standard output, progress to standard error.

`arguments` holds what there is to say, and each verb lives with its like: `preparing` (audit),
`making` (train, compare), `asking` (predict, explain, evaluate), `shipping` (export, serve) and
`tools` (cache, sample).

Exit codes: 0 done; 1 the answer is "no" (a check failed, a picture could not be read); 2 what was
given cannot be used; 130 stopped with Ctrl-C.
"""

import sys
from collections.abc import Sequence
from typing import NoReturn

from diptych.cli.arguments import parser
from diptych.cli.streams import complain, drop_output, open_streams
from diptych.errors import DiptychError, GateError
from diptych.system import interrupts


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every foreseen failure is one line."""
    try:
        code = _ran(arguments)
    except BaseException as error:
        if interrupts.caused(error):
            interrupts.stop("the same command goes on where it was")
        code = _told(error)
    sys.exit(code)


def _ran(arguments: Sequence[str] | None) -> int:
    open_streams()
    try:
        given = vars(parser().parse_args(arguments))
        return given.pop("run")(**given) or 0
    finally:
        sys.stdout.flush()


def _told(error: BaseException) -> int:
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
        case _:
            raise error
