"""Probabilities that mean what they say: of answers given with 80 %, four in five are right.

A network's logits are scaled and shifted, so that the validation pictures are as likely as can be:
all logits by one factor (temperature scaling; Guo et al., "On Calibration of Modern Neural
Networks", ICML 2017), or each class's by its own (vector scaling, ibid.). Both are folded into the
last layer, so that every export answers with calibrated probabilities, and knows nothing of it.

Letters in names: N pictures, K classes, U unknowns, B simulated label sets.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics.probabilities import Logits, Probabilities, log_softmax, softmax
from diptych.networks import Weights

Floats = npt.NDArray[np.float64]

FOLDS = 5
# Vector scaling has 2K numbers to overfit with: it must save at least this many nats a picture.
WORTH = 0.002
STEPS = 60
RIDGE = 1e-4  # keeps what the pictures leave open, such as a shift of all classes, where it is
# What is known of a scale before any picture is seen: its logarithm is within 0.5 of 0 two times in
# three. A few pictures that are all answered rightly would else call for certainty.
PRIOR = 0.5


class Calibration(NamedTuple):
    """What is done to the logits: each class's are multiplied and then shifted."""

    kind: str  # "none", "temperature" or "vector"
    scale_K: tuple[float, ...]
    shift_K: tuple[float, ...]
    loss_before: float  # cross-entropy on the validation pictures, in nats a picture
    loss_after: float  # likewise, each fold calibrated on the others

    @property
    def temperature(self) -> float:
        """What the logits are divided by; for vector scaling on average."""
        return 1 / float(np.mean(self.scale_K))

    def applied(self, logits_NK: Logits) -> Logits:
        """The logits, calibrated."""
        return np.asarray(logits_NK * self.scale_K + self.shift_K, np.float32)

    def undone(self, logits_NK: Logits) -> Logits:
        """What calibrated logits were before.

        Where all scales are the same, each picture's may lack a number that its logits share, as
        the logarithms of its probabilities do: then so do the logits before.
        """
        return np.asarray((logits_NK - self.shift_K) / self.scale_K, np.float32)

    def folded(self, weights: Weights) -> Weights:
        """A network's weights, of which the last layer gives calibrated logits."""
        scale_K, shift_K = (np.asarray(v, np.float32) for v in (self.scale_K, self.shift_K))
        return {
            **weights,
            "classifier.weight": weights["classifier.weight"] * scale_K[:, None],
            "classifier.bias": weights["classifier.bias"] * scale_K + shift_K,
        }


def calibrate(logits_NK: Logits, labels: Sequence[int]) -> Calibration:
    """Temperature scaling, or vector scaling where it is certainly better; nothing for a handful.

    Both are fitted on four fifths of the pictures and judged on the fifth, each fifth in turn; the
    better one is then fitted on all. Vector scaling is better where it saves nats beyond twice the
    standard error of what it saves.
    """
    labels_N = np.asarray(labels, np.intp)
    n, k = logits_NK.shape
    none = Calibration("none", (1.0,) * k, (0.0,) * k, 0.0, 0.0)
    before = float(_losses(logits_NK, labels_N, none).mean())
    if n < 2 * FOLDS:
        return none._replace(loss_before=before, loss_after=before)
    fold_N = np.random.default_rng(0).permutation(n) % FOLDS
    loss_N = {kind: np.empty(n) for kind in ("temperature", "vector")}
    for held in (fold_N == fold for fold in range(FOLDS)):
        for kind, lost_N in loss_N.items():
            fitted = _fitted(kind, logits_NK[~held], labels_N[~held])
            lost_N[held] = _losses(logits_NK[held], labels_N[held], fitted)
    saved_N = loss_N["temperature"] - loss_N["vector"]
    wins = saved_N.mean() > max(WORTH, 2 * saved_N.std() / math.sqrt(n))
    chosen = "vector" if wins else "temperature"
    best = _fitted(chosen, logits_NK, labels_N)
    return best._replace(loss_before=before, loss_after=float(loss_N[chosen].mean()))


def uncalibrated(
    found: Calibration, p_NK: Probabilities, logits: Callable[[], Logits | None]
) -> Probabilities | None:
    """What calibrated probabilities were before; None where nothing was done to them.

    `logits` gives the calibrated logits, of which those with a scale for each class are in need;
    None where it gives none.
    """
    if found.kind == "none":
        return None
    one_for_all = len(set(found.scale_K)) == 1
    known_NK = np.log(np.maximum(p_NK, np.float32(1e-30))) if one_for_all else logits()
    return None if known_NK is None else softmax(found.undone(known_NK))


class Reliability(NamedTuple):
    """How sure the answers were and how often right, from the least sure to the surest."""

    confidence: list[float]  # the mean of each bin
    right: list[float]  # the share of each bin
    counts: list[int]


