"""Whether the parts of a data set have labels that were learned: a test has no other class."""

from diptych.data.dataset import Dataset
from diptych.errors import InputError, shortened


def unlearned(data: Dataset) -> str:
    """A word on classes of another part of which the train part has no picture; "" for none."""
    train = {sample.label for sample in data.samples if sample.part == "train"}
    other = next((s for s in data.samples if s.part and s.label not in train), None)
    if not train or other is None:
        return ""
    lacking = {s.label for s in data.samples if s.part == other.part} - train
    words = shortened([repr(label) for label in sorted(lacking)], 4)
    return (
        f"the {other.part} part has class{'es'[: 2 * (len(lacking) > 1)]} {words}, of which there "
        f"is no picture to train on, such as {other.name}"
    )


def refuse_unlearned(data: Dataset) -> Dataset:
    """The same data set; raises InputError where a class of another part cannot be learned."""
    if words := unlearned(data):
        raise InputError(f"{data.root}: {words}; give it some, or leave the class out of that part")
    return data
