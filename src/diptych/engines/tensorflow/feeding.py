"""From the batches of an epoch to a tf.data pipeline."""

from collections.abc import Iterator

import tensorflow as tf

from diptych.engines.contract import Epoch, Inputs, Targets
from diptych.engines.tensorflow.augmentation import augment, augmentation_spec
from diptych.images.augmentation import Augmentation
from diptych.networks import Network


class Feed:
    """One epoch after another through one pipeline: TensorFlow traces it when it is built."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._datasets: dict[bool, tf.data.Dataset] = {}

    def dataset(self, epoch: Epoch) -> tf.data.Dataset:
        """The inputs of each step, after their augmentation, and its targets (N, K)."""
        self._epoch = epoch
        if epoch.augmented not in self._datasets:
            build = self._augmented if epoch.augmented else self._plain
            self._datasets[epoch.augmented] = build().prefetch(2)
        return self._datasets[epoch.augmented]

    def _augmented(self) -> tf.data.Dataset:
        spec = (*self._specs(), augmentation_spec(self.network.input[-1]))
        batches = tf.data.Dataset.from_generator(self._steps, output_signature=spec)
        return batches.map(augmented, num_parallel_calls=tf.data.AUTOTUNE)

    def _plain(self) -> tf.data.Dataset:
        return tf.data.Dataset.from_generator(
            lambda: (step[:2] for step in self._steps()),
            output_signature=self._specs(),
        )

    def _specs(self) -> tuple[tf.TensorSpec, tf.TensorSpec]:
        """Of the inputs and the targets of a batch, the last of which may be smaller."""
        kind = tf.uint8 if len(self.network.input) == 3 else tf.float32
        return (
            tf.TensorSpec((None, *self.network.input), kind),
            tf.TensorSpec((None, self.network.classes), tf.float32),
        )

    def _steps(self) -> Iterator[tuple[Inputs, Targets, Augmentation | None]]:
        for rows, targets_NK, augmentation in self._epoch:
            yield self._epoch.inputs[rows], targets_NK, augmentation


def augmented(
    inputs: tf.Tensor, targets_NK: tf.Tensor, augmentation: Augmentation
) -> tuple[tf.Tensor, tf.Tensor]:
    """What is left of a step's inputs once they are augmented."""
    return augment(inputs, augmentation), targets_NK
