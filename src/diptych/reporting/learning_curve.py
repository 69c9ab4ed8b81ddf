"""Would more pictures help? Accuracy against the share of the training pictures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics import Score, share
from diptych.metrics.probabilities import softmax

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
DRAWS = 3  # of each share but the last; what is shown is their mean
WORTH = 0.01  # a gain in accuracy that is worth a word
# Of more training pictures there is no curve: their features would have to be in memory.
MOST = 20_000
# Newton-like steps of the classifier that is fitted to each share, and how much it is held back.
STEPS, RIDGE = 60, 1e-3

Floats = npt.NDArray[np.float32]


class LearningCurve(NamedTuple):
    """The accuracy of a linear classifier on the features, for shares of the training pictures."""

    counts: tuple[int, ...]  # training pictures
    scores: tuple[Score, ...]  # on the validation pictures

    @property
    def with_twice(self) -> float:
        """The accuracy that twice as many pictures would bring, if errors go on as they went.

        A power law through the errors (Hestness et al., "Deep Learning Scaling is Predictable,
        Empirically", 2017).
        """
        errors = np.maximum([1 - score.value for score in self.scores], 1e-3)
        x, y = np.log(self.counts), np.log(errors)
        x, y = x - x.mean(), y - y.mean()
        falls = x @ y / max(x @ x, 1e-9)  # of so few pictures all shares may be the same
        return float(1 - errors[-1] * 2 ** min(falls, 0.0))

    @property
    def helps(self) -> bool:
        """Whether twice as many pictures would bring more than the test leaves open."""
        now = self.scores[-1]
        return self.with_twice - now.value >= max(0.25 * (now.high - now.low), WORTH)

    def __str__(self) -> str:
        gain = f"from {100 * self.scores[-1].value:.1f} % to about {100 * self.with_twice:.1f} %"
        helps = "likely" if self.helps else "hardly"
        return f"Twice as many pictures would {helps} help ({gain})."


def learning_curve(
    train_ND: Floats,
    labels: Sequence[int],
    valid_ND: Floats,
    valid_labels: Sequence[int],
) -> LearningCurve:
    """Fit a linear classifier to growing shares of the training pictures' features."""
    label_N, valid_N = np.asarray(labels, np.intp), np.asarray(valid_labels, np.intp)
    classes = int(max(label_N.max(), valid_N.max())) + 1
    middle, spread = train_ND.mean(0), train_ND.std() + 1e-6
    x_ND, valid_x_ND = (train_ND - middle) / spread, (valid_ND - middle) / spread
    rng = np.random.default_rng(0)
    counts, scores = [], []
    for part in SHARES:
        count = max(round(part * len(x_ND)), classes)
        right = []
        for _ in range(DRAWS if part < 1 else 1):
            sample = rng.permutation(len(x_ND))[:count]
            p_NK = _softmax_regression(x_ND[sample], label_N[sample], valid_x_ND, classes)
            right.append(int((p_NK.argmax(1) == valid_N).sum()))
        counts.append(count)
        scores.append(share(float(np.mean(right)), len(valid_N)))
    return LearningCurve(tuple(counts), tuple(scores))


def _softmax_regression(
    x_ND: Floats, label_N: npt.NDArray[np.intp], new_ND: Floats, classes: int
) -> Floats:
    """What softmax regression, fitted by accelerated gradient descent, says of new pictures."""
    y_NK = np.eye(classes, dtype=np.float32)[label_N]
    # The largest curvature of the loss is at most half the largest eigenvalue of the scatter.
    step = 1 / (0.5 * _largest(x_ND) + RIDGE)
    kernel: Floats = np.zeros((x_ND.shape[1], classes), np.float32)
    before = kernel
    for t in range(STEPS):
        ahead = kernel + t / (t + 3) * (kernel - before)
        gradient = x_ND.T @ (softmax(x_ND @ ahead) - y_NK) / len(x_ND) + RIDGE * ahead
        kernel, before = np.asarray(ahead - step * gradient, np.float32), kernel
    return softmax(new_ND @ kernel)


def _largest(x_ND: Floats) -> float:
    """The largest eigenvalue of the scatter XᵀX/N, by power iteration; a little more to be safe."""
    direction_D: Floats = np.ones(x_ND.shape[1], np.float32)
    direction_D += np.random.default_rng(0).random(x_ND.shape[1], np.float32)
    for _ in range(30):
        direction_D = x_ND.T @ (x_ND @ direction_D)
        direction_D /= np.linalg.norm(direction_D) + 1e-12
    return 1.1 * float(((x_ND @ direction_D) ** 2).mean())
