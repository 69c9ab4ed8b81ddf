"""The loss, and that of each step of `fit()`, which by itself tells only their mean."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from diptych.engines.contract import StepLosses


def weighted_cross_entropy(targets_NK: Any, logits_NK: Any) -> Any:
    """Cross-entropy (N,) with targets whose sum is what a picture counts.

    TensorFlow takes targets for probabilities: of others its loss is right, its gradient wrong.
    """
    weight_N1 = tf.maximum(tf.reduce_sum(targets_NK, axis=1, keepdims=True), 1e-12)
    loss_N = keras.losses.categorical_crossentropy(
        targets_NK / weight_N1, logits_NK, from_logits=True
    )
    return loss_N * weight_N1[:, 0]


class LossOfEachStep(keras.metrics.Metric):  # type: ignore[misc]
    """The cross-entropy of each step, the mean over its pictures, since `fit()` began."""

    def __init__(self) -> None:
        super().__init__(name="loss_of_each_step")
        self.losses_S = tf.Variable(tf.zeros(0), shape=(None,), trainable=False)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take note of a step's."""
        logits_NK = tf.cast(y_pred, tf.float32)
        loss_N = keras.losses.categorical_crossentropy(y_true, logits_NK, from_logits=True)
        self.losses_S.assign(tf.concat([self.losses_S, [tf.reduce_mean(loss_N)]], 0))

    def result(self) -> Any:
        """That of the last step."""
        return self.losses_S[-1]

    def reset_state(self) -> None:
        """Forget them: `fit()` begins."""
        self.losses_S.assign(tf.zeros(0))

    def of_each_step(self) -> StepLosses:
        """All of them, (S,)."""
        return np.asarray(self.losses_S.numpy())
