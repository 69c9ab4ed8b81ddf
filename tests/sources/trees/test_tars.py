import gzip
import io
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from archives import add, pictures, png, write_tar
from diptych.errors import ImageError, InputError
from diptych.images.cache import clear, usage
from diptych.images.decoding import read_file
from diptych.sources import read
from diptych.sources.trees import tars
from diptych.sources.trees.tars import tar_tree

FILES = ("photos/cat/a.png", "photos/cat/b.png", "photos/dog/c.png")


def packed(tmp_path: Path, ending: str) -> Path:
    path = tmp_path / f"photos.tar{ending}"
    if ending != ".zst":
        return write_tar(path, pictures(*FILES), f"w:{ending.removeprefix('.')}")
    plain = write_tar(tmp_path / "x.tar", pictures(*FILES))
    path.write_bytes(zstandard.compress(plain.read_bytes()))
    return path


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_a_tar_is_the_folder_that_was_packed(tmp_path: Path, ending: str) -> None:
    data = read(packed(tmp_path, ending))
    assert [s[:2] for s in data.samples] == [
        ("cat/a.png", "cat"), ("cat/b.png", "cat"), ("dog/c.png", "dog"),
    ]  # fmt: skip
    assert [read_file(s.path) for s in data.samples] == list(pictures(*FILES).values())


