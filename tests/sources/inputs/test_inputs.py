import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import picture
from diptych.data.dataset import Shape
from diptych.errors import ImageError, InputError
from diptych.images.preprocess import decode
from diptych.sources.inputs import InputPicture, input_pictures, named_pictures

PHOTO, DIGIT = (32, 32, 3), (8, 8, 1)


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def named(given: Any, shape: Shape = PHOTO) -> list[str]:
    return [one.name for one in input_pictures(given, shape)]


WAYS: dict[str, Callable[[Path], Any]] = {
    "str": str,
    "Path": lambda p: p,
    "another kind of path": lambda p: _PathLike(p),
    "bytes": lambda p: p.read_bytes(),
    "bytearray": lambda p: bytearray(p.read_bytes()),
    "memoryview": lambda p: memoryview(p.read_bytes()),
    "BytesIO": lambda p: io.BytesIO(p.read_bytes()),
    "BytesIO at its end": lambda p: _at_its_end(p.read_bytes()),
    "PIL": lambda p: Image.open(io.BytesIO(p.read_bytes())),
    "array": lambda p: _array(p.read_bytes()),
    "array of another library": lambda p: _Tensor(_array(p.read_bytes())),
}


def _at_its_end(data: bytes) -> io.BytesIO:
    file = io.BytesIO(data)
    file.seek(0, 2)
    return file


