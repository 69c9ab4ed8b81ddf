"""Who may ask: keys, of which the server knows only hashes.

A file has a line a key: its name, and the SHA-256 of the key in hexadecimal. A key has 256 random
bits, so no slow hash is needed against guessing.
"""

import hashlib
import re
import secrets
import stat
from pathlib import Path

from diptych.errors import InputError

Keys = dict[str, str]  # name of a key by its hash


def read(path: Path) -> Keys:
    """The keys in a file. Raises InputError where a line is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        raise InputError(f"{path}: the keys cannot be read ({cause})") from cause
    keys: Keys = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            name, _, digest = line.strip().rpartition(" ")
            if not name or not re.fullmatch(r"[0-9a-f]{64}", digest):
                raise InputError(
                    f"{path}, line {number}: no key; a line is a name and 64 hexadecimal digits, "
                    "as `diptych serve --new-key NAME --keys FILE` writes it"
                )
            keys[digest] = name.strip()
    if not keys:
        raise InputError(
            f"{path}: no key in it; add one: diptych serve --new-key NAME --keys {path}"
        )
    return keys


def warning(path: Path) -> str | None:
    """What to say of a file that others may read."""
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return f"{path}: others can read the hashes of the keys; run: chmod 600 {path}"
    return None


def add_key(path: Path, name: str) -> str:
    """Add a new key to a file, which need not exist yet; the key itself is kept nowhere."""
    if not re.fullmatch(r"[\w.@-]+", name):
        raise InputError(f"--new-key '{name}': a name has letters, digits and any of _ . @ -")
    if path.exists() and path.stat().st_size and name in read(path).values():
        raise InputError(f"{path}: there is a key called '{name}' already; name another")
    # No sign that a command line takes for an option, as a minus at its beginning.
    key = secrets.token_hex(32)
    try:
        path.touch(mode=0o600)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{name} {hashlib.sha256(key.encode()).hexdigest()}\n")
    except OSError as cause:
        raise InputError(f"{path}: cannot be written ({cause.strerror})") from cause
    return key


def owner(keys: Keys, headers: dict[bytes, bytes]) -> str | None:
    """The name of the key that a request has; None where it has none of these."""
    key = headers.get(b"x-api-key")
    if key is None:
        scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer":
            return None
    # Looking up a hash tells by its time nothing of use about the key.
    return keys.get(hashlib.sha256(key.strip()).hexdigest())
