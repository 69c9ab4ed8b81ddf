"""How likely labels are wrong, by what a classifier says that has not learned from them.

Axes: N pictures, K classes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics.probabilities import softmax

Floats = npt.NDArray[np.float64]

# The share of wrong labels in most data sets, and as how many pictures that belief counts.
WRONG, BELIEVED = 0.02, 50
STEPS = 40
# By what scores may have to be multiplied to be logits.
SCALES = np.exp(np.linspace(-1, 3, 33))
TINY = 1e-12


class LabelNoise(NamedTuple):
    """What labels with mistakes among them tell of themselves."""

    chance_N: Floats  # that each label is wrong
    share: float  # of the labels that are wrong
    log_likelihood: float


def label_noise(p_NK: npt.NDArray[np.floating], labels_N: npt.NDArray[np.intp]) -> LabelNoise:
    """The chance that each label is wrong, from calibrated probabilities.

    A label is either right, as likely as its probability says, or wrong and any other class's. The
    share of wrong ones is found by expectation and maximisation (Dempster, Laird & Rubin 1977),
    with a prior of 2 % that counts as 50 pictures. A mistake that a classifier makes now and then
    at such a confidence is no suspicion.
    """
    count, classes = p_NK.shape
    right_N = p_NK[np.arange(count), labels_N].astype(np.float64)
    wrong_N = (1 - right_N) / max(classes - 1, 1)
    share = WRONG
    for _ in range(STEPS):
        both_N = share * wrong_N + (1 - share) * right_N + TINY
        chance_N = share * wrong_N / both_N
        share = float((chance_N.sum() + WRONG * BELIEVED) / (count + BELIEVED))
    prior = WRONG * np.log(share) + (1 - WRONG) * np.log(1 - share)
    return LabelNoise(chance_N, share, float(np.log(both_N).sum() + BELIEVED * prior))


def scaled_to_noise(
    scores_NK: npt.NDArray[np.floating], labels_N: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.float32], LabelNoise]:
    """Probabilities from scores that are no logits yet, and the noise of the labels by them.

    Both are chosen together, as makes the labels likeliest: a classifier that seems unsure because
    many labels are wrong is not taken for an unsure one.
    """
    tried = [
        (p_NK, label_noise(p_NK, labels_N))
        for scale in SCALES
        for p_NK in [softmax(np.asarray(scores_NK * scale, np.float32))]
    ]
    return max(tried, key=lambda one: one[1].log_likelihood)
