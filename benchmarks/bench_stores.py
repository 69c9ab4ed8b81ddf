"""What does it cost to read the same photographs from an archive or store instead of from files?

Each time is that of `read()` and of decoding every picture into an empty cache, in turns; a ratio
is of the speed of files in the same round. A packed tar is unpacked into the cache every time. The
processors' time tells of the work alone, where others use the machine too.
"""

import io
import os
import statistics
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from measuring import cold_cache, machine, need_photos

from diptych import read
from diptych.images.decoding import decode_files, pixel_store

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
ROWS = 100  # in a group of rows, as the library datasets writes pictures
A_SHARD = 300


def main() -> None:
    photos = need_photos()
    files = sorted(photos.rglob("*.jpg"))
    # In one order everywhere: that in which a folder is read.
    labelled = [(file, file.parent.name) for file in files]
    with tempfile.TemporaryDirectory() as folder:
        stores = {"files": photos, **dict(_written(labelled, Path(folder)))}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in stores}
        for _ in range(ROUNDS):
            for name, path in stores.items():
                taken[name].append(_seconds(path, len(files)))
    for name, times in taken.items():
        pairs = list(zip(taken["files"], times, strict=True))
        ratios = [own[0] / one[0] for own, one in pairs]
        work = statistics.median(own[1] / one[1] for own, one in pairs)
        speed = len(files) / statistics.median(wall for wall, _ in times)
        print(
            f"{name}: {speed:.0f} pictures a second, {statistics.median(ratios):.2f} times the "
            f"speed of files ({min(ratios):.2f} to {max(ratios):.2f}); by the processors' time "
            f"{work:.2f} times"
        )
    print(machine())


def _seconds(path: Path, count: int) -> tuple[float, float]:
    """What it takes, and how much of that the processors work."""
    with cold_cache() as env:
        os.environ["DIPTYCH_CACHE"] = env["DIPTYCH_CACHE"]
        started, worked = time.monotonic(), time.process_time()
        data = read(path)
        pictures = decode_files((s.path for s in data.samples), pixel_store((224, 224, 3)))
        assert sum(not picture.reason for picture in pictures) == count
        return time.monotonic() - started, time.process_time() - worked


def _written(labelled: list[tuple[Path, str]], folder: Path) -> Iterator[tuple[str, Path]]:
    """The photographs in every kind of store."""
    with zipfile.ZipFile(folder / "photos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file, label in labelled:
            archive.write(file, f"{label}/{file.name}")
    yield "zip", folder / "photos.zip"
    for name, mode in (("photos.tar", "w"), ("photos.tar.gz", "w:gz")):
        with tarfile.open(folder / name, mode) as tar:  # type: ignore[call-overload]
            for file, label in labelled:
                tar.add(file, f"{label}/{file.name}")
        yield name.removeprefix("photos."), folder / name
    images = [{"bytes": file.read_bytes(), "path": file.name} for file, _ in labelled]
    frame = pl.DataFrame({"image": images, "label": [label for _, label in labelled]})
    frame.write_parquet(folder / "photos.parquet", row_group_size=ROWS)
    yield "Parquet", folder / "photos.parquet"
    (folder / "shards").mkdir()
    for first in range(0, len(labelled), A_SHARD):
        with tarfile.open(folder / "shards" / f"{first // A_SHARD:06d}.tar", "w") as tar:
            for number, (file, label) in enumerate(labelled[first : first + A_SHARD], first):
                for ending, data in (("jpg", file.read_bytes()), ("txt", label.encode())):
                    info = tarfile.TarInfo(f"{number:06d}.{ending}")
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
    yield "WebDataset", folder / "shards"


main()
