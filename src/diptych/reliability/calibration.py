"""Probabilities that mean what they say: of answers given with 80 %, four in five are right.

A network's logits are scaled and shifted, so that the validation pictures are as likely as can be:
all logits by one factor (temperature scaling; Guo et al., "On Calibration of Modern Neural
Networks", ICML 2017), or each class's by its own (vector scaling, ibid.). Both are folded into the
last layer, so that every export answers with calibrated probabilities, and knows nothing of it.

Letters in names: N pictures, K classes, U unknowns.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.errors import MissingExtra
from diptych.metrics.probabilities import Logits, Probabilities, log_softmax, softmax
from diptych.networks import Weights

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

FOLDS = 5
FEWEST = 2 * FOLDS  # pictures; a handful tells nothing
# Vector scaling has 2K numbers to overfit with: it must save at least this many nats a picture.
WORTH = 0.002
RIDGE = 1e-4  # keeps what the pictures leave open, such as a shift of all classes, where it is
# What is known of a scale before any picture is seen: its logarithm is within 0.5 of 0 two times in
# three. A few pictures that are all answered rightly would else call for certainty.
PRIOR = 0.5
# Where the gradient is as small as this, no logarithm of a scale is off by more than 1e-4.
PRECISION = {"gtol": 1e-9, "ftol": 0.0, "xtol": 0.0, "maxfun": 20_000}


class Calibration(NamedTuple):
    """What is done to the logits: each class's are multiplied and then shifted."""

    kind: str  # "none", "temperature" or "vector"
    scale_K: tuple[float, ...]
    shift_K: tuple[float, ...]
    loss_before: float  # cross-entropy on the validation pictures, in nats a picture
    loss_after: float  # likewise, each fold calibrated on the others
    weight_K: tuple[float, ...] = ()  # how much rarer each class is than answers take it for

    @property
    def temperature(self) -> float:
        """What the logits are divided by; for vector scaling on average."""
        return 1 / float(np.mean(self.scale_K))

    def applied(self, logits_NK: Logits) -> Logits:
        """The logits, calibrated."""
        return np.asarray(logits_NK * self.scale_K + self.shift_K, np.float32)

    def around(self, weight_K: Floats) -> "Calibration":
        """The same for logits of a network whose classes were weighted: that is not scaled."""
        shift_K = self.shift_K + (1 - np.asarray(self.scale_K)) * np.log(weight_K)
        return self._replace(shift_K=tuple(shift_K.tolist()), weight_K=tuple(weight_K.tolist()))

    def natural(self, p_NK: Probabilities) -> Probabilities:
        """Calibrated probabilities (N, K) where classes come as often as they did in training."""
        if not self.weight_K:
            return p_NK
        p_NK = p_NK / np.asarray(self.weight_K)
        return np.asarray(p_NK / p_NK.sum(1, keepdims=True), np.float32)

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


def require_scipy(pictures: int) -> None:
    """Raise MissingExtra without SciPy, where there are enough pictures to calibrate on."""
    if pictures < FEWEST:
        return
    try:
        import scipy.optimize  # noqa: F401
    except ModuleNotFoundError as cause:
        raise MissingExtra("SciPy", "report") from cause


def calibrate(
    logits_NK: Logits, labels: Sequence[int], weight_K: npt.ArrayLike | None = None
) -> Calibration:
    """Temperature scaling, or vector scaling where it is certainly better; nothing for a handful.

    Both are fitted on four fifths of the pictures and judged on the fifth, each fifth in turn; the
    better one is then fitted on all. Vector scaling is better where it saves nats beyond twice the
    standard error of what it saves. Raises MissingExtra without SciPy.

    A network that was trained with classes weighted by `weight_K` answers as if they came that much
    more often. Its logits are calibrated without that, on the classes as they come (Saerens et al.
    2002), and keep it: both losses are those without.
    """
    if weight_K is not None:
        return calibrate(_unweighted(logits_NK, weight_K), labels).around(
            np.asarray(weight_K, np.float64)
        )
    labels_N = np.asarray(labels, np.intp)
    none = _unchanged(logits_NK)
    before = float(_losses(logits_NK, labels_N, none).mean(dtype=np.float64))
    kind, loss_N = _better_kind(logits_NK, labels_N)
    fitted = none if kind == "none" else _fit(kind, logits_NK, labels_N)
    return fitted._replace(loss_before=before, loss_after=float(loss_N.mean()))


def calibrated_losses(
    logits_NK: Logits, labels: Sequence[int], weight_K: npt.ArrayLike | None = None
) -> Floats:
    """The cross-entropy of each picture, (N,), whose mean is the `loss_after` of `calibrate`.

    Each fold is calibrated on the others; a handful of pictures is not. Raises as `calibrate` does.
    """
    if weight_K is not None:
        return calibrated_losses(_unweighted(logits_NK, weight_K), labels)
    return _better_kind(logits_NK, np.asarray(labels, np.intp))[1]


