import stat
import struct
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from archives import pictures, png, write_zip
from diptych.auditing import audit
from diptych.errors import ImageError, InputError
from diptych.images.decoding import read_file
from diptych.sources import read
from diptych.sources.trees import zips
from diptych.sources.trees.archive_tree import ArchiveTree
from diptych.sources.trees.zips import zip_tree

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
IN_LIST, IN_PLACE = b"PK\1\2", b"PK\3\4"  # how a member's header begins


def tree(path: Path) -> ArchiveTree:
    return zip_tree(path, path)


def patched(path: Path, header: bytes, offset: int, form: str, value: int, member: int = 0) -> Path:
    """A zip with another number in the header of one of its members."""
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(member + 1):
        at = data.index(header, at + 1)
    struct.pack_into(form, data, at + offset, value)
    path.write_bytes(data)
    return path


def encrypted(path: Path, member: int) -> Path:
    return patched(path, IN_LIST, 8, "<H", 1, member)


@pytest.mark.parametrize("method", METHODS)
def test_a_zip_is_the_folder_that_was_packed(tmp_path: Path, method: int) -> None:
    files = pictures("photos/cat/a.png", "photos/cat/2024/b.png", "photos/dog/c.png")
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    packed = read(write_zip(tmp_path / "photos.zip", files, method))
    folder = read(tmp_path / "photos")
    assert [s[:2] for s in packed.samples] == [s[:2] for s in folder.samples]
    assert [read_file(s.path) for s in packed.samples] == [
        read_file(s.path) for s in folder.samples
    ]
    assert audit(packed, size=32).dataset.classes == audit(folder, size=32).dataset.classes


def test_parts_in_a_zip_are_kept(tmp_path: Path) -> None:
    names = [f"{part}/{c}/1.png" for part in ("train", "test") for c in ("cat", "dog")]
    data = read(write_zip(tmp_path / "a.zip", pictures(*names)))
    assert (data.classes, data.parts()) == (("cat", "dog"), ("train", "test"))


def test_threads_read_at_the_same_time(tmp_path: Path) -> None:
    files = pictures(*(f"{c}/{i}.png" for c in ("cat", "dog") for i in range(40)))
    packed = tree(write_zip(tmp_path / "a.zip", files, zipfile.ZIP_DEFLATED))
    with ThreadPoolExecutor(8) as pool:
        read_back = pool.map(lambda name: packed.place(name).read_bytes(), list(files) * 5)
    assert list(read_back) == list(files.values()) * 5


def test_what_a_mac_adds_is_hidden_and_umlauts_are_of_one_spelling(tmp_path: Path) -> None:
    files = {
        "Tu\u0308r/1.png": png(0), "Fenster/2.png": png(1),
        "__MACOSX/Tu\u0308r/._1.png": b"\0\5\26\7", "Fenster/.DS_Store": b"x",
    }  # fmt: skip
    data = read(write_zip(tmp_path / "a.zip", files))
    assert data.classes == ("Fenster", "T\u00fcr")
    assert {(s.name, s.reason) for s in data.strays} == {
        ("__MACOSX/T\u00fcr/._1.png", "hidden folder"), ("Fenster/.DS_Store", "hidden file"),
    }  # fmt: skip


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "Tür"), ("cp437", "Tür")])
def test_names_without_the_flag_of_utf_8(tmp_path: Path, encoding: str, name: str) -> None:
    raw = f"{name}/1.png".encode(encoding)
    path = write_zip(tmp_path / "a.zip", {"x" * len(raw): png(0), "Bad/1.png": png(1)})
    path.write_bytes(path.read_bytes().replace(b"x" * len(raw), raw))
    assert read(path).classes == ("Bad", name)


