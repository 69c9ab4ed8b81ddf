"""An OOD score as part of a network's ONNX graph, so that every export has it.

Letters in names: R reference pictures, K classes, D features of a layer.
"""

from collections.abc import Sequence

import numpy as np

from diptych.graphs.builder import Builder, Name
from diptych.graphs.surgery import extended
from diptych.reliability.ood import NEIGHBOURS, TINY, OodDetector

OUTPUT = "ood_score"


def with_ood_score(graph: bytes, detector: OodDetector) -> bytes:
    """A network's graph with the score (N,) as one more output."""

    def write(pen: Builder, features: Sequence[Name], logits: Name) -> Name:
        raw = _write_raw(pen, detector, features, logits)
        return pen.node("Div", raw, pen.constant(detector.scales[-1]))

    return extended(graph, OUTPUT, write)


def _write_raw(pen: Builder, detector: OodDetector, features: Sequence[Name], logits: Name) -> Name:
    match detector.method:
        case "probability":
            return _write_probability(pen, logits)
        case "energy":
            return _write_energy(pen, logits)
        case "neighbours":
            write = _write_neighbours
        case _:
            write = _write_mahalanobis
    scores = [
        pen.node("Div", write(pen, detector, name, layer), pen.constant(detector.scales[layer]))
        for layer, name in enumerate(features)
    ]
    return pen.node("Max", *scores)


def _write_probability(pen: Builder, logits: Name) -> Name:
    probabilities = pen.node("Softmax", logits, axis=1)
    best = pen.node("ReduceMax", probabilities, _first_axis(pen), keepdims=0)
    return pen.node("Sub", pen.constant(1.0), best)


def _write_energy(pen: Builder, logits: Name) -> Name:
    total = pen.node("ReduceLogSumExp", logits, _first_axis(pen), keepdims=0)
    return pen.node("Exp", pen.node("Neg", total))


def _write_neighbours(pen: Builder, detector: OodDetector, features: Name, layer: int) -> Name:
    references_RD = detector.arrays[f"references{layer}"]
    root = pen.node("Sqrt", pen.node("Abs", features))
    rooted = pen.node("Mul", pen.node("Sign", features), root)
    length = pen.node("ReduceL2", rooted, _first_axis(pen), keepdims=1)
    unit = pen.node("Div", rooted, pen.node("Max", length, pen.constant(TINY)))
    similarity = pen.node("MatMul", unit, pen.constant(references_RD.T))
    count = pen.constant([min(NEIGHBOURS, len(references_RD))], np.int64)
    nearest = pen.node("TopK", similarity, count, outputs=2, axis=1)
    mean = pen.node("ReduceMean", nearest, _first_axis(pen), keepdims=0)
    return pen.node("Sub", pen.constant(1.0), mean)


def _write_mahalanobis(pen: Builder, detector: OodDetector, features: Name, layer: int) -> Name:
    classes_KD = detector.arrays[f"classes{layer}"]
    off = pen.node("Sub", features, pen.constant(detector.arrays[f"middle{layer}"]))
    white = pen.node("MatMul", off, pen.constant(detector.arrays[f"whiten{layer}"]))
    axis = _first_axis(pen)
    own = pen.node("ReduceSum", pen.node("Mul", white, white), axis, keepdims=1)
    cross = pen.node("MatMul", white, pen.constant(-2 * classes_KD.T))
    rest = pen.node("Add", cross, pen.constant((classes_KD**2).sum(1)))
    return pen.node("ReduceMin", pen.node("Add", own, rest), axis, keepdims=0)


def _first_axis(pen: Builder) -> Name:
    return pen.constant([1], np.int64)
