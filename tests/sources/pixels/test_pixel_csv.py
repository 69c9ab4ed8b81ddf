"""Pictures that come as rows of numbers."""

import gzip
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import zstandard

from diptych import audit, clean, read, split
from diptych.data.pixel_format import PixelFormat
from diptych.errors import InputError
from diptych.images.decoding import pixel_store
from diptych.sources.pixels.pixel_csv import read_pixels

Pixels = npt.NDArray[np.uint8]


def noise(n: int, *shape: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def smooth(n: int, side: int) -> Pixels:
    """Colour pictures whose neighbours are alike and whose channels are not."""
    ramp = np.arange(side, dtype=np.uint8)
    pictures = np.zeros((n, side, side, 3), np.uint8)
    pictures[..., 0], pictures[..., 1], pictures[..., 2] = ramp, 100 + ramp[:, None], 220
    return pictures + noise(n, 1, 1, 1) // 8


def written(path: Path, labels: list[object], values: npt.NDArray[np.generic], **how: str) -> Path:
    rows = values.reshape(len(values), -1)
    lines = [",".join([str(y), *map(str, row)]) for y, row in zip(labels, rows, strict=True)]
    if how.get("last"):
        lines = [",".join([*map(str, row), str(y)]) for y, row in zip(labels, rows, strict=True)]
    if header := how.get("header"):
        names = [f"pixel{i}" for i in range(rows.shape[1])]
        lines.insert(0, ",".join([*names, header] if how.get("last") else [header, *names]))
    text = ("\n".join(lines) + "\n").encode()
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text))
    elif path.suffix == ".zst":
        path.write_bytes(zstandard.compress(text))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("train.csv", text)
    else:
        path.write_bytes(text)
    return path


def pixels_of(path: Path, **how: Any) -> Pixels:
    data = read(path, **how)
    assert data.shape is not None
    return np.asarray(pixel_store(data.shape).read([s.digest for s in data.samples]))


LABELS: list[object] = [3, 1, 3, 10, 2, 1] * 4


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "csv.zst", "zip"])
def test_numbers_come_out_as_they_were_written(ending: str, tmp_path: Path) -> None:
    pictures = noise(24, 5, 5, 1)
    path = written(tmp_path / f"d.{ending}", LABELS, pictures, header="label")
    data = read(path)
    np.testing.assert_array_equal(pixels_of(path), pictures)
    assert data.classes == ("1", "2", "3", "10")
    assert [s.label for s in data.samples] == [str(label) for label in LABELS]
    assert data.samples[0].name == f"d.{ending}:2"
    assert "24 pictures of 5×5×1, labels in label, values 0–255" in data.note


@pytest.mark.parametrize("header", ["", "y", "Class", "kind"])
@pytest.mark.parametrize("last", ["", "yes"])
def test_the_labels_are_found_first_or_last_with_a_header_or_none(
    header: str, last: str, tmp_path: Path
) -> None:
    pictures = noise(24, 4, 4, 1)
    path = written(tmp_path / "d.csv", LABELS, pictures, header=header, last=last)
    if last and not header:
        # Without a name, numbers first are labels unless they cannot be: here they could.
        path = written(tmp_path / "d.csv", [f"class {y}" for y in LABELS], pictures, last=last)
    np.testing.assert_array_equal(pixels_of(path), pictures)
    assert len(read(path).classes) == 4


@pytest.mark.parametrize(("top", "said"), [(1, "0–1"), (16, "0–16"), (255, "0–255")])
def test_white_is_one_sixteen_or_255(top: int, said: str, tmp_path: Path) -> None:
    levels = noise(24, 6, 6, 1) // 16 * 17  # sixteen steps from black to white
    values = levels / 255 * top if top == 1 else np.rint(levels / 255 * top).astype(int)
    path = written(tmp_path / "d.csv", LABELS, values, header="label")
    assert said in read(path).note
    assert np.abs(pixels_of(path).astype(int) - levels).max() <= 255 / top / 2 + 1


def test_a_stated_range_wins(tmp_path: Path) -> None:
    dark = noise(24, 4, 4, 1) // 32
    path = written(tmp_path / "d.csv", LABELS, dark, header="label")
    np.testing.assert_array_equal(pixels_of(path, value_range="0-255"), dark)


@pytest.mark.parametrize("planar", [False, True])
def test_colours_lie_side_by_side_or_one_after_the_other(planar: bool, tmp_path: Path) -> None:
    pictures = smooth(24, 8)
    stored = pictures.transpose(0, 3, 1, 2) if planar else pictures
    path = written(tmp_path / "d.csv", LABELS, stored, header="label")
    np.testing.assert_array_equal(pixels_of(path), pictures)
    assert ("planar" if planar else "interleaved") in read(path).note


