"""The metadata are read back by the bytes alone, as the format's specification has them."""

import struct
from typing import Any

import pytest

from diptych.exporting.litert_metadata import metadata

FACTS = {
    "diptych": "0.1.0",
    "classes": ["pizza", "not pizza"],
    "preprocess": {"shape": [24, 32, 3]},
}


class Table:
    """A table of a FlatBuffer: https://flatbuffers.dev/internals."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def where(self, number: int) -> int | None:
        """Where a field is; None where it has its default."""
        vtable = self.at - self.number("i", self.at)
        if 4 + 2 * number >= self.number("H", vtable):
            return None
        away = self.number("H", vtable + 4 + 2 * number)
        return self.at + away if away else None

    def number(self, kind: str, at: int) -> Any:
        return struct.unpack_from(f"<{kind}", self.data, at)[0]

    def scalar(self, number: int, kind: str) -> Any:
        at = self.where(number)
        return 0 if at is None else self.number(kind, at)

    def follow(self, number: int) -> int:
        at = self.where(number)
        assert at is not None
        return int(at + self.number("I", at))

    def table(self, number: int) -> "Table":
        return Table(self.data, self.follow(number))

    def text(self, number: int) -> str:
        at = self.follow(number)
        return self.data[at + 4 : at + 4 + self.number("I", at)].decode()

    def tables(self, number: int) -> list["Table"]:
        at = self.follow(number)
        places = [at + 4 + 4 * i for i in range(self.number("I", at))]
        return [Table(self.data, place + self.number("I", place)) for place in places]

    def floats(self, number: int) -> list[float]:
        at = self.follow(number)
        return list(struct.unpack_from(f"<{self.number('I', at)}f", self.data, at + 4))


def root(data: bytes) -> Table:
    assert data[4:8] == b"M001"
    return Table(data, struct.unpack_from("<I", data)[0])


@pytest.mark.parametrize(
    "outputs", [["ood_score", "probabilities"], ["probabilities", "ood_score"]]
)
def test_metadata_say_what_goes_in_and_which_file_names_the_classes(outputs: list[str]) -> None:
    model = root(metadata(FACTS, ["images"], outputs))
    assert "pizza, not pizza" in model.text(1)
    assert model.text(7) == "1.0.0"
    (graph,) = model.tables(3)
    (images,) = graph.tables(2)
    assert images.text(0) == "images"
    content = images.table(3)
    assert content.scalar(0, "B") == 2  # ImageProperties
    image = content.table(1)
    assert image.scalar(0, "b") == 1  # RGB
    assert [image.table(1).scalar(i, "I") for i in range(2)] == [32, 24]  # width, height
    (unit,) = images.tables(4)
    assert unit.scalar(0, "B") == 1  # NormalizationOptions
    assert [unit.table(1).floats(i) for i in range(2)] == [[0.0], [1.0]]  # mean, std
    by_name = {tensor.text(0): tensor for tensor in graph.tables(3)}
    assert list(by_name) == outputs
    (labels,) = by_name["probabilities"].tables(6)
    assert labels.text(0) == "labels.txt"
    assert labels.scalar(2, "b") == 2  # TENSOR_AXIS_LABELS
    assert by_name["ood_score"].where(6) is None


def test_grey_pictures_are_told() -> None:
    facts = {**FACTS, "preprocess": {"shape": [8, 8, 1]}}
    (graph,) = root(metadata(facts, ["images"], ["probabilities"])).tables(3)
    assert graph.tables(2)[0].table(3).table(1).scalar(0, "b") == 2  # GRAYSCALE
