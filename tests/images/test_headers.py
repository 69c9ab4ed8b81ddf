from pathlib import Path

import pytest
from PIL import Image

from conftest import picture
from diptych.images.headers import read_header


def saved(file: Path, quality: int = 75) -> Path:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon", "EOS 5D\0"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:17 08:00:00"
    picture(1).save(file, exif=exif, quality=quality)
    return file


@pytest.mark.parametrize("suffix", ["jpg", "webp", "png"])
def test_a_header_says_camera_and_day(tmp_path: Path, suffix: str) -> None:
    file = saved(tmp_path / f"one.{suffix}")
    header = read_header(file)
    assert header
    assert header.bytes == file.stat().st_size
    # The EXIF of a PNG may stand behind its pixels, which are not read.
    assert header[1:3] in {("Canon EOS 5D", "2024-05-17")} | (
        {("", "")} if suffix == "png" else set()
    )


def test_a_coarse_jpeg_has_larger_steps(tmp_path: Path) -> None:
    fine, coarse = (read_header(saved(tmp_path / f"{q}.jpg", q)) for q in (95, 40))
    assert fine and coarse
    assert 2 < fine.coarseness < 10 < coarse.coarseness


def test_what_is_no_picture_has_no_header(tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_text("<html>")
    assert read_header(tmp_path / "page.jpg") is None
    assert read_header(tmp_path / "gone.jpg") is None


def test_broken_exif_says_nothing(tmp_path: Path) -> None:
    picture(1).save(tmp_path / "one.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    header = read_header(tmp_path / "one.jpg")
    assert header and not header.camera and not header.taken