def test_the_separator_of_windows(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", pictures("cat|1.png", "dog|2.png"))
    path.write_bytes(path.read_bytes().replace(b"|", b"\\"))
    assert read(path).classes == ("cat", "dog")


@pytest.mark.parametrize(
    "name", ["../cat/x.png", "cat/../../x.png", "/etc/x.png", "C:\\cat\\x.png"]
)
def test_names_that_lead_out_are_strays(tmp_path: Path, name: str) -> None:
    files = {**pictures("cat/1.png", "dog/2.png"), name: png(3)}
    data = read(write_zip(tmp_path / "a.zip", files))
    assert [(s.name, s.reason) for s in data.strays] == [(name, "outside")]
    assert len(data) == 2


def test_encrypted_members_are_strays_and_all_of_them_one_line(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", pictures("cat/1.png", "dog/2.png", "dog/3.png"))
    data = read(encrypted(path, 1))
    assert [(s.name, s.reason) for s in data.strays] == [("dog/2.png", "encrypted")]
    encrypted(encrypted(path, 0), 2)
    with pytest.raises(InputError, match=r"a\.zip: cannot be read: its files are encrypted"):
        read(path)


@pytest.mark.parametrize("method", METHODS)
def test_a_bomb_is_given_up_at_the_limit_whatever_its_header_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: int
) -> None:
    path = write_zip(tmp_path / "a.zip", {"cat/1.png": bytes(2**25), "dog/2.png": png(1)}, method)
    patched(path, IN_LIST, 24, "<I", 100)
    monkeypatch.setattr(zips, "BYTES_LIMIT", 2**22)
    with pytest.raises(ImageError) as error:
        read_file(tree(path).place("cat/1.png"))
    assert error.value.reason == "too large"


def test_members_that_lie_in_each_other_are_strays(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", pictures("cat/1.png", "cat/2.png", "dog/3.png"))
    # All of the list point to the same bytes, as in archives that grow without end.
    patched(path, IN_LIST, 42, "<I", 0, member=1)
    data = read(path)
    assert ("cat/1.png", "unreadable") in [(s.name, s.reason) for s in data.strays]


def test_of_files_of_one_name_the_last_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for name, seed in (("cat/1.png", 0), ("dog/1.png", 1), ("cat/1.png", 2)):
            archive.writestr(name, png(seed))
    data = read(path)
    assert read_file(data.samples[0].path) == png(2)
    assert [(s.name, s.reason) for s in data.strays] == [("cat/1.png:1", "named twice")]
    # The stray is not taken for the file that counts.
    assert audit(data, size=32).pictures["cat/1.png"].reason == ""


@pytest.mark.parametrize(
    ("mode", "reason"), [(stat.S_IFLNK, "link"), (stat.S_IFIFO, "not an image")]
)
def test_links_and_devices_are_strays(tmp_path: Path, mode: int, reason: str) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in pictures("cat/1.png", "dog/2.png").items():
            archive.writestr(name, data)
        odd = zipfile.ZipInfo("dog/odd")
        odd.create_system, odd.external_attr = 3, mode << 16
        archive.writestr(odd, "/etc/passwd")
    assert [(s.name, s.reason) for s in read(path).strays] == [("dog/odd", reason)]


@pytest.mark.parametrize("cut", [0, 10, 400])
def test_an_archive_that_was_cut_off_is_one_line(tmp_path: Path, cut: int) -> None:
    path = write_zip(tmp_path / "a.zip", pictures("cat/1.png", "dog/2.png"))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"a\.zip: cannot be read: no zip archive, or damaged"):
        read(path)


def test_a_damaged_member_is_set_aside_with_the_reason(tmp_path: Path) -> None:
    files = pictures("cat/1.png", "dog/2.png")
    path = write_zip(tmp_path / "a.zip", files)
    path.write_bytes(path.read_bytes().replace(files["cat/1.png"][-20:], bytes(20)))
    found = audit(read(path), size=32)
    assert [(f.name, f.issue) for f in found.findings if f.set_aside] == [
        ("cat/1.png", "unreadable")
    ]
    assert "checksum" in found.pictures["cat/1.png"].detail


def test_an_archive_that_changes_after_it_was_listed(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", pictures("cat/1.png", "dog/2.png"))
    place = tree(path).place("cat/1.png")
    write_zip(path, pictures("cat/1.png"))
    with pytest.raises(ImageError, match="the file has changed since it was listed"):
        read_file(place)


def test_a_table_in_a_zip_names_its_pictures(tmp_path: Path) -> None:
    files = pictures("a.png", "b.png", "c.png")
    files["labels.csv"] = b"file,label,camera\na.png,cat,x\nb.png,dog,y\nabsent.png,dog,y\n"
    data = read(write_zip(tmp_path / "a.zip", files))
    assert [(s.name, s.label) for s in data.samples] == [("a.png", "cat"), ("b.png", "dog")]
    assert {(s.name, s.reason) for s in data.strays} == {
        ("absent.png", "missing"), ("c.png", "not listed"), ("labels.csv", "table"),
    }  # fmt: skip


def test_checksums_are_those_of_zlib(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"x": b"diptych"}, zipfile.ZIP_DEFLATED)
    (info,) = zipfile.ZipFile(path).infolist()
    assert zlib.crc32(tree(path).place("x").read_bytes()) == info.CRC


@pytest.mark.parametrize("others", [{}, {"readme.md": b"of digits"}])
@pytest.mark.parametrize("name", ["train.csv", "digits/train.csv"])
def test_a_table_of_pixels_in_a_zip(tmp_path: Path, name: str, others: dict[str, bytes]) -> None:
    rows = ["label," + ",".join(f"p{i}" for i in range(16))]
    for i in range(9):
        rows.append(f"{i % 2}," + ",".join(str((i * 37 + j * 11) % 256) for j in range(16)))
    data = read(write_zip(tmp_path / "a.zip", {name: "\n".join(rows).encode(), **others}))
    assert (len(data), data.shape, data.root) == (9, (4, 4, 1), tmp_path / "a.zip")
