"""Files at an address, such as s3://bucket/photos, as a tree; the only module that needs fsspec."""

import importlib.util
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from diptych.data.dataset import Stray
from diptych.data.places import Address, Member
from diptych.errors import ImageError, InputError, MissingExtra, first_line, shortened
from diptych.sources.trees.archive_tree import add_folder
from diptych.sources.trees.pieces import PIECE
from diptych.sources.trees.spool import Spool, spooled

EXTRA = "remote"
# The package that knows a scheme, where it is not in the extra.
_PACKAGES = {
    "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs",
    "hf": "huggingface_hub", "sftp": "paramiko", "ssh": "paramiko", "hdfs": "pyarrow",
}  # fmt: skip
_OF_EXTRA = {"s3": "s3fs", "s3a": "s3fs"}
# Files of up to so many bytes are fetched whole, in one request.
_AT_ONCE = 16 * 2**20
# What has so few letters stands in any word too.
_SHORT = 3
_WEB = ("http", "https", "ftp")


def at_address(address: Address) -> "AddressTree | Member":
    """What is at an address: the files below it, or the one file that it names.

    Raises MissingExtra or InputError where it cannot be reached, or there is nothing.
    """
    files, path = _files_and_path(address)
    with _refusals(address):
        info = files.info(path)
        if info["type"] == "file":
            above, _, name = path.rstrip("/").rpartition("/")
            return Member(AddressHolder(files, above, address, {name: info["size"]}), name)
        listing = files.find(path, withdirs=True, detail=True)
    return AddressTree(files, path.rstrip("/"), address, listing)


def local_copy(file: Member, root: Path | Address) -> Path:
    """A copy in the cache of a file at an address, for what must be read here and there in it.

    Raises InputError where it cannot be fetched, or is larger than the cache may be, and for a file
    in an archive.
    """
    holder = file.holder
    if not isinstance(holder, AddressHolder):
        raise InputError(f"{file}: it lies in an archive; unpack that, and give the folder")

    def fetch(spool: Spool) -> None:
        with holder.open(file.within) as content:
            while piece := content.read(PIECE):
                spool.write(piece)

    with _refusals(holder.address):
        return spooled(holder.key(file.within), root, fetch)[0]


class AddressTree:
    """The files below an address; `Tree` says what its attributes are."""

    def __init__(
        self, files: Any, path: str, address: Address, listing: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.root = address
        self.strays: list[Stray] = []
        sizes, folders = dict[str, int](), set[str]()
        for full, info in listing.items():
            name = full.removeprefix(path).strip("/")
            if name and (info["type"] == "directory" or full.endswith("/")):
                folders.add(name)
            elif name:
                sizes[name] = info["size"] or 0
                add_folder(folders, name.rpartition("/")[0])
        self.names = sorted(sizes)
        self.folders = frozenset(folders)
        self._holder = AddressHolder(files, path, address, sizes)

    def place(self, name: str) -> Member:
        """Where the bytes of a file are."""
        return Member(self._holder, name)


class AddressHolder:
    """Files below an address by name; threads may read at the same time."""

    def __init__(self, files: Any, path: str, address: Address, sizes: Mapping[str, int]) -> None:
        self.address = address
        self._files, self._path, self._sizes = files, path, sizes

    def __str__(self) -> str:
        text = str(self.address).rstrip("/")
        alone = len(self._sizes) == 1 and self.address.name in self._sizes
        return text.rpartition("/")[0] if alone else text

    def size(self, name: str) -> int:
        """How many bytes a file has, as the listing said."""
        return self._sizes[name]

    def read(self, name: str) -> bytes:
        """The bytes of a file; raises OSError, or ImageError with the reason."""
        try:
            data: bytes = self._files.cat_file(self._full(name))
            return data
        except OSError:
            raise
        except Exception as cause:
            # Each service has errors of its own.
            raise ImageError(
                "unreadable", _without_secrets(first_line(cause), self.address)
            ) from cause

    def open(self, name: str) -> IO[bytes]:
        """A file of any size, to be read in pieces."""
        if self._sizes[name] <= _AT_ONCE:
            return io.BytesIO(self.read(name))
        file: IO[bytes] = self._files.open(self._full(name), "rb")
        return file

    def key(self, name: str) -> str:
        """What tells a file apart from any other, and from itself at another time."""
        return f"{self.address}\0{name}\0{self._files.ukey(self._full(name))}"

    def _full(self, name: str) -> str:
        return f"{self._path}/{name}" if self._path else name


def _files_and_path(address: Address) -> tuple[Any, str]:
    """The file system of a scheme, and the path on it."""
    scheme = address.scheme
    if scheme in _WEB:
        raise InputError(
            f"{address}: nothing is fetched from the web; download it and give the file: "
            f"curl -LO {address}"
        )
    if importlib.util.find_spec("fsspec") is None:
        raise MissingExtra(f"{address}: fsspec", EXTRA)
    import fsspec

    if scheme not in fsspec.available_protocols():
        known = shortened(["s3", "gs", "az", "hf"])
        raise InputError(f"{address}: no scheme '{scheme}' is known; it may be {known}, or others")
    try:
        with _refusals(address):
            files, path = fsspec.core.url_to_fs(address.text)
            return files, path
    except ImportError as cause:
        if scheme in _OF_EXTRA:
            raise MissingExtra(f"{address}: {_OF_EXTRA[scheme]}", EXTRA) from cause
        package = _PACKAGES.get(scheme, "")
        what = f"{package} is not installed; run: pip install {package}" if package else cause
        raise InputError(f"{address}: {what}") from cause


@contextmanager
def _refusals(address: Address) -> Iterator[None]:
    """Whatever a service raises, as one InputError."""
    try:
        yield
    except (InputError, ImportError):
        raise
    except FileNotFoundError as cause:
        raise InputError(f"{address}: no such file, folder or bucket") from cause
    except PermissionError as cause:
        raise InputError(
            f"{address}: access denied ({_why(cause, address)}); give the credentials as its "
            f"service wants them, in the environment or in its own file"
        ) from cause
    except Exception as cause:
        # Each service has errors of its own, for timeouts and for names that it does not know.
        raise InputError(f"{address}: cannot be read: {_why(cause, address)}") from cause


def _why(cause: BaseException, address: Address) -> str:
    text = first_line(cause) if not isinstance(cause, TimeoutError) else "it does not answer"
    return _without_secrets(text, address)


def _without_secrets(text: str, address: Address) -> str:
    """A message without what is left out of the address where it is shown."""
    rest = address.text.partition("://")[2]
    host, _, path = rest.partition("/")
    secrets = [host.rpartition("@")[0], path.partition("?")[2]]
    for secret in [*secrets, *secrets[0].split(":", 1), *secrets[1].split("&")]:
        if len(secret) > _SHORT:
            text = text.replace(secret, "…")
    return text