def _unchanged(logits_NK: Logits) -> Calibration:
    classes = logits_NK.shape[1]
    return Calibration("none", (1.0,) * classes, (0.0,) * classes, 0.0, 0.0)


def _unweighted(logits_NK: Logits, weight_K: npt.ArrayLike) -> Logits:
    return np.asarray(logits_NK - np.log(np.asarray(weight_K, np.float64)), np.float32)


def _better_kind(logits_NK: Logits, labels_N: Positions) -> tuple[str, Floats]:
    """The scaling that is to be taken, and the losses of pictures that it was not fitted on."""
    n = len(labels_N)
    if n < FEWEST:
        return "none", _losses(logits_NK, labels_N, _unchanged(logits_NK)).astype(np.float64)
    require_scipy(n)
    fold_N = np.random.default_rng(0).permutation(n) % FOLDS
    loss_N = {kind: np.empty(n) for kind in ("temperature", "vector")}
    for in_fold_N in (fold_N == fold for fold in range(FOLDS)):
        for kind, kind_loss_N in loss_N.items():
            fitted = _fit(kind, logits_NK[~in_fold_N], labels_N[~in_fold_N])
            kind_loss_N[in_fold_N] = _losses(logits_NK[in_fold_N], labels_N[in_fold_N], fitted)
    gain_N = loss_N["temperature"] - loss_N["vector"]
    wins = gain_N.mean() > max(WORTH, 2 * gain_N.std() / math.sqrt(n))
    kind = "vector" if wins else "temperature"
    return kind, loss_N[kind]


def uncalibrated(
    calibration: Calibration, p_NK: Probabilities, logits: Callable[[], Logits | None]
) -> Probabilities | None:
    """What calibrated probabilities were before; None where nothing was done to them.

    `logits` gives the calibrated logits, of which those with a scale for each class are in need;
    None where it gives none.
    """
    if calibration.kind == "none":
        return None
    one_for_all = len(set(calibration.scale_K)) == 1
    logits_NK = np.log(np.maximum(p_NK, np.float32(1e-30))) if one_for_all else logits()
    return None if logits_NK is None else softmax(calibration.undone(logits_NK))


def _losses(
    logits_NK: Logits, labels_N: Positions, calibration: Calibration
) -> npt.NDArray[np.floating[Any]]:
    log_p_NK = log_softmax(calibration.applied(logits_NK))
    return np.asarray(-log_p_NK[np.arange(len(labels_N)), labels_N])


def _fit(kind: str, logits_NK: Logits, labels_N: Positions) -> Calibration:
    """Minimise the mean cross-entropy and what is known beforehand, by a truncated Newton method.

    The unknowns are logarithms of scales, one or one a class, and for vector scaling the shifts.
    """
    from scipy.optimize import minimize

    x_NK = logits_NK.astype(np.float64)
    n, k = x_NK.shape
    scales, shifts = (1, 0) if kind == "temperature" else (k, k)
    ridge_U = np.repeat([1 / (2 * PRIOR**2 * n), RIDGE], [scales, shifts])
    every_N = np.arange(n)

    def parts(unknown_U: Floats) -> tuple[Floats, Floats]:
        """The scale and the shift of each class."""
        shift_K = unknown_U[scales:] if shifts else np.zeros(k)
        return np.broadcast_to(np.exp(unknown_U[:scales]), k), shift_K

    def objective(unknown_U: Floats) -> tuple[float, Floats]:
        """What is minimised, and its gradient."""
        scale_K, shift_K = parts(unknown_U)
        scaled_NK = x_NK * scale_K
        log_p_NK = log_softmax(scaled_NK + shift_K)
        off_NK = np.exp(log_p_NK)
        off_NK[every_N, labels_N] -= 1
        by_scale_K, by_shift_K = (off_NK * scaled_NK).sum(0), off_NK.sum(0)
        by_scales = by_scale_K if shifts else by_scale_K.sum(keepdims=True)
        gradient_U = np.concatenate([by_scales, by_shift_K[:shifts]]) / n
        loss = -log_p_NK[every_N, labels_N].mean()
        return float(loss + ridge_U @ unknown_U**2), gradient_U + 2 * ridge_U * unknown_U

    # L-BFGS-B takes as many steps, each of which waits for SciPy's own threads of linear algebra:
    # on a busy machine it took 7 s for 100 classes and 180 pictures, and this 0.8.
    best = minimize(objective, np.zeros(scales + shifts), jac=True, method="TNC", options=PRECISION)
    scale_K, shift_K = parts(best.x)
    return Calibration(kind, tuple(scale_K.tolist()), tuple(shift_K.tolist()), 0.0, 0.0)
