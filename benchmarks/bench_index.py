"""Do copies among many pictures take little more than in proportion, and are they all found?

`diptych audit` of 10,000 and of 60,000 pictures of CIFAR-10, each with an empty cache, then of the
60,000 and 100 more; the copies that it names beside those of comparing all pairs. Then a million
descriptors, which scatter as those of pictures do, with 10,000 near pairs planted among them.

With the argument "million" or "audit" only that part is run.
"""

import io
import resource
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measuring import SHARED, cold_cache, diptych, machine, measured, some_of_cifar
from PIL import Image

from diptych.auditing.copies.near import descriptors, near_duplicate_pairs, thumbnails
from diptych.data.grouping import connected
from diptych.neighbours import cells
from diptych.neighbours.cells import Cells

Floats = npt.NDArray[np.float32]
SMALLER, LARGER, MORE = 10_000, 60_000, 100
MILLION, PLANTED, ALIKE, CLOSEST, AT_ONCE = 1_000_000, 10_000, 0.7, 10, 2048


def main() -> None:
    wanted = sys.argv[1:] or ["million", "audit", "pairs"]
    if "million" in wanted:
        million()
    if "audit" in wanted:
        audits()
    if "pairs" in wanted:
        pairs_of_all()
    print(machine())


def million() -> None:
    """Planted near pairs among a million descriptors."""
    rng = np.random.default_rng(0)
    pixels = some_of_cifar("train", 5000).pixels
    real_ND = descriptors(np.ascontiguousarray(thumbnails(pixels).transpose(0, 3, 1, 2)), 1)
    # Gaussian, with the covariance of those of pictures.
    spread_DD = np.linalg.cholesky(np.cov(real_ND.T) + 1e-6 * np.eye(real_ND.shape[1]))
    rows_MD = np.empty((MILLION, real_ND.shape[1]), np.float32)
    for start in range(0, MILLION, 10_000):
        noise = rng.standard_normal((10_000, real_ND.shape[1]))
        rows_MD[start : start + 10_000] = unit(noise @ spread_DD.T)
    # Copies of correlations from 0.7 on, as photographs have that were cut or relit.
    originals, copies = np.split(rng.permutation(MILLION)[: 2 * PLANTED], 2)
    off = unit(rng.standard_normal((PLANTED, real_ND.shape[1])) @ spread_DD.T)
    rows_MD[copies] = unit(rows_MD[originals] + rng.uniform(0, 0.9, (PLANTED, 1)) * off)
    cosine = (rows_MD[originals] * rows_MD[copies]).sum(1)
    planted = {
        (max(a, b), min(a, b))
        for a, b, alike in zip(originals.tolist(), copies.tolist(), cosine, strict=True)
        if alike >= ALIKE
    }
    started = time.monotonic()
    index = Cells(rows_MD)
    built = time.monotonic() - started
    found: set[tuple[int, int]] = set()
    for start in range(0, MILLION, AT_ONCE):
        at_N = np.arange(start, min(start + AT_ONCE, MILLION))
        some = index.alike(rows_MD[at_N], at_N, ALIKE, CLOSEST, later=False)
        query_P = at_N[some.query_P]
        found |= planted.intersection(zip(query_P.tolist(), some.base_P.tolist(), strict=True))
    searched = time.monotonic() - started - built
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"a million descriptors: cells in {built:.0f} s, searched in {searched:.0f} s", flush=True
    )
    print(f"{len(found) / len(planted):.2%} of {len(planted):,} planted pairs; {peak:.1f} GiB")


def audits() -> None:
    """The time and memory of audits, each of pictures in folders."""
    with tempfile.TemporaryDirectory() as place:
        folders = {count: Path(place) / str(count) for count in (SMALLER, LARGER)}
        names, content = cifar_files()
        for count, folder in folders.items():
            for name in names[:count]:
                write(folder / name, content[name])
        runs = {}
        for count, folder in folders.items():
            with cold_cache() as env:
                runs[count] = measured(diptych("audit", folder, "--size", "32"), env)
                print(f"{count:,} pictures: {runs[count].seconds:.0f} s", end=", ")
                print(f"{runs[count].processor_seconds:.0f} s of processors", end=", ")
                print(f"{runs[count].peak_mib:.0f} MiB", flush=True)
                if count == LARGER:
                    for name in names[:MORE]:
                        write(folder / name.replace(".jpg", "-new.jpg"), altered(content[name]))
                    again = measured(diptych("audit", folder, "--size", "32"), env)
                    print(f"and {MORE} more: {again.seconds:.0f} s", flush=True)
    ratio = runs[LARGER].seconds / runs[SMALLER].seconds
    work = runs[LARGER].processor_seconds / runs[SMALLER].processor_seconds
    print(
        f"six times the pictures take {ratio:.1f} times as long ({work:.1f} by processors)", end=""
    )
    print(" and ", end="")
    print(f"{runs[LARGER].peak_mib / runs[SMALLER].peak_mib:.2f} times the memory")


def pairs_of_all() -> None:
    """The pairs among the smaller set, by cells and by comparing all."""
    pixels = some_of_cifar("train", SMALLER).pixels
    rows = thumbnails(pixels)
    by_count = {}
    for few in (len(rows), cells.FEW):
        cells.FEW = few  # whoever is few is compared with all
        by_count[few] = {pair[:2] for pair in near_duplicate_pairs(rows)}
    every, some = by_count.values()
    leader = connected(len(rows), some)
    together = sum(leader[a] == leader[b] for a, b in every) / len(every)
    print(
        f"of {len(every)} pairs {len(every & some) / len(every):.1%} are found by cells", end=", "
    )
    print(f"{together:.1%} hang together; {len(some - every)} others")


def unit(rows_ND: npt.NDArray[np.floating]) -> Floats:
    return np.asarray(rows_ND / np.linalg.norm(rows_ND, axis=1, keepdims=True), np.float32)


def cifar_files() -> tuple[list[str], dict[str, bytes]]:
    """The names of all pictures in an order by chance, and their files."""
    with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
        members = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        content = {
            "/".join((m.split("/")[-2], m.replace("/", "-"))): archive.read(m) for m in members
        }
    names = sorted(content)
    return [names[i] for i in np.random.default_rng(1).permutation(len(names))], content


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def altered(content: bytes) -> bytes:
    """The picture in another quality."""
    file = io.BytesIO()
    Image.open(io.BytesIO(content)).save(file, "JPEG", quality=60)
    return file.getvalue()


if __name__ == "__main__":
    main()
