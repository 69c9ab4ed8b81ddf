import random
from pathlib import Path

import polars as pl
import pytest

from diptych.errors import InputError
from diptych.sources.records.parquet_footer import read_footer


def test_groups_and_words_are_those_that_were_written(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    frame = pl.DataFrame({"x": range(1000), "y": [[i, None] for i in range(1000)]})
    frame.write_parquet(path, row_group_size=300, metadata={"word": "ä" * 300})
    footer = read_footer(path, path)
    assert footer.rows == (300, 300, 300, 100)
    assert footer.words["word"] == "ä" * 300


def test_whatever_is_damaged_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"x": range(100)}).write_parquet(path)
    whole = path.read_bytes()
    draws = random.Random(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(4):
            damaged[draws.randrange(len(whole) // 2, len(whole))] = draws.randrange(256)
        path.write_bytes(damaged)
        try:
            read_footer(path, path)
        except InputError as error:
            refused += 1
            assert str(error).startswith(f"{path}: cannot be read: ")
    assert refused
    path.write_bytes(whole[:-4] + b"PARE")
    with pytest.raises(InputError, match="it is encrypted"):
        read_footer(path, path)