def test_one_that_was_unpacked_on_its_way_is_told_by_its_bytes(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", pictures("cat/a.png", "dog/b.png"))
    assert read(path).classes == ("cat", "dog")


def test_a_packed_one_is_unpacked_once_and_cleared_with_the_cache(
    tmp_path: Path, own_cache: Path
) -> None:
    path = packed(tmp_path, ".gz")
    read(path)
    (copy,) = (own_cache / "archives").glob("*.rows")
    first = copy.stat().st_mtime_ns
    time.sleep(0.01)
    read(path)
    assert copy.stat().st_mtime_ns == first
    assert usage().bytes == copy.stat().st_size > 0
    clear()
    assert not copy.exists()
    assert len(read(path)) == 3


def test_another_archive_of_the_same_name_is_another(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tgz", pictures("cat/a.png", "dog/b.png"), "w:gz")
    read(path)
    write_tar(path, pictures("cat/a.png", "dog/b.png", "owl/c.png"), "w:gz")
    assert read(path).classes == ("cat", "dog", "owl")


def test_one_that_is_larger_than_the_cache_may_be_is_one_line(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_CACHE_LIMIT", str(2**20 / 2**30))
    files = {f"{label}/{i}.png": bytes(2**18) for label in ("cat", "dog") for i in range(4)}
    path = write_tar(tmp_path / "a.tar.gz", files, "w:gz")
    with pytest.raises(InputError, match=r"a\.tar\.gz: a copy .* larger than the 0\.000977 GiB"):
        read(path)
    assert not list((own_cache / "archives").iterdir())


def test_a_picture_beyond_the_limit_is_not_unpacked(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tars, "BYTES_LIMIT", 10_000)
    files = {**pictures("cat/a.png", "dog/b.png"), "dog/bomb.png": bytes(10**6)}
    data = read(write_tar(tmp_path / "a.tar.gz", files, "w:gz"))
    assert [(s.name, s.reason) for s in data.strays] == [("dog/bomb.png", "too large")]
    assert usage(own_cache).bytes < 10_000


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_links_devices_and_names_that_lead_out_are_strays(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.tar" if mode == "w" else "a.tar.gz")
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        add(archive, "./cat/1.png", png(0))
        for name, kind, target in (
            ("dog/hard.png", tarfile.LNKTYPE, "./cat/1.png"),
            ("dog/soft.png", tarfile.SYMTYPE, "../cat/1.png"),
            ("dog/endless.png", tarfile.SYMTYPE, "endless.png"),
            ("dog/none.png", tarfile.LNKTYPE, "absent.png"),
            ("dog/null", tarfile.CHRTYPE, ""),
            ("dog/pipe", tarfile.FIFOTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
        add(archive, "../../dog/out.png", png(1))
        add(archive, "/dog/out.png", png(1))
    data = read(path)
    assert {(s.name, read_file(s.path)) for s in data.samples} == {
        ("cat/1.png", png(0)), ("dog/hard.png", png(0)),
    }  # fmt: skip
    assert {(s.name, s.reason) for s in data.strays} == {
        ("dog/soft.png", "link"), ("dog/endless.png", "link"), ("dog/none.png", "link"),
        ("dog/null", "not an image"), ("dog/pipe", "not an image"),
        ("../../dog/out.png", "outside"), ("/dog/out.png", "outside"),
    }  # fmt: skip


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz", ".zst"])
def test_one_that_was_cut_off_is_one_line(tmp_path: Path, own_cache: Path, ending: str) -> None:
    path = packed(tmp_path, ending)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // (6 if not ending else 2)])
    with pytest.raises(InputError, match="cannot be read: no tar archive, or damaged or cut off"):
        read(path)
    assert not list(own_cache.rglob("*.rows"))


def test_a_damaged_header_in_the_middle_does_not_end_the_list(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", pictures("cat/1.png", "dog/2.png", "dog/3.png"))
    data = path.read_bytes()
    at = data.index(b"dog/2.png")
    path.write_bytes(data[:at] + b"\xff" * 200 + data[at + 200 :])
    with pytest.raises(InputError, match="damaged or cut off"):
        read(path)


def test_something_else_of_that_name_is_one_line(tmp_path: Path) -> None:
    for name, data in (
        ("a.tar", b"no tar"),
        ("a.tar.gz", gzip.compress(b"no tar")),
        ("b.tar", b""),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match="no tar archive"):
            read(tmp_path / name)


def test_a_table_of_pixels_in_a_tar(tmp_path: Path) -> None:
    rows = ["label," + ",".join(f"p{i}" for i in range(16))]
    rows += [
        f"{i % 2}," + ",".join(str((i * 37 + j * 11) % 256) for j in range(16)) for i in range(9)
    ]
    data = read(write_tar(tmp_path / "a.tar.gz", {"train.csv": "\n".join(rows).encode()}, "w:gz"))
    assert (len(data), data.shape, data.root) == (9, (4, 4, 1), tmp_path / "a.tar.gz")


def test_a_copy_that_was_cleared_while_in_use_is_a_reason(tmp_path: Path, own_cache: Path) -> None:
    place = tar_tree(path := packed(tmp_path, ".gz"), path).place("photos/cat/a.png")
    (copy,) = own_cache.rglob("*.rows")
    copy.unlink()
    with pytest.raises(ImageError, match="unreadable: no such file"):
        read_file(place)


def test_members_are_read_in_pieces_too(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"cat/1.bin": bytes(range(256)) * 5000})
    with tar_tree(path, path).place("cat/1.bin").open() as file:
        assert isinstance(file, io.BufferedReader)
        assert file.read(300)[-1] == 299 % 256


def test_runs_that_unpack_it_at_once_share_a_copy(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, unpack = packed(tmp_path, ".gz"), tars._unpack
    times, trees, other = [], [], threading.Thread(target=lambda: trees.append(read(path)))

    def slowly(*args: Any) -> None:
        times.append(1)
        if len(times) == 1:
            other.start()
            time.sleep(0.3)  # in which the other finds no copy yet
        unpack(*args)

    monkeypatch.setattr(tars, "_unpack", slowly)
    trees.append(read(path))
    other.join()
    assert len(times) == 1
    for data in trees:
        assert [read_file(s.path) for s in data.samples] == list(pictures(*FILES).values())
    assert not list(own_cache.rglob("*.lock"))


@pytest.mark.parametrize(
    "note",
    [
        lambda info: setattr(info, "name", "cat/" + "a" * 2**21),
        lambda info: info.pax_headers.update(comment="a" * 2**21),
    ],
)
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_notes_without_end_are_one_line(
    tmp_path: Path, note: Callable[[tarfile.TarInfo], None], form: int, ending: str
) -> None:
    path, info = tmp_path / f"a.tar{ending}", tarfile.TarInfo("cat/a.png")
    note(info)
    with tarfile.open(path, f"w:{ending[1:]}", format=form) as tar:  # type: ignore[call-overload]
        tar.addfile(info)
    if form == tarfile.GNU_FORMAT and info.name == "cat/a.png":
        assert read(path).classes == ("cat",)  # it has no such notes
    else:
        with pytest.raises(InputError, match=r"a name or note of 2,097,\d+ bytes; the limit is"):
            read(path)


def sparse(blocks: int) -> bytes:
    """The header of a file with holes, and blocks with more of these."""
    info = tarfile.TarInfo("cat/holes")
    info.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[482] = blocks > 0
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    block = b"00000000001\0" * 42 + b"\1" + bytes(7)
    return bytes(header) + block * (blocks - 1) + block[:504] + bytes(8)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_holes_without_end_are_one_line(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    whole = write_tar(path := tmp_path / "a.tar.gz", {"cat/a.png": png(0)}).read_bytes()
    path.write_bytes(pack(sparse(3) + whole))
    data = read(path)
    assert (len(data), [s[:2] for s in data.strays]) == (1, [("cat/holes", "not an image")])
    path.write_bytes(pack(sparse(2**11 + 1) + whole))
    with pytest.raises(InputError, match="a list of holes of 1,049,088 bytes"):
        read(path)


def test_a_list_of_holes_in_a_file_is_not_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("cat/holes")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    info.size = len(content := b"999999999\n")
    with tarfile.open(path := tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(content))
        add(tar, "cat/a.png", png(0))
    data = read(path)
    assert (len(data), [s[:2] for s in data.strays]) == (1, [("cat/holes", "not an image")])
