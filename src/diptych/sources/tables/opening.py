"""Tables as files: plain or compressed, in UTF-8 or others, whatever parts their columns."""

import codecs
import contextlib
import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Any, AnyStr, TypeAlias

from isal import igzip

from diptych.data.places import Member
from diptych.errors import InputError, shortened
from diptych.sources.tables.dialects import Dialect, dialect_of
from diptych.sources.tables.spaced import TEXTS, Spacing, spacing_of
from diptych.sources.trees.pieces import as_file
from diptych.sources.trees.walking import is_hidden
from diptych.system.files import regular

Table: TypeAlias = Path | Member

# Cells of a picture's pixels may be long: 4,096 × 4,096 numbers.
csv.field_size_limit(2**26)
# One such cell and others beside it; what is longer would only fill the memory.
LINE_LIMIT = 2**27

_IN_ZIPS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
_GZIP = b"\x1f\x8b\x08"
_HEAD = 2**16  # bytes that tell how a table is written
_LINES = 200  # that tell how blanks part columns
DOS_END = "\x1a"  # of a text, for the oldest of editors
_LONE_CR = re.compile(r"\r(?=[^\n])")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@contextmanager
def open_table(path: Table) -> Iterator[IO[bytes]]:
    """A table as text in UTF-8, decompressed as it is read, without a mark of the encoding.

    Blanks that part columns are tabs. Text of one byte a letter comes as it is: `decoded` reads it.
    Raises InputError for a damaged file, and for one that is no text.
    """
    encoding, has_cr, spacing = _writing(path)
    with open_bytes(path) as file:
        if encoding == "utf-8-sig":
            file.read(len(codecs.BOM_UTF8))
        if encoding.startswith("utf-16") or has_cr:
            file = as_file(_recoded(file, encoding, has_cr))
        yield file if spacing is None else as_file(_respaced(path, file, spacing))


@contextmanager
def open_bytes(path: Table) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed as they are read; raises InputError for a damaged file."""
    openers: dict[str, Callable[[Any], Any]] = {".gz": igzip.open, ".zst": _zst, ".zip": _zip}
    opener = openers.get(path.suffix.lower(), contextlib.nullcontext)
    with open_packed(path) as whole, opener(whole) as file:
        yield file


@contextmanager
def open_packed(path: Table) -> Iterator[IO[bytes]]:
    """The bytes of a file as they lie; raises InputError for whatever its reader raises."""
    try:
        with _bytes_of(path) as whole:
            yield whole
    except InputError:
        raise
    except Exception as cause:
        # Three decompressors and the reader of rows raise a dozen kinds of error on damaged data.
        said = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
        why = " ".join(said.split()) or type(cause).__name__
        raise InputError(f"{path}: cannot be read: {why}") from cause


def table_suffix(path: Table) -> str:
    """The ending of a table's name, in small letters, without what it is packed by: .jsonl.

    Of a zip it is that of the table in it. Raises InputError where there is none, or several.
    """
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    if name.endswith(".zip"):
        with open_packed(path) as whole, zipfile.ZipFile(whole) as archive:
            name = _table_in(archive, whole.name).lower()
    return PurePosixPath(name).suffix


def decoded(data: bytes) -> str:
    """Text in UTF-8; bytes that are none are letters of Windows-1252, as Latin-1 is too."""
    return data.decode("utf-8", "windows-1252")


def dialect(path: Table) -> Dialect:
    """How the rows of a table are written, by its first lines."""
    with open_table(path) as file:
        return dialect_of(map(decoded, _lines(path, file)))


def delimiter(path: Table) -> str:
    """What parts the columns, by the first lines."""
    return dialect(path).delimiter


def first_rows(path: Table, count: int) -> list[list[str]]:
    """The rows that the first lines hold, without empty ones; raises InputError where none do."""
    parted_by, skipped, first = dialect(path)
    with open_table(path) as file:
        lines = [decoded(line) for line in islice(_lines(path, file), skipped, skipped + count)]
        reader = csv.reader(lines, delimiter=parted_by, skipinitialspace=True)
        rows = [row for row in reader if row and row != [DOS_END]]
    if not rows:
        raise InputError(f"{path}: the file is empty")
    return [list(first), *rows[1:]] if first else rows


def numbered_rows(path: Table) -> Iterator[tuple[int, list[str]]]:
    """Every row that is not empty, with the line on which it ends.

    Raises InputError for what is no text.
    """
    parted_by, skipped, first = dialect(path)
    with open_table(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="windows-1252", newline="")
        lines = islice(_lines(path, text), skipped, None)
        reader = csv.reader(lines, delimiter=parted_by, skipinitialspace=True)
        line = 0
        for row in reader:
            if first:
                row, first = list(first), ()
            before, line = line, reader.line_num
            if line > before + 1:
                _refuse_open_quote(path, row, skipped + line, parted_by)
            if row and (row[0][:1] > " " or any(cell.strip().strip(DOS_END) for cell in row)):
                yield skipped + line, row


def _refuse_open_quote(path: Table, row: Sequence[str], line: int, parted_by: str) -> None:
    """Raise InputError for a cell that has rows in it: its quote ends where another begins."""
    for cell in (cell for cell in row if "\n" in cell):
        inside = cell.rstrip("\r\n").split("\n")[1:]
        if len(inside) > 1 and all(one.count(parted_by) == len(row) - 1 for one in inside[:-1]):
            raise InputError(
                f"{path}: line {line - len(inside)} begins a quote that does not end there; close "
                'it, or write "" for a quote within a cell'
            )


def is_in_utf_8(path: Table) -> bool:
    """Whether all of a table is text in UTF-8 or UTF-16, whose letters are in no doubt."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_table(path) as file:
        while block := file.read(_HEAD):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return False
    return True


