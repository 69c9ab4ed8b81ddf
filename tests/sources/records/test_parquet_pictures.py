import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from diptych.errors import ImageError
from diptych.images.decoding import read_file
from diptych.sources import read
from diptych.sources.records import parquet_pictures
from diptych.sources.records.parquet_pictures import Blocks, ParquetPictures, block_starts
from diptych.sources.trees.unchanged import Unchanged


def write(path: Path, count: int = 600, rows: int = 10) -> Path:
    contents = [f"picture {i}".encode() for i in range(count)]
    frame = pl.DataFrame({"image": contents, "label": [i % 2 for i in range(count)]})
    frame.write_parquet(path, row_group_size=rows)
    return path


def test_small_groups_are_read_together_and_large_ones_alone() -> None:
    assert block_starts([30, 30, 30, 200, 5]) == [0, 90, 290, 295]
    assert block_starts([]) == [0]


def test_threads_that_read_in_any_order_get_their_own(tmp_path: Path) -> None:
    data = read(write(tmp_path / "a.parquet"))
    order = [(i * 271) % 600 for i in range(600)]
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(lambda i: read_file(data.samples[i].path), order))
    assert contents == [f"picture {i}".encode() for i in order]


def test_in_order_each_block_is_read_once_and_few_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks_read = []

    class Watched(ParquetPictures):
        def read_block(self, block: int) -> pl.Series:
            blocks_read.append(block)
            return super().read_block(block)

    blocks = Blocks()
    path = write(tmp_path / "a.parquet")
    pictures = Watched(Unchanged(path), path, "image", [10] * 60, blocks)
    for row in range(600):
        pictures.read(str(row))
        assert len(blocks._kept) <= parquet_pictures.MOST_BLOCKS
    assert blocks_read == sorted(set(blocks_read))
    # Large ones are kept in twos.
    monkeypatch.setattr(parquet_pictures, "MOST_BYTES", 1)
    pictures.read("0")
    pictures.read("80")
    assert len(blocks._kept) == 2


def test_a_file_that_is_gone_is_a_reason(tmp_path: Path) -> None:
    data = read(write(tmp_path / "a.parquet"))
    (tmp_path / "a.parquet").unlink()
    with pytest.raises(ImageError, match="unreadable: no such file"):
        read_file(data.samples[0].path)


def test_a_file_that_has_changed_is_a_reason(tmp_path: Path) -> None:
    data = read(path := write(tmp_path / "a.parquet"))
    write(path, 700)
    with pytest.raises(ImageError, match="the file has changed since it was listed"):
        read_file(data.samples[0].path)


def test_a_data_set_is_copied_as_any_other(tmp_path: Path) -> None:
    data = read(write(tmp_path / "a.parquet"))
    read_file(data.samples[0].path)
    for same in (copy.deepcopy(data), pickle.loads(pickle.dumps(data))):
        assert [read_file(s.path) for s in same.samples[:2]] == [b"picture 0", b"picture 1"]
