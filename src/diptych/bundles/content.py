"""One hash over all that a bundle has learned and answers, whatever the clock said meanwhile.

Two runs of the same command come to the same, also where one was killed and taken up again.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any

from diptych.bundles.format import HISTORY, MODEL_CARD, REPORT

# Members that tell when they were made, or are drawn from the others.
LEFT_OUT = (REPORT, MODEL_CARD)
# Of bundle.json.
DATES = ("created",)
# Of the history.
DURATIONS = ("train_seconds", "seconds")


def content_hash(members: Mapping[str, bytes], facts: Mapping[str, Any]) -> str:
    """The SHA-256 of members and facts, without dates and durations."""
    texts = {name: data for name, data in members.items() if name not in LEFT_OUT}
    texts[HISTORY] = _without_durations(members[HISTORY].decode()).encode()
    timeless = {key: value for key, value in facts.items() if key not in DATES}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in texts.items()}
    return hashlib.sha256(json.dumps([hashes, timeless], sort_keys=True).encode()).hexdigest()


def _without_durations(history: str) -> str:
    rows = csv.DictReader(io.StringIO(history))
    return json.dumps([{k: v for k, v in row.items() if k not in DURATIONS} for row in rows])
