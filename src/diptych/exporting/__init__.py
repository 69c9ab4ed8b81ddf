"""From a bundle to files that others run; nothing leaves unchecked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.bundles.destinations import refuse_unwritable_file
from diptych.bundles.format import Bundle
from diptych.errors import GateError
from diptych.networks import Weights
from diptych.system.files import folder_aside, write_synced

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
    log: Callable[[str], object] = lambda line: None,
) -> "Export":
    """Write a bundle in several formats into a folder, each checked by its own runtime first.

    See `exporting.formats` for their names. They are checked on the bundle's validation pictures,
    from the cache or else from `data`, which it was trained on. `lighter` are the kinds of lighter
    files that are wanted as well, "int8" or "bf16", which may lose up to `max_drop` percentage
    points of accuracy. `log` gets a line for each step. A format that fails its check is no error
    here: its row says why it was refused. Raises InputError for what cannot be done or written.
    """
    from diptych.exporting.steps import export_bundle

    return export_bundle(bundle, formats, out, data, lighter, max_drop, force, log)


def export_weights(bundle: Bundle, out: Path, force: bool = False) -> None:
    """Write a bundle's weights as one file of torch.save, and read them again to see.

    They are read from beside `out`, and only then put in its place. Raises InputError for a file
    that exists or cannot be written, GateError where what is read is not what was written.
    """
    refuse_unwritable_file(out, force)
    from diptych.networks.torch_files import read_state, state_file

    weights = bundle.weights()
    with folder_aside(out) as folder:
        written = folder / "weights.pth"
        write_synced(written, state_file(weights))
        tensors = {name: tensor.numpy() for name, tensor in read_state(written).items()}
        if not _identical(weights, tensors):
            raise GateError(
                f"{out}: read again, it holds other weights than the bundle; nothing was written"
            )
        written.replace(out)


def _identical(weights: Weights, others: Weights) -> bool:
    """Whether the names and shapes are the same, and each number to the bit."""
    return weights.keys() == others.keys() and all(
        value.shape == others[name].shape and value.tobytes() == others[name].tobytes()
        for name, value in weights.items()
    )
