"""The tutorial "Transfer learning and fine-tuning" of tensorflow.org, with Diptych's backbone.

Usage: keras_fine_tune.py TRAIN TEST --seconds 60

TRAIN and TEST are folders of two class folders. As in the tutorial: 160 pixels, batches of 32,
pictures mirrored and turned, a frozen base under an average, dropout and a dense layer, Adam at
1e-4; then the last 54 of each 154 layers of the base learn too, by RMSprop at 1e-5. The seconds are
those of processors, imports included; half of what is left of them after the imports is for the
frozen base, and an epoch that has begun is finished, so there is one of each at least. Answers to
TEST do not count. All of TRAIN is learned from: the tutorial only looks at validation pictures.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from diptych.engines.tensorflow.layers import model_of_network
from diptych.engines.tensorflow.weights import put_weights
from diptych.networks.libraries.tensorflow import keras
from diptych.networks.pretrained import carried
from diptych.networks.zoo import efficientnet_lite0

IMG_SIZE = (160, 160)
BASE_LEARNING_RATE = 0.0001
FINE_TUNE_FROM = 100 / 154  # of the layers of the tutorial's MobileNetV2


class UntilLate(keras.callbacks.Callback):  # type: ignore[misc]
    """End after the epoch in which so many seconds of processors were used, and count epochs."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.epochs = seconds, 0

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.epochs += 1
        self.model.stop_training = time.process_time() >= self.seconds


def base_of_tutorial() -> keras.Model:
    """The backbone and the average of its maps, with weights of ImageNet."""
    network = efficientnet_lite0((*IMG_SIZE, 3), 2).backbone
    base = model_of_network(network, pixels="float32")
    put_weights(base, network, carried(efficientnet_lite0((*IMG_SIZE, 3), 2), "tensorflow"))
    return base


def fine_tune(train: tf.data.Dataset, seconds: float) -> tuple[keras.Model, list[int]]:
    """The tutorial's two phases; the model, and the epochs of each."""
    base_model = base_of_tutorial()
    base_model.trainable = False
    data_augmentation = keras.Sequential(
        [keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.2)]
    )
    inputs = keras.Input(shape=(*IMG_SIZE, 3))
    x = data_augmentation(inputs)
    x = base_model(x, training=False)
    x = keras.layers.Dropout(0.2)(x)
    outputs = keras.layers.Dense(1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs)
    half = (time.process_time() + seconds) / 2
    epochs = []
    for optimizer, until in (
        (keras.optimizers.Adam(learning_rate=BASE_LEARNING_RATE), half),
        (keras.optimizers.RMSprop(learning_rate=BASE_LEARNING_RATE / 10), seconds),
    ):
        model.compile(
            optimizer=optimizer,
            loss=keras.losses.BinaryCrossentropy(),
            metrics=[keras.metrics.BinaryAccuracy(threshold=0.5, name="accuracy")],
        )
        watch = UntilLate(until)
        model.fit(train, epochs=1_000_000, callbacks=[watch], verbose=0)
        epochs.append(watch.epochs)
        base_model.trainable = True
        for layer in base_model.layers[: round(FINE_TUNE_FROM * len(base_model.layers))]:
            layer.trainable = False
    return model, epochs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    pictures = {"image_size": IMG_SIZE, "batch_size": 32, "verbose": False}
    train = keras.utils.image_dataset_from_directory(options.train, shuffle=True, **pictures)
    test = keras.utils.image_dataset_from_directory(options.test, shuffle=False, **pictures)
    model, epochs = fine_tune(train.prefetch(tf.data.AUTOTUNE), options.seconds)
    used = time.process_time()
    labels_N = np.concatenate([labels for _, labels in test])
    right_N = (model.predict(test, verbose=0)[:, 0] > 0.5) == (labels_N > 0.5)
    row = {
        "accuracy": float(right_N.mean()),
        "processor_seconds": used,
        "epochs": epochs,
        "right": "".join(str(int(right)) for right in right_N),
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
