"""How strange a picture is (see `reliability.ood`), computed by Keras' own layers.

N pictures, R reference pictures, K classes, D features. Arrays are weights of layers, so that a
file keeps them as numbers, and needs nothing but Keras to be read.
"""

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt
from keras import layers as kl
from keras import ops

from diptych.graphs.outputs import OOD_SCORE
from diptych.reliability.ood import NEIGHBOURS, OodDetector

Array = npt.NDArray[np.float32]

_TINY = 1e-30  # instead of a length of nothing


def ood_score(
    detector: OodDetector, features: Sequence[keras.KerasTensor], logits_NK: keras.KerasTensor
) -> keras.KerasTensor:
    """From features, the last and mid-level ones, (N, D) each, and logits to a score (N,)."""
    match detector.method:
        case "none":
            raw = 0.0 * ops.max(ops.softmax(logits_NK), axis=1)
        case "energy":
            raw = ops.exp(-ops.logsumexp(logits_NK, axis=1))
        case "probability":
            raw = 1.0 - ops.max(ops.softmax(logits_NK), axis=1)
        case kind:
            measure = _dissimilarity if kind == "neighbours" else _distance
            scaled = zip(features, detector.scales, strict=False)
            each = [measure(detector, x_ND, i) / scale for i, (x_ND, scale) in enumerate(scaled)]
            raw = kl.Maximum()(each) if len(each) > 1 else each[0]
    return kl.Rescaling(1 / detector.scales[-1], name=OOD_SCORE)(raw)


def _dissimilarity(
    detector: OodDetector, features_ND: keras.KerasTensor, number: int
) -> keras.KerasTensor:
    """One minus the mean cosine similarity to the nearest references, (N,)."""
    references_RD = detector.arrays[f"references{number}"]
    rooted_ND = ops.sign(features_ND) * ops.sqrt(ops.abs(features_ND))
    length_N1 = ops.sqrt(ops.sum(ops.square(rooted_ND), axis=1, keepdims=True))
    unit_ND = rooted_ND / ops.maximum(length_N1, _TINY)
    similarity_NR = _product(unit_ND, references_RD.T, f"references{number}")
    nearest, _ = ops.top_k(similarity_NR, min(NEIGHBOURS, len(references_RD)))
    return 1.0 - ops.mean(nearest, axis=1)


def _distance(
    detector: OodDetector, features_ND: keras.KerasTensor, number: int
) -> keras.KerasTensor:
    """The squared distance to the nearest class, (N,)."""
    middle_D, whiten_DD, classes_KD = (
        detector.arrays[f"{name}{number}"] for name in ("middle", "whiten", "classes")
    )
    centred_ND = _centred(features_ND, middle_D, f"middle{number}")
    whitened_ND = _product(centred_ND, whiten_DD, f"whiten{number}")
    norm_N1 = ops.sum(ops.square(whitened_ND), axis=1, keepdims=True)
    lengths_K = (classes_KD**2).sum(1)
    theirs_NK = _product(whitened_ND, -2 * classes_KD.T, f"classes{number}", lengths_K)
    return ops.min(norm_N1 + theirs_NK, axis=1)


def _centred(x: keras.KerasTensor, middle: Array, name: str) -> keras.KerasTensor:
    layer = kl.Normalization(name=name)
    layer.build(x.shape)
    layer.set_weights(
        [middle, np.ones_like(middle), np.array(1)]
    )  # a variance of 1, after one batch
    layer.finalize_state()
    return layer(x)


def _product(
    x: keras.KerasTensor, kernel: Array, name: str, bias: Array | None = None
) -> keras.KerasTensor:
    use_bias = bias is not None
    layer = kl.Dense(kernel.shape[1], use_bias=use_bias, trainable=False, name=name)
    product = layer(x)
    layer.set_weights([kernel] if bias is None else [kernel, bias])
    return product