def test_a_shape_that_is_not_square_must_be_stated(tmp_path: Path) -> None:
    pictures = noise(24, 4, 7, 1)
    path = written(tmp_path / "d.csv", LABELS, pictures, header="label")
    with pytest.raises(InputError, match=r"28 numbers a row are no square picture.*--shape"):
        read(path)
    np.testing.assert_array_equal(pixels_of(path, shape="4x7"), pictures)
    with pytest.raises(InputError, match="28 numbers a row are no picture of 5x5"):
        read(path, shape="5x5")


def test_numbers_may_share_a_cell_and_a_column_may_name_the_part(tmp_path: Path) -> None:
    pictures = noise(9, 6, 6, 1)
    usages = ["Training", "PublicTest", "PrivateTest"] * 3
    lines = ["emotion,pixels,Usage"]
    for i, (row, usage) in enumerate(zip(pictures.reshape(9, -1), usages, strict=True)):
        lines.append(f"{i % 2},{' '.join(map(str, row))},{usage}")
    path = tmp_path / "fer.csv"
    path.write_text("\n".join(lines))
    np.testing.assert_array_equal(pixels_of(path), pictures)
    assert [s.part for s in read(path).samples] == ["train", "valid", "test"] * 3


def broken(path: Path, change: dict[int, str]) -> Path:
    lines = path.read_text().splitlines()
    for number, line in change.items():
        lines[number - 1] = line
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("line", [3, 400])
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,2,3", r"line {} has 3 columns, the first line 10"),
        ("1,0,0,0,0,x,0,0,0,0", r"line {}, pixel4: 'x' is not a number"),
        ("1,0,0,0,0,,0,0,0,0", r"line {}, pixel4: is empty"),
        ("1,0,0,0,0,0,0,0,0,256", r"line {}, pixel8: 256 is not among 0 to 255.*--range"),
        ("1,-1,0,0,0,0,0,0,0,0", r"line {}, pixel0: -1 is not among 0 to 255"),
    ],
)
def test_a_broken_row_is_named_with_its_column(
    line: int, row: str, said: str, tmp_path: Path
) -> None:
    labels: list[object] = [i % 3 for i in range(500)]
    path = written(tmp_path / "d.csv", labels, noise(500, 3, 3, 1), header="label")
    with pytest.raises(InputError, match=said.format(line)):
        read(broken(path, {line: row}))


def test_amounts_are_no_labels(tmp_path: Path) -> None:
    fractions: list[object] = [i / 7 for i in range(24)]
    path = written(tmp_path / "d.csv", fractions, noise(24, 3, 3, 1), header="label")
    with pytest.raises(InputError, match="label looks continuous"):
        read(path)
    many: list[object] = list(range(60))
    path = written(tmp_path / "e.csv", many, noise(60, 3, 3, 1), header="label")
    with pytest.raises(InputError, match="60 different values in 60 rows"):
        read(path)


@pytest.mark.parametrize(("text", "said"), [("", "empty"), ("label,a,b,c,d\n", "no rows")])
def test_a_file_without_rows_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        read(tmp_path / "d.csv")


def test_rows_without_labels_can_be_read_to_be_answered(tmp_path: Path) -> None:
    pictures = noise(10, 5, 5, 1)
    lines = [",".join(map(str, row)) for row in pictures.reshape(10, -1)]
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    [(names, pixels)] = read_pixels(tmp_path / "d.csv", PixelFormat((5, 5, 1)))
    np.testing.assert_array_equal(pixels, pictures)
    assert names[0] == "d.csv:1"
    with pytest.raises(InputError, match="no column of labels"):
        read(tmp_path / "d.csv")


def test_a_second_file_is_the_test_part(tmp_path: Path) -> None:
    train = written(tmp_path / "a.csv", LABELS, noise(24, 4, 4, 1), header="label")
    test = written(tmp_path / "b.csv", LABELS, noise(24, 4, 4, 1, seed=1), header="label")
    data = read(train, test=test)
    parts = split(clean(data, audit(data)), seed=0)
    assert {s.name.split(":")[0] for s in parts.test.samples} == {"b.csv"}
    assert len(parts.test) == 24
    assert len(parts.train) + len(parts.valid) == 24
    # Of a part without the first classes the labels mean the same.
    fewer: list[object] = [3, 10, 3, 2, 2, 10] * 4
    last = written(tmp_path / "c.csv", fewer, noise(24, 4, 4, 1, seed=2), header="label")
    data = read(train, test=last)
    assert data.classes == ("1", "2", "3", "10")
    assert data.targets()[24:] == [2, 3, 2, 1, 1, 3] * 4
    more: list[object] = [4, 1, 3, 2, 2, 1] * 4
    other = written(tmp_path / "d.csv", more, noise(24, 4, 4, 1), header="label")
    with pytest.raises(InputError, match="the training part has no class '4'; it has: 1, 10, 2"):
        read(train, test=other)


