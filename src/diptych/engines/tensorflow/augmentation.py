"""Augmentation (see `images.augmentation`) in TensorFlow, as a step of a tf.data pipeline."""

from typing import Any

import numpy as np
import tensorflow as tf

from diptych.images.augmentation import GREY, Augmentation, Floats
from diptych.images.preprocess import Pixels


def augmentation_spec(channels: int) -> Augmentation:
    """The shapes and types of an augmentation, for tf.data."""
    return Augmentation(
        tf.TensorSpec((None, 2, 3), tf.float32),
        tf.TensorSpec((None, channels, channels + 1), tf.float32),
        tf.TensorSpec((None, 4), tf.int32),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((None,), tf.float32),
        tf.TensorSpec((None, 4), tf.int32),
    )


@tf.function  # type: ignore[untyped-decorator]  # each epoch has a pipeline, and need not trace it
def augment(pixels_NHWC: Any, augmentation: Augmentation) -> Any:
    """uint8 pictures (N, H, W, C) after their augmentation: float32 levels of the same shape."""
    x_NHWC = warp(tf.cast(pixels_NHWC, tf.float32), augmentation.affine_N23)
    x_NHWC = tf.einsum("nkc,nhwc->nhwk", augmentation.colour_NCD[:, :, :-1], x_NHWC)
    x_NHWC = tf.clip_by_value(x_NHWC + augmentation.colour_NCD[:, None, None, :, -1], 0.0, 255.0)
    x_NHWC = tf.where(in_boxes(augmentation.erased_N4, x_NHWC), GREY, x_NHWC)
    partner_NHWC = tf.gather(x_NHWC, augmentation.partner_N)
    share = tf.reshape(tf.convert_to_tensor(augmentation.share_N), (-1, 1, 1, 1))
    x_NHWC = x_NHWC + share * (partner_NHWC - x_NHWC)
    return tf.where(in_boxes(augmentation.patch_N4, x_NHWC), partner_NHWC, x_NHWC)


def augmented_array(pixels_NHWC: Pixels, augmentation: Augmentation) -> Floats:
    """The same of an array."""
    return np.asarray(augment(tf.constant(pixels_NHWC), augmentation).numpy())


def warp(x_NHWC: Any, affine_N23: Any) -> Any:
    """Each picture seen through its map from output to input pixels, bilinearly."""
    height, width = x_NHWC.shape[1:3]
    affine_N23 = tf.convert_to_tensor(affine_N23)
    # The operator counts pixels from the corner, an augmentation from the centre.
    centre_2 = tf.constant([(width - 1) / 2, (height - 1) / 2], tf.float32)
    linear_N22, shift_N2 = affine_N23[:, :, :2], affine_N23[:, :, 2]
    offset_N2 = shift_N2 + centre_2 - tf.linalg.matvec(linear_N22, centre_2)
    rows_N23 = tf.concat([linear_N22, offset_N2[:, :, None]], 2)
    transforms_N8 = tf.pad(tf.reshape(rows_N23, (-1, 6)), [[0, 0], [0, 2]])
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=x_NHWC,
        transforms=transforms_N8,
        output_shape=(height, width),
        interpolation="BILINEAR",
        fill_mode="NEAREST",
        fill_value=np.float32(0),
    )


def in_boxes(boxes_N4: Any, x_NHWC: Any) -> Any:
    """Whether each pixel (N, H, W, 1) lies in its picture's box."""
    height, width = x_NHWC.shape[1:3]
    boxes = tf.reshape(tf.convert_to_tensor(boxes_N4), (-1, 4, 1, 1, 1))
    rows, columns = tf.range(height)[:, None, None], tf.range(width)[:, None]
    across = (columns >= boxes[:, 1]) & (columns < boxes[:, 3])
    return (rows >= boxes[:, 0]) & (rows < boxes[:, 2]) & across
