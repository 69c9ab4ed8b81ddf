"""Pictures that lie in arrays: IDX, .npz and .npy, as published and as people save them."""

import gzip
import pickle
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from archives import write_tar, write_zip
from diptych import read
from diptych.data.pixel_format import PixelFormat, PixelValues
from diptych.errors import InputError
from diptych.sources.pixels.pixel_csv import read_pixels
from pixel_tables import noise, pixels_of

N = 24
GREY = noise(N, 5, 6)
COLOUR = noise(N, 5, 6, 3)
Y = np.arange(N) % 3


def idx(path: Path, array: npt.NDArray[Any], kind: int = 8) -> Path:
    head = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    data = head + array.tobytes()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def saved(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def labels_of(data: Any) -> list[str]:
    return [sample.label for sample in data.samples]


def mnist(folder: Path, images: str, labels: str) -> None:
    idx(folder / images, GREY)
    idx(folder / labels, Y.astype(np.uint8))


@pytest.mark.parametrize(
    ("images", "labels", "part"),
    [
        ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "train"),
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "train"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", "train"),
        ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte", "test"),
        ("k49-train-images-idx3-ubyte", "k49-train-labels-idx1-ubyte", "train"),
    ],
)
def test_mnists_own_files_are_read(images: str, labels: str, part: str, tmp_path: Path) -> None:
    mnist(tmp_path, images, labels)
    for place in (tmp_path, tmp_path / images):
        data = read(place)
        assert data.parts() == (part,)
        assert labels_of(data) == [str(y) for y in Y]
        assert data.samples[5].name == f"{images}[5]"
        np.testing.assert_array_equal(pixels_of(data)[..., 0], GREY)
        assert not data.strays
    with pytest.raises(InputError, match="there are no pictures in"):
        read(tmp_path / labels)


