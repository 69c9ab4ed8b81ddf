"""From the batches of an epoch to a tf.data pipeline."""

import tensorflow as tf

from diptych.engines.contract import Batch, Epoch
from diptych.engines.tensorflow.augmentation import augment, augmentation_spec
from diptych.networks import Network


def dataset(epoch: Epoch, network: Network) -> tf.data.Dataset:
    """The inputs of each step, after their augmentation, and its targets (N, K)."""
    kind = tf.uint8 if len(network.input) == 3 else tf.float32
    inputs = tf.TensorSpec((None, *network.input), kind)
    targets_NK = tf.TensorSpec((None, network.classes), tf.float32)
    if epoch.augmented:
        spec = Batch(inputs, targets_NK, augmentation_spec(network.input[-1]))
        batches = tf.data.Dataset.from_generator(lambda: iter(epoch), output_signature=spec)
        batches = batches.map(augment_batch, num_parallel_calls=tf.data.AUTOTUNE)
    else:
        batches = tf.data.Dataset.from_generator(
            lambda: (batch[:2] for batch in epoch), output_signature=(inputs, targets_NK)
        )
    return batches.prefetch(2)


def augment_batch(batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
    """What is left of a batch once its pictures are augmented."""
    return augment(batch.inputs, batch.augmentation), batch.targets_NK
