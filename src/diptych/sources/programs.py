"""Files in which programs keep the labels of pictures: whose a file is, and what to do."""

import re
from pathlib import Path

from diptych.errors import InputError

_HEAD = 2**16
_AS_CSV = "write files and labels as CSV there (a column of each), and give that table"
# What is in the beginning of such a file, all of it, and whose it is.
_MARKS = (
    ("VIA (VGG Image Annotator)", (r'"(_via_settings|file_attributes)"\s*:', r'"filename"\s*:')),
    ("FiftyOne", (r'^\s*\{\s*"classes"\s*:\s*\[', r'"labels"\s*:\s*\{')),
    ("SageMaker Ground Truth", (r'"source-ref"\s*:',)),
    ("Supervisely", (r'"classes"\s*:\s*\[', r'"tags"\s*:\s*\[')),
    ("Edge Impulse", (r'"version"\s*:', r'"files"\s*:\s*\[', r'"label"\s*:\s*\{')),
    ("Labelbox", (r'"data_row"\s*:',)),
    ("Vertex AI", (r'"(imageGcsUri|image_gcs_uri)"\s*:',)),
    ("CVAT", (r"<annotations>", r"<image\s")),
)
_ENDINGS = (".json", ".jsonl", ".ndjson", ".manifest", ".labels", ".xml")


def refuse_project(path: Path) -> None:
    """Raise InputError for a file that a program keeps its labels in, which is not read."""
    if path.suffix.lower() not in _ENDINGS:
        return
    with path.open("rb") as file:
        head = file.read(_HEAD).decode("utf-8", "replace")
    for program, marks in _MARKS:
        if all(re.search(mark, head) for mark in marks):
            raise InputError(f"{path}: labels of {program}, in a form that is not read; {_AS_CSV}")