def test_a_folder_of_mnist_has_its_parts(tmp_path: Path) -> None:
    mnist(tmp_path, "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    mnist(tmp_path, "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    (tmp_path / "README.md").write_text("MNIST")
    # Some unpack them, and keep what they downloaded.
    mnist(tmp_path, "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    data = read(tmp_path)
    assert data.parts() == ("train", "test")
    assert len(data) == 2 * N
    assert {(stray.name, stray.reason) for stray in data.strays} == {
        ("README.md", "not used"),
        ("train-images-idx3-ubyte.gz", "not used"),
        ("train-labels-idx1-ubyte.gz", "not used"),
    }
    test = read(tmp_path / "train-images-idx3-ubyte", test=tmp_path / "t10k-images-idx3-ubyte.gz")
    assert test.parts() == ("train", "test")


def test_several_data_sets_in_a_folder_are_asked_for(tmp_path: Path) -> None:
    for kind in ("letters", "digits"):
        mnist(
            tmp_path,
            f"emnist-{kind}-train-images-idx3-ubyte.gz",
            f"emnist-{kind}-train-labels-idx1-ubyte.gz",
        )
    with pytest.raises(InputError, match=r"emnist-digits.*could be the pictures; give one"):
        read(tmp_path)
    data = read(tmp_path / "emnist-letters-train-images-idx3-ubyte.gz")
    assert labels_of(data) == [str(y) for y in Y]
    assert "rows for columns" in data.note


@pytest.mark.parametrize(
    ("kind", "dtype", "ends"), [(9, "i1", (-128, 127)), (11, ">i2", (0, 1023)), (13, ">f4", (0, 1))]
)
def test_idx_has_several_types(
    kind: int, dtype: str, ends: tuple[int, int], tmp_path: Path
) -> None:
    low, high = ends
    numbers = (GREY / 255 * (high - low) + low).astype(dtype)
    numbers[0, 0, 0], numbers[0, 0, 1] = low, high
    idx(tmp_path / "a-images-idx3-ubyte", numbers, kind)
    idx(tmp_path / "a-labels-idx1-ubyte", Y.astype(">i4"), 12)
    data = read(tmp_path)
    assert data.values == PixelValues(low, high)
    assert np.abs(pixels_of(data)[1:, ..., 0].astype(int) - GREY[1:]).max() <= 1


def test_a_damaged_idx_is_said(tmp_path: Path) -> None:
    mnist(tmp_path, "train-images-idx3-ubyte", "train-labels-idx1-ubyte")
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(InputError, match=r"images-idx3-ubyte: damaged: it ends before its \(24, "):
        read(path)
    path.write_bytes(b"<html>")
    with pytest.raises(InputError, match="no IDX file, or damaged; download it anew"):
        read(path)
    idx(path, GREY[:5])
    with pytest.raises(InputError, match="5 pictures, but 24 labels in"):
        read(path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match="no labels of the train part"):
        read(path)


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("Xtrain", "ytrain", "Xtest", "ytest"),
        ("trainX", "trainY", "testX", "testY"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("training_data", "training_target", "testing_data", "testing_target"),
    ],
)
def test_names_of_arrays_say_what_they_hold(names: Sequence[str], tmp_path: Path) -> None:
    values: tuple[Any, ...] = (GREY[:16], Y[:16], GREY[16:], Y[16:, None])
    path = saved(tmp_path / "d.npz", **dict(zip(names, values, strict=True)))
    data = read(path)
    assert [(s.label, s.part) for s in data.samples] == [
        (str(y), "train" if i < 16 else "test") for i, y in enumerate(Y)
    ]
    np.testing.assert_array_equal(pixels_of(data)[..., 0], GREY)
    # The same arrays in files of their own, and in a file for each part.
    for name, value in zip(names, values, strict=True):
        np.save(tmp_path / name, value)
    path.unlink()
    assert labels_of(read(tmp_path)) == [str(y) for y in Y]


def test_medmnist_has_three_parts(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {}
    for part, rows in (("train", slice(12)), ("val", slice(12, 18)), ("test", slice(18, None))):
        arrays |= {f"{part}_images": COLOUR[rows], f"{part}_labels": Y[rows, None]}
    data = read(saved(tmp_path / "pneumonia.npz", **arrays))
    assert data.parts() == ("train", "valid", "test")
    assert data.shape == (5, 6, 3)
    np.testing.assert_array_equal(pixels_of(data), COLOUR)


def test_parts_may_be_files_of_their_own(tmp_path: Path) -> None:
    saved(tmp_path / "train.npz", images=GREY[:16], labels=Y[:16])
    saved(tmp_path / "test.npz", images=GREY[16:], labels=Y[16:])
    assert read(tmp_path).parts() == ("train", "test")
    both = read(tmp_path / "train.npz", test=tmp_path / "test.npz")
    assert both.parts() == ("train", "test")


@pytest.mark.parametrize(
    ("images", "labels"),
    [("images", "labels"), ("X", "y"), ("data", "target"), ("x", "classes"), ("imgs", "label")],
)
def test_a_pair_of_arrays_lies_in_one_file_or_in_two(
    images: str, labels: str, tmp_path: Path
) -> None:
    expected = [str(y) for y in Y]
    assert labels_of(read(saved(tmp_path / "d.npz", **{images: GREY, labels: Y}))) == expected
    folder = tmp_path / "two"
    folder.mkdir()
    np.save(folder / f"{images}.npy", GREY)
    np.save(folder / f"{labels}.npy", Y)
    assert labels_of(read(folder)) == expected
    data = read(folder / f"{images}.npy")
    assert labels_of(data) == expected
    assert data.samples[0].path == folder / f"{images}.npy"


def test_a_file_of_pictures_for_each_class_is_called_as_it(tmp_path: Path) -> None:
    for label in ("cat", "alarm clock"):
        np.save(tmp_path / f"full_numpy_bitmap_{label}.npy", GREY.reshape(24, -1)[:, :25])
    data = read(tmp_path)
    assert data.counts() == {"alarm clock": 24, "cat": 24}
    assert "each file is a class (alarm clock, cat)" in data.note or "(cat, alarm" in data.note
    # Pieces of one array are no classes, and a picture in each file is none of them.
    for names, arrays, said in (
        (("part_1", "part_2"), GREY, "it is not clear what is pictures"),
        (("cat/1", "cat/2", "dog/1"), GREY[0], r"a picture in each \.npy is not read, .* PNG"),
    ):
        folder = tmp_path / names[0].replace("/", "_")
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            np.save(folder / f"{name}.npy", arrays)
        with pytest.raises(InputError, match=said):
            read(folder)


def test_two_arrays_without_names_are_pictures_and_labels(tmp_path: Path) -> None:
    for arrays in ((GREY, Y), (Y, GREY)):
        np.savez(tmp_path / "d.npz", *arrays)
        data = read(tmp_path / "d.npz")
        assert labels_of(data) == [str(y) for y in Y]
        assert "with the labels of arr_" in data.note


def test_more_arrays_without_names_are_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", GREY, Y, Y % 2)
    with pytest.raises(InputError, match=r"arr_0 \(24, 5, 6\), .*, arr_2 .*; say .*--label NAME"):
        read(tmp_path / "d.npz")
    assert labels_of(read(tmp_path / "d.npz", label="arr_1")) == [str(y) for y in Y]
    with pytest.raises(InputError, match="--label arr_7: no array is called so; did you mean"):
        read(tmp_path / "d.npz", label="arr_7")


@pytest.mark.parametrize("secret", [None, np.full(N, -1), np.full((N, 1), -1.0)])
def test_a_test_part_without_labels_is_set_aside(secret: Any, tmp_path: Path) -> None:
    arrays = {} if secret is None else {"y_test": secret}
    data = read(saved(tmp_path / "d.npz", x_train=GREY, y_train=Y, x_test=GREY, **arrays))
    assert data.classes == ("0", "1", "2")
    assert data.parts() == ("train",)
    assert [(s.name, s.reason) for s in data.strays] == [("d.npz/x_test", "unlabelled")]


def test_a_test_part_has_no_class_that_is_not_learned(tmp_path: Path) -> None:
    parts = saved(tmp_path / "d.npz", x_train=GREY, y_train=Y, x_test=GREY, y_test=Y + 1)
    with pytest.raises(InputError, match=r"the test part has class '3', .* such as d.npz/x_test"):
        read(parts)


def test_an_array_that_was_named_wrongly_is_said_to_be(tmp_path: Path) -> None:
    path = saved(tmp_path / "d.npz", images=GREY, labels=Y)
    how: dict[str, Any]
    for option, name, said in (
        ("part", "labels", "--part labels: this array has their labels"),
        ("group", "images", "--group images: this array has the pictures"),
        ("label", "images", "--label images: images has the pictures"),
        ("label", "lables", "--label lables: no array is called so; did you mean 'labels'"),
    ):
        how = {option: name}
        with pytest.raises(InputError, match=said):
            read(path, **how)


def test_two_kinds_of_labels_are_asked_for(tmp_path: Path) -> None:
    path = saved(tmp_path / "d.npz", data=GREY, fine_labels=Y, coarse_labels=Y % 2, names=["a"])
    with pytest.raises(InputError, match="labels may be in fine_labels, coarse_labels; say which"):
        read(path)
    data = read(path, label="coarse_labels")
    assert data.classes == ("0", "1")
    assert "not used: fine_labels, names" in data.note


def test_arrays_may_say_parts_and_groups(tmp_path: Path) -> None:
    parts = ["train"] * 8 + ["val"] * 8 + ["test"] * 8
    path = saved(tmp_path / "d.npz", images=GREY, labels=Y, split=parts, patient=np.arange(N) // 4)
    data = read(path, part="split", group="patient")
    assert data.parts() == ("train", "valid", "test")
    assert data.samples[5].group == "1"
    with pytest.raises(InputError, match="no array is called so; did you mean 'patient'"):
        read(path, group="patients")
    with pytest.raises(InputError, match="no column of folds among split, patient"):
        read(path, fold=1)


def test_arrays_beside_the_pictures_are_as_columns_of_tables(tmp_path: Path) -> None:
    valid, patient = np.arange(N) % 4 == 0, np.arange(N) // 4
    data = read(
        saved(tmp_path / "d.npz", images=GREY, labels=Y, is_valid=valid, patient_id=patient)
    )
    assert [sample.part == "valid" for sample in data.samples] == valid.tolist()
    assert "parts in is_valid" in data.note
    assert "--group 'patient_id' keeps" in data.note
    path = saved(tmp_path / "e.npz", images=GREY, labels=Y, fold=np.arange(N) // 8)
    assert "fold has 3 folds (0, 1, 2); --fold 0 tests on one" in read(path).note
    tested = [sample.part == "test" for sample in read(path, fold=1).samples]
    assert tested == (np.arange(N) // 8 == 1).tolist()
    parted = saved(tmp_path / "f.npz", x_train=GREY, y_train=Y, x_test=GREY, y_test=Y)
    with pytest.raises(InputError, match="--part, --fold and --group are for pictures in one"):
        read(parted, fold=1)


def test_arrays_in_an_archive_are_read(tmp_path: Path) -> None:
    file = saved(tmp_path / "d.npz", images=GREY, labels=Y).read_bytes()
    for path in (
        write_zip(tmp_path / "a.zip", {"d.npz": file}, zipfile.ZIP_DEFLATED),
        write_tar(tmp_path / "a.tar.gz", {"d.npz": file}, "w:gz"),
    ):
        data = read(path)
        assert labels_of(data) == [str(y) for y in Y]
        assert (pixels_of(data)[..., 0] == GREY).all()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (Y[:, None], "012"),
        (np.eye(3, dtype=int)[Y], "012"),
        (np.eye(3)[Y], "012"),
        (Y.astype(float), "012"),
        (np.array(["cat", "dog", "fox"])[Y], ("cat", "dog", "fox")),
        (np.array([b"cat", b"dog", b"fox"])[Y], ("cat", "dog", "fox")),
        (Y == 0, ("False", "True")),
    ],
)
def test_labels_come_in_many_forms(labels: Any, expected: Sequence[str], tmp_path: Path) -> None:
    data = read(saved(tmp_path / "d.npz", images=GREY, labels=labels))
    assert data.classes == tuple(expected)
    assert data.targets() == (list(Y) if len(expected) == 3 else [int(y == 0) for y in Y])


def several(row: int) -> npt.NDArray[np.int64]:
    rows = np.eye(14, dtype=np.int64)[Y]
    rows[row, 5:7] = 1
    return rows


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (several(3), "labels: picture 3 has 3 labels of 14; each is to have one"),
        (np.eye(3)[Y] * 0.8 + 0.1, "rows of 3 numbers other than 0 and 1"),
        (Y / 7, "the labels looks continuous"),
        (np.zeros((N, 2, 2)), r"its shape \(24, 2, 2\) is not \(N,\)"),
        (Y[:5], "24 pictures, but 5 labels"),
    ],
)
def test_what_is_no_label_is_refused(labels: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        read(saved(tmp_path / "d.npz", images=GREY, labels=labels))


def test_a_missing_label_sets_its_picture_aside(tmp_path: Path) -> None:
    labels = Y.astype(float)
    labels[4] = np.nan
    data = read(saved(tmp_path / "d.npz", images=GREY, labels=labels))
    assert len(data) == N - 1
    assert [(s.name, s.reason) for s in data.strays] == [("d.npz/images[4]", "no label")]


@pytest.mark.parametrize(
    ("images", "pictures"),
    [
        (COLOUR, COLOUR),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR),
        (GREY[..., None], GREY[..., None]),
        (GREY[:, None], GREY[..., None]),
        (np.asfortranarray(COLOUR), COLOUR),
        (COLOUR / 255, COLOUR),
        ((COLOUR / 255).astype(np.float32), COLOUR),
        ((COLOUR / 127.5 - 1), COLOUR),
        (COLOUR.astype(np.uint16) * 257, COLOUR),
        (COLOUR.astype(">i4"), COLOUR),
        (noise(N, 16), noise(N, 16).reshape(N, 4, 4, 1)),
    ],
    ids=[
        "NHWC",
        "NCHW",
        "NHW1",
        "N1HW",
        "Fortran",
        "floats",
        "float32",
        "signed",
        "16bits",
        "big",
        "flat",
    ],
)
def test_pictures_come_in_many_forms(images: Any, pictures: Any, tmp_path: Path) -> None:
    data = read(saved(tmp_path / "d.npz", images=images, labels=Y))
    np.testing.assert_array_equal(pixels_of(data), pictures)
    np.savez_compressed(tmp_path / "e.npz", images=images, labels=Y)
    np.testing.assert_array_equal(pixels_of(tmp_path / "e.npz"), pictures)


def test_the_first_axis_of_channels_is_said(tmp_path: Path) -> None:
    path = saved(tmp_path / "d.npz", images=COLOUR.transpose(0, 3, 1, 2), labels=Y)
    assert "5×6×3 with the channels first" in read(path).note


NAN = GREY.astype(float)
NAN[7, 1, 1] = np.nan


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (NAN, r"d\.npz: images: picture 7 has NaN or infinity"),
        ((GREY / 255 - 0.1307) / 0.3081, r"do not tell what is black .* --range=-0\.4243-2\.8215$"),
        (GREY[:, None, None], r"its shape \(24, 1, 1, 5, 6\) is not one of pictures"),
        (noise(N, 5, 6, 4), r"its shape \(24, 5, 6, 4\) is not one of pictures"),
        (noise(N, 17), "17 numbers a row are no square picture; say it with --shape"),
        (np.empty((N, 2), "U5"), "holds no pictures"),
        (GREY.transpose(1, 2, 0), r"5 pictures, but 24 labels .* numpy\.moveaxis\(x, -1, 0\)"),
        (GREY[:0], "there is no picture in it"),
        (np.array([*GREY, None], object), "an array of objects, which is a pickle and may run"),
    ],
)
def test_what_is_no_picture_is_refused(images: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        read(saved(tmp_path / "d.npz", images=images, labels=Y))


def test_an_array_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "d.npz").write_bytes(b"PK, and no archive")
    with pytest.raises(InputError, match=r"d\.npz: no \.npz of NumPy, or damaged"):
        read(tmp_path / "d.npz")
    (tmp_path / "x.npy").write_bytes(b"text")
    with pytest.raises(InputError, match=r"x\.npy: no array of NumPy, or damaged"):
        read(tmp_path / "x.npy")
    np.save(tmp_path / "x.npy", GREY)
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-9])
    np.save(tmp_path / "y.npy", Y)
    with pytest.raises(InputError, match=r"x\.npy: damaged: it ends before"):
        read(tmp_path / "x.npy")