def reliability(p_NK: Probabilities, labels: Sequence[int], bins: int = 10) -> Reliability:
    """Answers in bins of equally many pictures (Nixon et al. 2019)."""
    confidence_N, right_N = _answers(p_NK, labels)
    order = np.argsort(confidence_N, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return Reliability(
        [float(confidence_N[part].mean()) for part in parts],
        [float(right_N[part].mean()) for part in parts],
        [len(part) for part in parts],
    )


def calibration_error(p_NK: Probabilities, labels: Sequence[int]) -> float:
    """Expected calibration error: how far confidence and share of right answers are apart."""
    found = reliability(p_NK, labels)
    weight = np.array(found.counts) / sum(found.counts)
    return float(weight @ np.abs(np.array(found.confidence) - np.array(found.right)))


def perfect_calibration_error(p_NK: Probabilities, draws: int = 1000) -> float:
    """What chance alone makes of it: the 95th percentile were these probabilities exactly true.

    Labels are drawn from the probabilities, again and again. A small test set shows a calibration
    error however good its probabilities are.
    """
    confidence_N = np.sort(p_NK.max(1).astype(np.float64))
    rng = np.random.default_rng(0)
    right_BN = rng.random((draws, len(confidence_N))) < confidence_N
    parts = [part for part in np.array_split(np.arange(len(confidence_N)), 10) if len(part)]
    error_B = sum(
        len(part) * np.abs(right_BN[:, part].mean(1) - confidence_N[part].mean()) for part in parts
    )
    return float(np.quantile(error_B / len(confidence_N), 0.95))


def _answers(p_NK: Probabilities, labels: Sequence[int]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """How sure each answer is, and whether it is right."""
    return p_NK.max(1).astype(np.float64), p_NK.argmax(1) == np.asarray(labels)


def _losses(
    logits_NK: Logits, labels_N: npt.NDArray[np.intp], calibration: Calibration
) -> npt.NDArray[np.floating[Any]]:
    log_p_NK = log_softmax(calibration.applied(logits_NK))
    return np.asarray(-log_p_NK[np.arange(len(labels_N)), labels_N])


def _fitted(kind: str, logits_NK: Logits, labels_N: npt.NDArray[np.intp]) -> Calibration:
    """Newton's method on the mean cross-entropy, with the step halved until it helps.

    The unknowns are logarithms of scales, one or one a class, and for vector scaling the shifts.
    """
    scales = 1 if kind == "temperature" else logits_NK.shape[1]
    shifts = 0 if kind == "temperature" else scales
    ridge_U = np.repeat([1 / (2 * PRIOR**2 * len(logits_NK)), RIDGE], [scales, shifts])
    x_NK = logits_NK.astype(np.float64)
    n, k = x_NK.shape
    y_NK, eye_KK = np.eye(k)[labels_N], np.eye(k)

    def parts(unknown_U: Floats) -> tuple[Floats, Floats]:
        if kind == "temperature":
            return np.repeat(np.exp(unknown_U), k), np.zeros(k)
        return np.exp(unknown_U[:k]), unknown_U[k:]

    def objective(unknown_U: Floats) -> float:
        scale_K, shift_K = parts(unknown_U)
        log_p_NK = log_softmax(x_NK * scale_K + shift_K)
        return float(ridge_U @ unknown_U**2 - (log_p_NK * y_NK).sum() / n)

    def newton(unknown_U: Floats) -> Floats:
        scale_K, shift_K = parts(unknown_U)
        p_NK = np.exp(log_softmax(x_NK * scale_K + shift_K))
        # How much each logit moves with each unknown.
        move_NKU = (x_NK * scale_K)[:, :, None]
        if kind == "vector":
            shifts_NKK = np.broadcast_to(eye_KK, (n, k, k))
            move_NKU = np.concatenate([move_NKU * eye_KK, shifts_NKK], 2)
        gradient_U = np.einsum("nk,nku->u", p_NK - y_NK, move_NKU) / n + 2 * ridge_U * unknown_U
        mean_NU = np.einsum("nk,nku->nu", p_NK, move_NKU)
        curve_UU = np.einsum("nk,nku,nkv->uv", p_NK, move_NKU, move_NKU, optimize=True) / n
        curve_UU += 2 * np.diag(ridge_U) - mean_NU.T @ mean_NU / n
        return np.clip(np.linalg.solve(curve_UU, gradient_U), -1, 1)

    unknown_U = np.zeros(scales + shifts)
    value = objective(unknown_U)
    for _ in range(STEPS):
        step_U = newton(unknown_U)
        while (found := objective(unknown_U - step_U)) > value and np.abs(step_U).max() > 1e-9:
            step_U = step_U / 2
        if value - found < 1e-10:
            break
        unknown_U, value = unknown_U - step_U, found
    scale_K, shift_K = parts(unknown_U)
    return Calibration(kind, tuple(scale_K.tolist()), tuple(shift_K.tolist()), 0.0, 0.0)