def _lines(path: Table, file: IO[AnyStr]) -> Iterator[AnyStr]:
    """The lines of a table; raises InputError for one that is longer than any row."""
    while line := file.readline(LINE_LIMIT + 1):
        if len(line) > LINE_LIMIT:
            raise InputError(
                f"{path}: a line of more than {LINE_LIMIT // 2**20} MiB; it is no table, or its "
                "lines end as in no other"
            )
        yield line


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 as the letters that they are in Windows-1252."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("windows-1252", "replace"), error.end


codecs.register_error("windows-1252", _windows_1252)


def _writing(path: Table) -> tuple[str, bool, Spacing | None]:
    """In what a table is written, whether a CR alone ends lines in it, as on an old Mac, and how
    blanks part its columns."""
    with open_bytes(path) as file:
        head = file.read(_HEAD)
    encoding = next((name for mark, name in _BOMS if head.startswith(mark)), "")
    if not encoding:
        # Latin letters in UTF-16 have a zero at every other byte.
        zeros = head[0:64:2].count(0), head[1:64:2].count(0)
        half = max(len(head[:64]) // 4, 1)
        encoding = ("utf-16-be", "utf-16-le", "utf-8")[
            0 if zeros[0] > half >= zeros[1] else 1 if zeros[1] > half >= zeros[0] else 2
        ]
    if head.startswith(_GZIP):
        raise InputError(f"{path}: it is packed by gzip; call it {path.name}.gz")
    if not encoding.startswith("utf-16") and b"\0" in head:
        raise InputError(f"{path}: not text; save it as a table in UTF-8")
    wide = encoding.startswith("utf-16")
    text = head.decode(encoding, "ignore") if wide else decoded(head)
    return encoding, _LONE_CR.search(text) is not None, _spacing(path, text)


def _spacing(path: Table, head: str) -> Spacing | None:
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst").removesuffix(".zip")
    if name.endswith((".json", ".jsonl", ".ndjson")):
        return None
    lines = head.removeprefix("\ufeff").splitlines()
    # The last of many may be cut.
    return spacing_of(lines[: max(len(lines) - 1, 1)][:_LINES], name.endswith(TEXTS))


def _recoded(file: IO[bytes], encoding: str, has_cr: bool) -> Iterator[bytes]:
    """The same text in UTF-8, with lines that end in LF where a CR alone ends some of them."""
    decoder = codecs.getincrementaldecoder(encoding)()
    cut = b""
    while block := file.read(_HEAD):
        data = decoder.decode(block).encode() if encoding.startswith("utf-16") else block
        if has_cr:
            data = cut + data
            cut = b"\r" if data.endswith(b"\r") else b""
            data = data.removesuffix(cut).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield data
    yield cut.replace(b"\r", b"\n")


def _respaced(path: Table, file: IO[bytes], spacing: Spacing) -> Iterator[bytes]:
    return (spacing.respaced(decoded(line)).encode() for line in _lines(path, file))


def _bytes_of(path: Table) -> IO[bytes]:
    return regular(path).open("rb") if isinstance(path, Path) else path.open()


@contextmanager
def _zst(file: IO[bytes]) -> Iterator[Any]:
    yield as_file(_frames(file))


def _frames(file: IO[bytes], size: int = 2**17) -> Iterator[bytes]:
    """What a .zst holds, to its end: zstandard's own reader stops early without a word."""
    import zstandard

    data = file.read(size)
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        while not frame.eof:
            if not data:
                raise EOFError("it ends too early")
            yield frame.decompress(data)
            data = frame.unused_data or file.read(size)


@contextmanager
def _zip(whole: IO[bytes]) -> Iterator[Any]:
    """The one table in an archive; what a Mac notes there of its files is none."""
    with (
        zipfile.ZipFile(whole) as archive,
        archive.open(_table_in(archive, whole.name)) as file,
    ):
        yield file


def _table_in(archive: zipfile.ZipFile, where: str) -> str:
    """The name of the one table; raises InputError where there is none, or several."""
    names = [
        name
        for name in archive.namelist()
        if not name.endswith("/") and not any(map(is_hidden, PurePosixPath(name).parts))
    ]
    tables = [n for n in names if n.lower().endswith((*_IN_ZIPS, ".txt"))]
    tables = [n for n in tables if not n.lower().endswith(".txt")] or tables
    if not tables:
        inside = f"; it has {shortened(names, 3)}" if names else ""
        raise InputError(f"{where}: no table ({', '.join(_IN_ZIPS)}, .txt) is in it{inside}")
    if len(tables) > 1:
        raise InputError(
            f"{where}: has {len(tables)} tables in it: {shortened(tables, 5)}; unpack "
            "it, and give the one that is meant"
        )
    return tables[0]
