from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.data.parts_file import with_parts
from diptych.errors import InputError
from diptych.sources import read


def test_parts_are_laid_over_by_name_and_the_rest_is_set_aside(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root = folder_of(2)
    file = tmp_path / "splits.csv"
    file.write_text(f"path,part\nred/red000.png,train\n{root}/blue/blue001.png,test\nx.png,test\n")
    data = with_parts(read(root), file)
    assert {s.name: s.part for s in data.samples} == {
        "red/red000.png": "train",
        "blue/blue001.png": "test",
    }
    assert {stray.reason for stray in data.strays} == {"not listed"}
    assert "1 of its pictures are not here" in data.note


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("path,label\na,b\n", "no column 'part'"),
        ("path,part\n", "there is no row in it"),
        ("path,part\nred/red000.png,tset\n", "row 2: the part is 'tset'; did you mean 'test'?"),
        ("path,part\nother.png,test\n", "none of its pictures is in"),
    ],
)
def test_a_file_that_is_no_split_of_these_data_is_refused(
    folder_of: Callable[..., Path], tmp_path: Path, text: str, line: str
) -> None:
    (tmp_path / "splits.csv").write_text(text)
    with pytest.raises(InputError) as refused:
        with_parts(read(folder_of(1)), tmp_path / "splits.csv")
    assert line in str(refused.value)