def _array(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


class _PathLike:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> bytes:
        return os.fsencode(self.path)


class _Tensor:
    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.array


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_is_the_same_in_every_way_to_give_it(tmp_path: Path, way: str) -> None:
    file = tmp_path / "a.png"
    picture(7).save(file)
    expected = decode(file.read_bytes(), PHOTO).pixels
    alone = WAYS[way](file)
    for given in (alone, [alone], (alone, alone), (one for one in [alone])):
        for one in input_pictures(given, PHOTO):
            assert np.array_equal(one.pixels(PHOTO), expected)
            assert np.array_equal(decode(one.encoded(), PHOTO).pixels, expected)


def test_an_open_file_and_a_picture_of_pil_have_the_name_of_theirs(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    picture(7).save(file)
    with file.open("rb") as stream, Image.open(file) as image:
        assert named([stream, image, image.copy(), stream]) == [
            str(file), str(file), "picture 3", str(file),
        ]  # fmt: skip


def test_arrays_are_one_picture_or_many() -> None:
    assert named(np.zeros((5, 4, 3), np.uint8)) == ["picture 1"]
    assert named(np.zeros((2, 5, 4, 3), np.uint8)) == ["picture 1", "picture 2"]
    assert named(np.zeros((5, 4), np.uint8)) == ["picture 1"]
    assert named(np.zeros((8, 8), np.uint8), DIGIT) == ["picture 1"]
    assert named(np.zeros((2, 8, 8), np.uint8), DIGIT) == ["picture 1", "picture 2"]
    assert named([np.zeros((8, 8), np.uint8)] * 2, DIGIT) == ["picture 1", "picture 2"]
    assert named(np.zeros((2, 8, 8, 1), np.uint8), DIGIT) == ["picture 1", "picture 2"]


def test_names_stand_for_files_in_any_list_of_them(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        picture(7).save(tmp_path / name)
    both = [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    assert named(tmp_path) == named(str(tmp_path)) == named(f"{tmp_path}/*.png") == both
    assert named(np.array(both)) == named(np.array(both, object)) == named(tuple(both)) == both
    assert named(dict.fromkeys(both).keys()) == named([np.str_(name) for name in both]) == both


def test_arrays_of_objects_hold_pictures_of_any_size() -> None:
    ragged = np.empty(2, object)
    ragged[:] = [np.zeros((5, 4, 3), np.uint8), np.zeros((2, 9, 8, 3), np.uint8)]
    assert named(ragged) == ["picture 1", "picture 2", "picture 3"]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (None, "None is no picture; give a name"),
        (3, "3 is no picture"),
        (2.5, "2.5 is no picture"),
        ({"a.jpg": 1}, "a dict is no picture"),
        ({"a.jpg"}, "a set is no picture"),
        (print, "the function print is no picture"),
        (Path, "the class Path is no picture"),
        ([], "no picture was named: an empty list"),
        ((), "no picture was named: an empty tuple"),
        ("", "a name is empty"),
        (["a.jpg", None], "item 2 of the list: None is no picture"),
        (["a.jpg", ""], "item 2 of the list: a name is empty"),
        ([["a.jpg"]], "item 1 of the list: a list is no picture"),
        (np.zeros((5, 4, 3)), r"an array of float64 \(5, 4, 3\) is no picture; arrays are uint8"),
        (np.zeros((3, 5, 6), np.uint8), "colours last"),
        (np.zeros((2, 3, 5, 6), np.uint8), "colours last"),
        (np.zeros((2, 3072), np.uint8), r"an array of uint8 \(2, 3072\) is no picture"),
        (np.zeros(7, np.uint8), "is no picture"),
        (np.zeros((0, 5, 4, 3), np.uint8), "is no picture"),
        (np.uint8(7), "is no picture"),
        (np.zeros((5, 4, 3), bool), "array of bool"),
        (["a.jpg", np.zeros((2, 5), int)], "item 2 of the list: an array of int64"),
        (np.array(["a.jpg", None], object), "item 2 of an array of object"),
        (io.StringIO("text"), "open it as bytes"),
    ],
)
def test_what_is_no_picture_is_said_in_a_line(given: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        list(input_pictures(given, PHOTO))
    assert "\n" not in str(caught.value)


def test_a_list_is_looked_at_before_any_of_it_is_used() -> None:
    wrong: Any = ["a.jpg", 7]
    with pytest.raises(InputError):
        input_pictures(wrong, PHOTO)


def test_rows_of_numbers_are_no_grey_pictures() -> None:
    with pytest.raises(InputError, match=r"\(N, H, W, 3\), or \(N, 8, 8\)"):
        input_pictures(np.zeros((100, 64), np.uint8), DIGIT)


def test_nothing_that_comes_late_is_said_too() -> None:
    with pytest.raises(InputError, match="no picture was named"):
        list(input_pictures(iter(()), PHOTO))
    wrong: Any = iter([7])
    with pytest.raises(InputError, match="7 is no picture"):
        list(input_pictures(wrong, PHOTO))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/x.jpg",
        "https://example.org/a*.jpg?x=1",
        "file:///tmp/x.jpg",
        "data:image/png;base64,iVBORw0KGgo=",
    ],
)
def test_an_address_is_told_what_is_taken(address: str) -> None:
    for given in (address, Path(address)):
        (one,) = input_pictures([given], PHOTO)
        assert one.name == str(given)
        with pytest.raises(ImageError, match="not a file: an address of the web, and nothing"):
            one.pixels(PHOTO)


def test_an_address_of_a_bucket_is_given_as_text() -> None:
    (one,) = input_pictures([Path("s3://bucket/x.jpg")], PHOTO)
    with pytest.raises(ImageError, match=r"an address as a Path, .* give it as text"):
        one.pixels(PHOTO)


def test_bad_pictures_have_their_reasons() -> None:
    closed = io.BytesIO()
    closed.close()
    reasons = []
    for one in input_pictures([b"", b"text", closed, Image.new("RGB", (0, 3))], PHOTO):
        with pytest.raises(ImageError) as caught:
            one.pixels(PHOTO)
        reasons.append(caught.value.reason)
    assert reasons == ["empty", "not an image", "unreadable", "empty"]


def test_a_command_takes_what_is_piped_into_it(tmp_path: Path) -> None:
    data = encoded(picture(7), "JPEG")
    (one,) = named_pictures(["-"], io.TextIOWrapper(io.BytesIO(data)))
    assert one == InputPicture("standard input", data)
    listed = io.TextIOWrapper(io.BytesIO(b"a*.jpg\n"))
    assert [one.name for one in named_pictures(["x.jpg", "-"], listed)] == ["x.jpg", "a*.jpg"]
    with pytest.raises(InputError, match="standard input is empty"):
        list(named_pictures(["-"], io.TextIOWrapper(io.BytesIO())))
