import io
import os
import pty
from pathlib import Path

import pytest

from conftest import picture
from diptych.errors import InputError
from diptych.images.preprocess import BYTES_LIMIT
from diptych.sources.inputs.standard_input import read_standard_input


def piped(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="ascii")


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("a.jpg\nb.jpg\n", ["a.jpg", "b.jpg"]),
        ("a.jpg\r\nb.jpg", ["a.jpg", "b.jpg"]),
        ("\n\na.jpg\n\n", ["a.jpg"]),
        ("two\nlines.jpg\0b.jpg\0", ["two\nlines.jpg", "b.jpg"]),
        ("a.jpg\0two\nlines.jpg\0", ["a.jpg", "two\nlines.jpg"]),
        ("\ufeffa.jpg\r\n", ["a.jpg"]),
        ("пицца.jpg\n", ["пицца.jpg"]),
    ],
)
def test_a_list_of_names_is_read(listed: str, expected: list[str]) -> None:
    assert read_standard_input(piped(listed.encode())) == [Path(name) for name in expected]


@pytest.mark.skipif(os.name != "posix", reason="names of files are text there")
def test_names_that_are_no_text_stay_what_they_are() -> None:
    (path,) = read_standard_input(piped(b"bad\xff.png\n"))
    assert isinstance(path, Path)
    assert os.fsencode(path) == b"bad\xff.png"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_a_picture_is_told_from_names(kind: str) -> None:
    file = io.BytesIO()
    picture(1).save(file, kind)
    assert read_standard_input(piped(file.getvalue())) == file.getvalue()
    cut = file.getvalue()[: len(file.getvalue()) // 2]
    assert read_standard_input(piped(cut)) == cut


def test_what_is_no_text_is_for_the_decoder_to_refuse() -> None:
    for data in (b"%PDF-1.7\n\x01\x02", b"\0\0\0\x18ftypmp42", b"\0" * (BYTES_LIMIT + 9)):
        assert read_standard_input(piped(data)) == data[: BYTES_LIMIT + 1]


def test_a_terminal_is_no_pipe() -> None:
    ours, theirs = pty.openpty()
    try:
        with (
            os.fdopen(theirs, encoding="utf-8") as terminal,
            pytest.raises(InputError, match="standard input is a terminal"),
        ):
            read_standard_input(terminal)
    finally:
        os.close(ours)