def test_a_file_larger_than_the_memory_it_may_have_is_read(tmp_path: Path) -> None:
    path, block = tmp_path / "large.csv", noise(500, 50, 50, 1)
    rows = [",".join([str(i % 3), *map(str, row)]) for i, row in enumerate(block.reshape(500, -1))]
    with path.open("w") as file:
        for _ in range(60):
            file.write("\n".join(rows) + "\n")
    size = path.stat().st_size
    code = (
        "import sys; from pathlib import Path\n"
        "from diptych.sources.pixels.pixel_csv import read_pixels\n"
        "from diptych.data.pixel_format import PixelFormat, PixelValues\n"
        "known = PixelFormat((50, 50, 1), PixelValues(0, 255))\n"
        "n = sum(len(names) for names, _ in read_pixels(Path(sys.argv[1]), known))\n"
        "status = Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]\n"
        "print(n, int(status) * 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    count, peak = map(int, done.stdout.split())
    assert count == 30_000
    assert size > 250 * 2**20
    assert peak < size


@pytest.mark.realdata
def test_mnist_is_read_as_it_is(real: Path) -> None:
    data = read(real / "mnist_test.csv.gz")
    assert data.shape == (28, 28, 1)
    assert data.classes == tuple("0123456789")
    assert len(data) == 10_000
    assert "values 0–255" in data.note


@pytest.mark.parametrize("ordered", [True, False], ids=["sorted", "mixed"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_labels_without_a_name_are_told_from_corners_of_pictures(
    first: bool, ordered: bool, tmp_path: Path
) -> None:
    """By all rows: those of a sorted file begin with one label alone."""
    rng = np.random.default_rng(1)
    rows = []
    for i in range(150):
        picture = np.zeros((8, 8), int)
        picture[1:7, 1:7] = rng.integers(0, 17, (6, 6))
        picture[7, 7] = rng.choice([0, 0, 0, 0, 0, 0, 0, 1, 2, 3])  # a corner that is rarely grey
        label = 3 * i // 150 if ordered else i % 3
        rows.append([label, *picture.ravel()] if first else [*picture.ravel(), label])
    path = tmp_path / "digits.csv"
    path.write_text("\n".join(",".join(map(str, row)) for row in rows))
    data = read(path)
    assert data.classes == ("0", "1", "2")
    assert data.counts() == {"0": 50, "1": 50, "2": 50}


def test_a_file_with_one_label_and_no_header_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("\n".join(",".join(["0"] + ["5"] * 9) for _ in range(20)))
    with pytest.raises(InputError, match="every label in column 1 is '0'; give the file a header"):
        read(path)


def test_whole_numbers_may_be_written_as_fractions(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    rows = [f"{i % 2}.0," + ",".join(f"{(i * j) % 256}.0" for j in range(9)) for i in range(20)]
    path.write_text("label," + ",".join(f"p{j}" for j in range(9)) + "\n" + "\n".join(rows))
    data = read(path)
    assert data.classes == ("0", "1")
    pixels = pixel_store((3, 3, 1)).read([data.samples[3].digest])
    assert pixels.ravel().tolist() == [(3 * j) % 256 for j in range(9)]


def test_empty_lines_at_the_end_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    rows = [f"{i % 2}," + ",".join(str((i * j) % 256) for j in range(9)) for i in range(20)]
    path.write_text("\n".join(rows) + "\n\n\n")
    assert len(read(path)) == 20


@pytest.mark.parametrize("sign", [".", ","])
def test_signs_between_thousands_are_no_decimals(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "d.csv"
    numbers = [[f"{(i * 97 + j * 511) % 4096:,}".replace(",", sign) for j in range(9)]
               for i in range(20)]  # fmt: skip
    rows = [";".join([str(i % 2), *row]) for i, row in enumerate(numbers)]
    path.write_text("\n".join([";".join(["label", *(f"p{j}" for j in range(9))]), *rows]))
    for value_range in (None, "0-4095"):
        with pytest.raises(InputError, match=r"looks like \d{4} with a sign between thousands"):
            read(path, value_range=value_range)


def test_fractions_that_do_not_reach_255_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    rows = [f"{i % 2}," + ",".join(f"{(i * j * 7) % 100}.5" for j in range(9)) for i in range(20)]
    path.write_text("label," + ",".join(f"p{j}" for j in range(9)) + "\n" + "\n".join(rows))
    with pytest.raises(InputError, match=r"numbers from 0\.5 to 9\d\.5 do not tell"):
        read(path)
    assert len(read(path, value_range="0-100")) == 20
