"""A line of JSON for each request and event, on standard error.

Never what is on a picture, nor what its file is called.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from traceback import extract_tb


def write(**facts: object) -> None:
    """Write a line of facts, with the time."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    sys.stderr.write(json.dumps({"time": time, **facts}) + "\n")


def failure(identity: str, error: Exception) -> None:
    """Write where an error came from that nobody foresaw."""
    where = [f"{frame.filename}:{frame.lineno}" for frame in extract_tb(error.__traceback__)]
    write(level="error", id=identity, message=repr(error), where=where[-8:])


def capture() -> None:
    """Write what uvicorn and asyncio have to say in the same form."""
    for name in ("uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers = [_Handler()]
        logger.setLevel(logging.WARNING)
        logger.propagate = False


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        write(level=record.levelname.lower(), message=record.getMessage())
