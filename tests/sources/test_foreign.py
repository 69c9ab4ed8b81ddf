from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.7z", "an archive of a kind that is not read; unpack it"),
        ("a.rar", "unpack it"),
        ("labels.xlsx", "a workbook; save the sheet of labels as CSV"),
        ("a.tfrecord", "records of another program"),
    ],
)
def test_files_of_other_programs_are_refused_with_what_to_do(
    tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / name).write_bytes(b"7z\xbc\xaf\x27\x1c")
    with pytest.raises(InputError, match=message):
        read(tmp_path / name)
