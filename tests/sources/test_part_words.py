"""What somebody says that words mean which are no usual names of parts."""

from collections import Counter
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read
from diptych.sources.part_words import split_part


def test_words_stand_behind_the_column_or_level() -> None:
    assert split_part("folder:1,rps=train,rps-test=test,old=none") == (
        "folder:1",
        (("rps", "train"), ("rps-test", "test"), ("old", "")),
    )
    assert split_part("a,b") == ("a,b", ())
    assert split_part("a=b, c = Valid") == ("a=b", (("c", "valid"),))


def test_folders_are_the_parts_that_are_said(tmp_path: Path) -> None:
    for folder in ("rps", "rps-test-set", "extra"):
        for name in ("rock/0.png", "rock/1.png", "paper/0.png", "paper/1.png"):
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).touch()
    offered = "--part 'folder:1,extra=PART,rps=PART,rps-test-set=PART' says what each is"
    with pytest.raises(InputError, match=offered):
        read(tmp_path, part="folder:1")
    data = read(tmp_path, part="folder:1,rps=train,rps-test-set=test,extra=none")
    assert data.classes == ("paper", "rock")
    assert Counter(sample.part for sample in data.samples) == {"train": 4, "test": 4}
    assert Counter(stray.reason for stray in data.strays) == {"no part": 4}
