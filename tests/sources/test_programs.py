"""Files in which programs keep the labels of pictures."""

from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read

FILES = {
    "via.json": ('{"a.jpg1": {"filename": "a.jpg", "regions": [], "file_attributes": {}}}', "VIA"),
    "labels.json": ('{"classes": ["cat", "dog"], "labels": {"a": 0, "b": 1}}', "FiftyOne"),
    "meta.json": ('{"classes": [], "tags": [{"name": "cat"}]}', "Supervisely"),
    "data.ndjson": ('{"data_row": {"external_id": "a.jpg"}, "projects": {}}', "Labelbox"),
    "data.jsonl": ('{"imageGcsUri": "gs://x/a.jpg"}', "Vertex AI"),
    "out.manifest": ('{"source-ref": "s3://x/a.jpg", "cat": 0}', "SageMaker"),
    "annotations.xml": ('<annotations><image id="0" name="a.jpg"/></annotations>', "CVAT"),
    "project.tm": ("x", "Teachable Machine"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_program_is_named_and_what_to_do(tmp_path: Path, name: str) -> None:
    text, program = FILES[name]
    (tmp_path / name).write_text(text)
    (tmp_path / "a.jpg").touch()
    with pytest.raises(InputError, match=program):
        read(tmp_path / name)
