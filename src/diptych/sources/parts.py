"""What people call the parts of a data set, as folders and in tables."""

from diptych.errors import InputError

PART_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "publictest"), "valid"),
    **dict.fromkeys(("test", "testing", "privatetest"), "test"),
}


def part_of(text: str, where: str) -> str:
    """The part that a cell names; "" where it names none.

    Raises InputError, beginning with `where` the cell is, for anything else.
    """
    name = text.strip().lower().replace(" ", "").replace("_", "")
    if name and name not in PART_NAMES:
        raise InputError(f"{where}: no part '{text}'; it may be train, valid or test")
    return PART_NAMES.get(name, "")
