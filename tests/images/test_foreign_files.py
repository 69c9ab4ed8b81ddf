import io
import zipfile

import pytest

from conftest import picture
from diptych.errors import ImageError
from diptych.images.preprocess import decode


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "a")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF; save it as JPEG or PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript file (EPS)"),
        (b"8BPS\0\x01" + bytes(20), "a Photoshop document"),
        (b"\xff\x0a\xfa\x1f", "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", "a JPEG XL picture"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(40), "a RAW file of a camera"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01", "a RAW file of a camera"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "a video"),
        (b"\0\0\0\x08wide\0\0\x10\0mdat", "a video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (b"\x1aE\xdf\xa3" + bytes(30), "a video"),
        (bytes(128) + b"DICM\x02\0", "a DICOM file"),
        (b"SIMPLE  =                    T", "a FITS file, whose numbers have no agreed white"),
        (b"v/1\x01\x02\0\0\0", "an OpenEXR picture"),
        (b"\x93NUMPY\x01\0v\0{'descr'", "an array of NumPy"),
        (zipped(), "a ZIP archive"),
        (b"\x1f\x8b\x08\0" + bytes(20), "an archive; unpack it"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
        (b'<?xml version="1.0"?>\n<!-- ours -->\n<svg width="1">', "an SVG drawing"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><title>404</title>", "a web page; download the picture"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html>', "a web page"),
        (b"<html><body>Please <svg></svg> log in", "a web page"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>', "a text in XML"),
        (b'{"message": "Not Found"}', "a text in JSON"),
        (b"data:image/png;base64,iVBORw0", "a picture written as text"),
        ("Gelöscht".encode(), "a text; none of the formats JPEG"),
        (bytes(5000), "it begins with zeros alone"),
        (b"\x9c\x01\x80 nothing known", "none of the formats JPEG"),
    ],
)
def test_a_file_that_is_no_picture_is_called_what_it_is(data: bytes, says: str) -> None:
    with pytest.raises(ImageError) as caught:
        decode(data, (8, 8, 3))
    assert caught.value.reason == "not an image"
    assert says in caught.value.detail
    assert "\n" not in caught.value.detail


def test_a_damaged_picture_is_not_said_to_be_none() -> None:
    file = io.BytesIO()
    picture(1).save(file, "JPEG")
    with pytest.raises(ImageError, match="unreadable: it begins as JPEG"):
        decode(file.getvalue()[:20] + b"\0" * 40, (8, 8, 3))
