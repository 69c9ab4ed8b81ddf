"""From a bundle to files that others run; nothing leaves unchecked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors.numpy import load

from diptych.bundles.destinations import refuse_unwritable_file
from diptych.bundles.format import WEIGHTS, Bundle
from diptych.system.files import write_file

if TYPE_CHECKING:
    from diptych.exporting.steps import Export

__all__ = ["export", "export_weights"]


def export(
    bundle: Bundle,
    formats: Sequence[str],
    out: Path,
    *,
    data: Path | None = None,
    lighter: Sequence[str] = (),
    max_drop: float = 0.5,
    force: bool = False,
    tell: Callable[[str], object] = lambda line: None,
) -> "Export":
    """Write a bundle in several formats into a folder, each checked by its own runtime first.

    See `exporting.formats` for their names. They are checked on the bundle's validation pictures,
    from the cache or else from `data`, which it was trained on. `lighter` are the kinds of lighter
    files that are wanted as well, "int8" or "bf16", which may lose up to `max_drop` percentage
    points of accuracy. `tell` gets a line for each step. A format that fails its check is no error
    here: its row says why it was refused. Raises InputError for what cannot be done or written.
    """
    from diptych.exporting.steps import export_bundle

    return export_bundle(bundle, formats, out, data, lighter, max_drop, force, tell)


def export_weights(bundle: Bundle, out: Path, force: bool = False) -> None:
    """Write a bundle's weights as one file of torch.save, and read them again to see.

    Raises InputError for a file that exists or cannot be written, GateError where what is read is
    not what was written.
    """
    refuse_unwritable_file(out, force)
    from diptych.networks.torch_files import state_file

    write_file(out, state_file(load(bundle.read(WEIGHTS))))
