"""Grad-CAM in TensorFlow. N pictures, K classes, C channels of maps of h × w."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers as kl

from diptych.engines.contract import GradCam, Heatmaps, Inputs, Positions
from diptych.engines.tensorflow.weights import model_with_weights
from diptych.images.rows import at_once, in_batches
from diptych.networks import Network, Weights
from diptych.networks.libraries import keras as external
from diptych.system.silence import quiet


def gradcam(network: Network, weights: Weights) -> GradCam:
    """As `engines.gradcam` says."""
    below, above = at_last_map(model_with_weights(network, weights))

    def heatmaps(images_NHWC: Inputs, classes_N: Positions) -> Heatmaps:
        size = at_once(images_NHWC.shape, 64)
        batches = zip(*(in_batches(x, size) for x in (images_NHWC, classes_N)), strict=True)
        # Of grouped convolutions outside of a tf.function it warns, without a reason here.
        with quiet("tensorflow"):
            return np.concatenate([class_maps(below, above, *batch).numpy() for batch in batches])

    return heatmaps


def at_last_map(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """The model up to its last map, and from there to the logits."""
    for i, layer in enumerate(model.layers):
        if isinstance(layer, kl.GlobalAveragePooling2D):
            return keras.Model(model.input, layer.input), keras.Model(layer.input, model.output)
        if isinstance(layer, keras.Model):
            first, last = layer.layers[:-1], model.layers[i + 1 :]
            core = external.core(layer)
            break
    # Squeeze-and-excitation averages too, before the last time.
    *_, average = (part for part in core.layers if isinstance(part, kl.GlobalAveragePooling2D))
    below = keras.Model(core.input, average.input)
    above = keras.Model(average.input, core.output)
    return keras.Sequential([*first, below]), keras.Sequential([above, *last])


def class_maps(below: keras.Model, above: keras.Model, images_NHWC: Any, classes_N: Any) -> Any:
    """The last maps, each weighted by how much the class's logit grows with it: (N, h, w)."""
    maps_NhwC = below(images_NHWC, training=False)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(maps_NhwC)
        logits_NK = above(maps_NhwC, training=False)
        logits_N = tf.gather(logits_NK, classes_N, batch_dims=1)
    slopes_NhwC = tape.gradient(logits_N, maps_NhwC)
    weights_N11C = tf.reduce_mean(slopes_NhwC, (1, 2), keepdims=True)
    return tf.nn.relu(tf.reduce_sum(weights_N11C * maps_NhwC, -1))