def test_arrays_are_read_as_the_pictures_before_them(tmp_path: Path) -> None:
    dark = GREY // 32
    known = PixelFormat((5, 6, 1), PixelValues(0, 255))
    np.save(tmp_path / "x.npy", dark)
    [(names, pixels)] = read_pixels(tmp_path / "x.npy", known)
    np.testing.assert_array_equal(pixels[..., 0], dark)
    assert names[2] == "x.npy[2]"
    path = saved(tmp_path / "d.npz", images=dark, labels=Y)
    np.testing.assert_array_equal(pixels_of(read(path, expected=known))[..., 0], dark)
    wide = saved(tmp_path / "e.npz", images=GREY.astype(int) * 9, labels=Y)
    with pytest.raises(InputError, match=r"e\.npz: images: picture 0: \d+ is not among 0 to 255, "):
        read(wide, expected=known)
    with pytest.raises(InputError, match="its pictures are 5×6×1, not 28×28×1"):
        read(path, expected=PixelFormat((28, 28, 1)))
    shares = saved(tmp_path / "f.npz", images=GREY / 255, labels=Y)
    with pytest.raises(InputError, match="its numbers are fractions up to 1, and not among"):
        read(shares, expected=known)


class Spiteful:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('a pickle was opened')",)


@pytest.mark.parametrize("name", ["data_batch_1", "train.pkl", "weights.pt", "x.p"])
def test_no_pickle_is_opened(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(pickle.dumps({b"data": Spiteful(), b"labels": Y}))
    for place in (tmp_path / name, tmp_path):
        with pytest.raises(InputError, match=r"a pickle, which may run any program.*numpy\.savez"):
            read(place)


@pytest.mark.parametrize(("name", "kind"), [("train_32x32.mat", "MATLAB"), ("a.h5", "HDF5")])
def test_other_kinds_of_arrays_are_said(name: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"MATLAB 5.0 MAT-file")
    for place in (tmp_path / name, tmp_path):
        with pytest.raises(InputError, match=rf"a file of {kind}.*numpy\.savez"):
            read(place)


@pytest.mark.parametrize(
    ("names", "content", "said"),
    [
        (
            ("train", "test", "meta", "file.txt~"),
            b"\x80\x02}q\x01.",
            "meta: a pickle, which may run",
        ),
        (("data_batch_1.bin", "test_batch.bin", "batches.meta.txt"), bytes(9), "bare numbers"),
        (
            ("train_x.h5.gz", "train_y.h5.gz"),
            gzip.compress(b"\x89HDF", mtime=0),
            "open it with h5py",
        ),
        (("mnist.pkl.gz",), gzip.compress(b"\x80\x02}q\x01.", mtime=0), "a pickle, which may run"),
    ],
)
def test_folders_of_what_is_not_opened_are_no_classes(
    names: tuple[str, ...], content: bytes, said: str, tmp_path: Path
) -> None:
    for name in names:
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{said}.*numpy\.savez"):
        read(tmp_path)
    if len(names) < 3:
        with pytest.raises(InputError, match=said):
            read(tmp_path / "in" / names[0])


def test_a_file_of_arrays_beside_pictures_is_no_data_set(folder_of: Any) -> None:
    root = folder_of(2)
    np.save(root / "x.npy", GREY)
    data = read(root)
    assert data.classes == ("blue", "red")
    assert [stray.name for stray in data.strays] == ["x.npy"]


def test_a_fold_leaves_the_pictures_of_a_test_part_out_of_training(tmp_path: Path) -> None:
    split = np.array(["train"] * 18 + ["test"] * 6)
    fold = np.array([*(str(i // 6) for i in range(18)), *[""] * 6])
    data = read(saved(tmp_path / "d.npz", x=GREY, y=Y, split=split, fold=fold), fold=1)
    assert [s.part for s in data.samples] == ["train"] * 6 + ["valid"] * 6 + ["train"] * 6 + [
        "test"
    ] * 6


def test_arrays_at_an_address_are_read(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    file = saved(tmp_path / "d.npz", x=GREY, y=Y)
    fsspec.filesystem("memory").pipe("/arrays/d.npz", file.read_bytes())
    assert labels_of(read("memory://arrays/d.npz")) == [str(y) for y in Y]
