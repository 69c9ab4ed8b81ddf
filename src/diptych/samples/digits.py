"""Real handwritten digits, as scikit-learn ships them (Alpaydin & Kaynak 1998), as a pixel CSV."""

import gzip
from pathlib import Path

from diptych.errors import InputError, MissingExtra
from diptych.system.files import write_file


def write_digits(path: Path) -> int:
    """Write 1,797 digits of 8×8 pixels, a row each, values 0 to 16; returns how many.

    A name that ends in .gz is compressed. Raises InputError if the file is there already.
    """
    if path.exists():
        raise InputError(f"{path} exists already; name a new file")
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as cause:
        raise MissingExtra("scikit-learn", "samples") from cause
    digits = load_digits()
    lines = ["label," + ",".join(f"pixel{i}" for i in range(64))]
    for label, row in zip(digits.target, digits.data, strict=True):
        lines.append(f"{label}," + ",".join(str(int(level)) for level in row))
    text = ("\n".join(lines) + "\n").encode()
    write_file(path, gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return len(digits.target)
