"""From a bundle to files that others run; nothing leaves unchecked."""

from pathlib import Path

from safetensors.numpy import load

from diptych.bundle import WEIGHTS, Bundle, write_file
from diptych.errors import InputError
from diptych.recipe import nearest

FORMATS = ("torch",)


def export_weights(bundle: Bundle, format: str, out: Path) -> None:
    """Write a bundle's weights in another format.

    Raises InputError for an unknown format, a file that exists or one that cannot be written.
    """
    if format not in FORMATS:
        raise InputError(f"no format '{format}'{nearest(format, FORMATS)}")
    if out.exists():
        raise InputError(f"{out} exists already; name another --out")
    from diptych.engines.torch.files import state_file

    write_file(out, state_file(load(bundle.read(WEIGHTS))))
