"""What a LiteRT model says of itself in the format's own way: TFLite metadata.

Task libraries, ML Kit, MediaPipe and Android Studio read it: what the input is, how it is
normalised, and which file packed behind the model names the classes. It is a FlatBuffer of its own
in one of the model's buffers, after `metadata_schema.fbs` of tflite-support (identifier M001);
no package that is still kept up writes it. Numbers of fields are those of that schema.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers

from diptych.graphs.outputs import PROBABILITIES

NAME = b"TFLITE_METADATA"
LABELS = "labels.txt"
IDENTIFIER, MODEL_IDENTIFIER = b"M001", b"TFL3"
# The oldest version of the schema that has all of these fields.
PARSER_VERSION = "1.0.0"

# Of unions and enumerations.
_FEATURE, _IMAGE = 1, 2  # ContentProperties
_NORMALISATION = 1  # ProcessUnitOptions
_AXIS_LABELS = 2  # AssociatedFileType
_RGB, _GREY = 1, 2  # ColorSpaceType

WORDS = {
    "images": "Pictures, upright, squashed to this size by an antialiased triangle filter.",
    "probabilities": "Calibrated probabilities of the classes.",
    "ood_score": "How unlike the training a picture is; above 1 it is none of the classes.",
}

Offset = int  # of something in a buffer
Field = tuple[int, str, Any]  # its number, its type in the builder's words, its value


def with_metadata(model: bytes, facts: Mapping[str, Any]) -> bytes:
    """A LiteRT model with its metadata, in place of any that it has.

    The facts are those of `ExportSource`. What is packed behind the model is not kept.
    """
    from ai_edge_litert import schema_py_generated as schema

    parsed = schema.ModelT.InitFromPackedBuf(model)
    ends = parsed.signatureDefs[0]
    names = {end.tensorIndex: end.name.decode() for end in (*ends.inputs, *ends.outputs)}
    graph = parsed.subgraphs[0]
    entry, buffer = schema.MetadataT(), schema.BufferT()
    entry.name, entry.buffer = NAME, len(parsed.buffers)
    buffer.data = list(
        metadata(facts, [names[i] for i in graph.inputs], [names[i] for i in graph.outputs])
    )
    parsed.buffers.append(buffer)
    others = [other for other in parsed.metadata or [] if other.name != NAME]
    parsed.metadata = [*others, entry]
    builder = flatbuffers.Builder(len(model))
    builder.Finish(parsed.Pack(builder), MODEL_IDENTIFIER)
    return bytes(builder.Output())


def metadata(facts: Mapping[str, Any], inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """The FlatBuffer for a model with these inputs and outputs, in the order of its graph."""
    writer = _Writer()
    text = writer.text
    graph = writer.table(
        (2, "offset", writer.vector([_image(writer, name, facts) for name in inputs])),
        (3, "offset", writer.vector([_numbers(writer, name) for name in outputs])),
    )
    words = f"Tells pictures apart: {', '.join(facts['classes'])}. Made by Diptych."
    model = writer.table(
        (0, "offset", text("image classifier")),
        (1, "offset", text(words)),
        (2, "offset", text(facts["diptych"])),
        (3, "offset", writer.vector([graph])),
        (7, "offset", text(PARSER_VERSION)),
    )
    writer.builder.Finish(model, IDENTIFIER)
    return bytes(writer.builder.Output())


def _image(writer: "_Writer", name: str, facts: Mapping[str, Any]) -> Offset:
    """The TensorMetadata of an input: a picture whose levels are taken as they are."""
    height, width, channels = facts["preprocess"]["shape"]
    size = writer.table((0, "uint32", width), (1, "uint32", height))
    colours = _GREY if channels == 1 else _RGB
    image = writer.table((0, "int8", colours), (1, "offset", size))
    options = writer.table((0, "offset", writer.floats([0])), (1, "offset", writer.floats([1])))
    normalisation = writer.table((0, "uint8", _NORMALISATION), (1, "offset", options))
    levels = writer.table((0, "offset", writer.floats([255])), (1, "offset", writer.floats([0])))
    return writer.table(
        *_named(writer, name),
        (3, "offset", writer.table((0, "uint8", _IMAGE), (1, "offset", image))),
        (4, "offset", writer.vector([normalisation])),
        (5, "offset", levels),
    )


def _numbers(writer: "_Writer", name: str) -> Offset:
    """The TensorMetadata of an output; the classes are named in a file."""
    feature = writer.table()
    content = writer.table((0, "uint8", _FEATURE), (1, "offset", feature))
    fields: list[Field] = [*_named(writer, name), (3, "offset", content)]
    if name == PROBABILITIES:
        words = writer.text("The classes, one a line, in the order of the probabilities.")
        labels = writer.table(
            (0, "offset", writer.text(LABELS)), (1, "offset", words), (2, "int8", _AXIS_LABELS)
        )
        fields.append((6, "offset", writer.vector([labels])))
    return writer.table(*fields)


def _named(writer: "_Writer", name: str) -> tuple[Field, Field]:
    return (0, "offset", writer.text(name)), (1, "offset", writer.text(WORDS[name]))


class _Writer:
    """A FlatBuffer from its leaves up: nothing may be begun while a table is being written."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)

    def text(self, text: str) -> Offset:
        return int(self.builder.CreateString(text))

    def floats(self, values: Sequence[float]) -> Offset:
        self.builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self.builder.PrependFloat32(value)
        return int(self.builder.EndVector())

    def vector(self, offsets: Sequence[Offset]) -> Offset:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())

    def table(self, *fields: Field) -> Offset:
        write = {
            "offset": self.builder.PrependUOffsetTRelativeSlot,
            "int8": self.builder.PrependInt8Slot,
            "uint8": self.builder.PrependUint8Slot,
            "uint32": self.builder.PrependUint32Slot,
        }
        self.builder.StartObject(1 + max((number for number, *_ in fields), default=-1))
        for number, kind, value in fields:
            write[kind](number, value, 0)
        return int(self.builder.EndObject())
