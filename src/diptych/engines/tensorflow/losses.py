"""The loss of each step of `fit()`, which by itself tells only their mean."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from diptych.engines.contract import StepLosses


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
