"""What a file is that no decoder takes, by its first bytes, and what to do with it."""

import re

from diptych.errors import ImageError
from diptych.images.tiff import HEADERS, RAW
from diptych.images.tiff import why_not_read as why_tiff_is_not_read

_LOOKED_AT = 2048  # bytes: in a text, comments may stand above what it is

_SAVE = "save it as JPEG or PNG"
_NO_WHITE = f"whose numbers have no agreed white; {_SAVE}"
_DOWNLOAD = "download the picture itself"
_WEB_PAGE = f"a web page; {_DOWNLOAD}"
_VIDEO = "a video; save the frames that you want as JPEG or PNG"
_ARCHIVE = "an archive; unpack it"
# How files of a kind begin, and what they are. The first that fits counts.
_KINDS = (
    (rb"\xff\x0a|\0\0\0\x0cJXL ", f"a JPEG XL picture; {_SAVE}"),
    (rb"(II|MM).{6}CR|.{4}ftypcrx |FUJIFILMCCD-RAW|II(U\0|R[OS])|MMOR|FOVb|\0MRM", RAW),
    (rb".{4}ftyp(?!hei|hev|mif|msf|avi)|.{4}(moov|mdat|wide|free|skip|pnot)", _VIDEO),
    (rb"RIFF.{4}AVI |\x1aE\xdf\xa3|\0\0\x01[\xb3\xba]|FLV\x01|OggS|0&\xb2u\x8ef\xcf\x11", _VIDEO),
    (rb"\s*%PDF-", f"a PDF; {_SAVE}"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", f"a PostScript file (EPS); {_SAVE}"),
    (rb"8BP[SB]", f"a Photoshop document; {_SAVE}"),
    (rb"gimp xcf", f"a document of GIMP; {_SAVE}"),
    (rb".{128}DICM", f"a DICOM file; choose the window to look at it with, and {_SAVE}"),
    (rb"SIMPLE  =", f"a FITS file, {_NO_WHITE}"),
    (rb"v/1\x01", f"an OpenEXR picture, {_NO_WHITE}"),
    (rb"#\?(RADIANCE|RGBE)", f"a Radiance HDR picture, {_NO_WHITE}"),
    (rb"\x89HDF\r\n|CDF[\x01\x02\x05]", f"an HDF5 or NetCDF file, {_NO_WHITE}"),
    (rb".{344}(n\+1|ni1)\0", "a NIfTI file; save the slices that you want as PNG"),
    (rb"\x93NUMPY", "an array of NumPy; give it in Python: read(pictures, labels)"),
    (rb"DDS |icns|AT&TFORM|BPG\xfb|FLIF|\xabKTX", f"a picture of an uncommon format; {_SAVE}"),
    (rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF", f"a drawing of Windows (WMF, EMF); {_SAVE}"),
    (rb"PK(\x03\x04|\x05\x06)", "a ZIP archive, or a document that is one; unpack it"),
    (rb"Rar!|7z\xbc\xaf|\x1f\x8b|BZh\d|\xfd7zXZ|\x28\xb5\x2f\xfd|.{257}ustar", _ARCHIVE),
    (rb"\xd0\xcf\x11\xe0", f"a document of an office program; {_SAVE}"),
    (rb"\0\x05\x16[\0\x07]", "a Mac's notes on another file (AppleDouble); delete it"),
    (rb"version https://git-lfs", "a pointer of Git LFS; fetch the picture: git lfs pull"),
    (rb"(?i)[^\0<]*((<!--[^\0]*?--|<\?[^>\0]*)>[^\0<]*)*<(!doctype html|html|head)", _WEB_PAGE),
    (rb"(?i)[^\0]{0,1024}<svg[\s>]", f"an SVG drawing; {_SAVE}"),
    (rb"\s*<[?!\w]", f"a text in XML, such as what a server says of an error; {_DOWNLOAD}"),
    (rb"\s*[{\[]\s*[\"{\[\]}]", f"a text in JSON, such as a server's answer; {_DOWNLOAD}"),
    (rb"\s*data:image/", "a picture written as text (base64); decode it to a file of its own"),
    (rb"\0{16}", "it begins with zeros alone; the copy or download failed, copy it anew"),
)
# Formats that are read, though one file may be damaged.
_READ = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n", "PNG"),
    (rb"GIF8[79]a", "GIF"),
    (rb"RIFF.{4}WEBP", "WebP"),
    (rb".{4}ftyp(hei|hev|mif|msf)", "HEIF"),
    (rb".{4}ftypavi", "AVIF"),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "JPEG 2000"),
    (rb"qoif", "QOI"),
)


def why_not_read(data: bytes, formats: str) -> ImageError:
    """Why a file that no decoder takes is not read; `formats` names those that are."""
    begin = data[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf")
    if is_a := _first(_KINDS, begin):
        return ImageError("not an image", is_a)
    if begin.startswith(HEADERS):
        return why_tiff_is_not_read(data)
    if format := _first(_READ, begin):
        said = "the rest is damaged, or coded in a way that is not read here"
        return ImageError("unreadable", f"it begins as {format}; {said}")
    if _is_text(begin):
        return ImageError("not an image", f"a text; none of the formats {formats}")
    return ImageError("not an image", f"none of the formats {formats}")


def _first(kinds: tuple[tuple[bytes, str], ...], begin: bytes) -> str:
    """What a file that begins so is; "" where it is none of the kinds."""
    return next((is_a for pattern, is_a in kinds if re.match(pattern, begin, re.DOTALL)), "")


def _is_text(begin: bytes) -> bool:
    try:
        # A letter may be cut at the end of what is looked at.
        text = begin[:-3].decode() if len(begin) == _LOOKED_AT else begin.decode()
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter.isspace() for letter in text)
