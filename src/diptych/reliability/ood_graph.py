"""An OOD score as part of a network's ONNX graph, so that every export has it.

Letters in names: R reference pictures, K classes, D features of a layer.
"""

from collections.abc import Sequence

import numpy as np

from diptych.graphs.builder import Builder, Name
from diptych.graphs.surgery import with_output
from diptych.reliability.ood import NEIGHBOURS, NONE, TINY, OodDetector

OUTPUT = "ood_score"


def with_ood_score(graph: bytes, detector: OodDetector) -> bytes:
    """A network's graph with the score (N,) as one more output."""

    def write(builder: Builder, features: Sequence[Name], logits: Name) -> Name:
        raw = _write_raw(builder, detector, features, logits)
        return builder.node("Div", raw, builder.constant(detector.scales[-1]))

    return with_output(graph, OUTPUT, (), write)


def _write_raw(
    builder: Builder, detector: OodDetector, features: Sequence[Name], logits: Name
) -> Name:
    match detector.method:
        case method if method == NONE:
            return _write_nothing(builder, logits)
        case "probability":
            return _write_probability(builder, logits)
        case "energy":
            return _write_energy(builder, logits)
        case "neighbours":
            write = _write_neighbours
        case _:
            write = _write_mahalanobis
    scores = [
        builder.node(
            "Div", write(builder, detector, name, layer), builder.constant(detector.scales[layer])
        )
        for layer, name in enumerate(features)
    ]
    return builder.node("Max", *scores)


def _write_nothing(builder: Builder, logits: Name) -> Name:
    """0 for every picture, made of something finite that has a number for each."""
    return builder.node("Mul", _write_probability(builder, logits), builder.constant(0.0))


def _write_probability(builder: Builder, logits: Name) -> Name:
    probabilities = builder.node("Softmax", logits, axis=1)
    best = builder.node("ReduceMax", probabilities, _first_axis(builder), keepdims=0)
    return builder.node("Sub", builder.constant(1.0), best)


def _write_energy(builder: Builder, logits: Name) -> Name:
    total = builder.node("ReduceLogSumExp", logits, _first_axis(builder), keepdims=0)
    return builder.node("Exp", builder.node("Neg", total))


def _write_neighbours(builder: Builder, detector: OodDetector, features: Name, layer: int) -> Name:
    references_RD = detector.arrays[f"references{layer}"]
    root = builder.node("Sqrt", builder.node("Abs", features))
    rooted = builder.node("Mul", builder.node("Sign", features), root)
    length = builder.node("ReduceL2", rooted, _first_axis(builder), keepdims=1)
    unit = builder.node("Div", rooted, builder.node("Max", length, builder.constant(TINY)))
    similarity = builder.node("MatMul", unit, builder.constant(references_RD.T))
    count = builder.constant([min(NEIGHBOURS, len(references_RD))], np.int64)
    nearest = builder.node("TopK", similarity, count, outputs=2, axis=1)
    mean = builder.node("ReduceMean", nearest, _first_axis(builder), keepdims=0)
    return builder.node("Sub", builder.constant(1.0), mean)


def _write_mahalanobis(builder: Builder, detector: OodDetector, features: Name, layer: int) -> Name:
    classes_KD = detector.arrays[f"classes{layer}"]
    off = builder.node("Sub", features, builder.constant(detector.arrays[f"middle{layer}"]))
    white = builder.node("MatMul", off, builder.constant(detector.arrays[f"whiten{layer}"]))
    axis = _first_axis(builder)
    own = builder.node("ReduceSum", builder.node("Mul", white, white), axis, keepdims=1)
    cross = builder.node("MatMul", white, builder.constant(-2 * classes_KD.T))
    rest = builder.node("Add", cross, builder.constant((classes_KD**2).sum(1)))
    return builder.node("ReduceMin", builder.node("Add", own, rest), axis, keepdims=0)


def _first_axis(builder: Builder) -> Name:
    return builder.constant([1], np.int64)
