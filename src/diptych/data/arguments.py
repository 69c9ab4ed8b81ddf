"""What is given to functions of data sets: refused in a line where it is something else."""

import os
from numbers import Real

from diptych.data.dataset import PARTS, Dataset
from diptych.errors import InputError, described
from diptych.system.arguments import whole_number


def require_dataset(value: object, function: str) -> None:
    """Raise InputError where something else than a data set is given to a function."""
    if isinstance(value, Dataset):
        return
    hint = ""
    if isinstance(value, str | os.PathLike):
        hint = f"; read it first: read({os.fsdecode(value)!r})"
    elif hasattr(value, "_fields") and set(PARTS) <= set(value._fields):
        hint = "; give one of its parts, such as parts.train"
    raise InputError(f"{function} takes a Dataset, as read() gives, not {described(value)}{hint}")


def require_shares(valid: object, test: object, seed: object) -> None:
    """Raise InputError where a share is no number, or a seed is none."""
    for part, share in (("valid", valid), ("test", test)):
        if share is not None and (not isinstance(share, Real) or isinstance(share, bool)):
            raise InputError(
                f"{part} is a share of the whole, between 0 and 1, not {described(share)}"
            )
    whole_number(seed, "seed", 0, 2**63)
