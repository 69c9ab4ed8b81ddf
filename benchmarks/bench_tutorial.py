"""How long does it take to 99.0 % on MNIST, beside the tutorial of Keras?

The tutorial is keras.io's "Simple MNIST convnet": two convolutions, batches of 128, Adam, float32
pictures from 0 to 1, trained until its test accuracy is 99.0 %, at most the 15 epochs it has. Ours
is the default recipe cut to `EPOCHS`, with the engine that is named (tensorflow). Time is that of
training alone; both train on all 60,000 pictures, each in a process of its own.
"""

import json
import os
import subprocess
import sys
import time

import numpy as np
import numpy.typing as npt
from measuring import SHARED, cold_cache, machine

from diptych import engines, read
from diptych.engines.contract import Optimiser
from diptych.images.augmentation import AugmentationPolicy
from diptych.images.decoding import pixel_store
from diptych.networks.initialisation import initial
from diptych.networks.zoo import cnn
from diptych.recipe import Recipe
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import Schedule, learning_rates, predict_rows

EPOCHS, TARGET = 3, 0.99
Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


def mnist() -> tuple[Pixels, Labels, Pixels, Labels]:
    data = read(SHARED / "mnist_train.csv.gz", test=SHARED / "mnist_test.csv.gz")
    store = pixel_store((28, 28, 1))
    parts: list[npt.NDArray[np.generic]] = []
    for wanted in (False, True):
        samples = [sample for sample in data.samples if (sample.part == "test") == wanted]
        parts.append(store.read([sample.digest for sample in samples]))
        parts.append(np.array([int(sample.label) for sample in samples]))
    return tuple(parts)  # type: ignore[return-value]


def ours(engine: str) -> tuple[float, float]:
    """Seconds of training, and the test accuracy after them."""
    pixels, labels, test, expected = mnist()
    recipe = Recipe.for_pixels(len(pixels))
    network = cnn((28, 28, 1), 10, recipe.dropout)
    optimiser = Optimiser(recipe.optimiser, recipe.weight_decay, 1.0)
    built = engines.build(engine, network, initial(network, 0), optimiser, 0)
    policy = AugmentationPolicy(*(getattr(recipe, name) for name in AugmentationPolicy._fields))
    batches = Batches(pixels, one_hot(labels.tolist(), 10), recipe.batch_size, 0, policy)
    schedule = Schedule(EPOCHS, EPOCHS, recipe.learning_rate, recipe.warmup)
    rates, steps = learning_rates(schedule, len(batches)), len(batches)
    started = time.monotonic()
    for epoch in range(EPOCHS):
        built.train(batches.epoch(epoch + 1, rates[epoch * steps : (epoch + 1) * steps]))
    seconds = time.monotonic() - started
    return seconds, float((predict_rows(built, test).argmax(1) == expected).mean())


def tutorial() -> tuple[float, float]:
    """Seconds of training until the target is reached, and the test accuracy then."""
    import keras
    from keras import layers

    pixels, labels, test, expected = mnist()
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    x_train, x_test = pixels.astype("float32") / 255, test.astype("float32") / 255
    y_train = keras.utils.to_categorical(labels, 10)
    seconds = accuracy = 0.0
    for _ in range(15):
        started = time.monotonic()
        network.fit(x_train, y_train, batch_size=128, epochs=1, verbose=0)
        seconds += time.monotonic() - started
        accuracy = float((network.predict(x_test, verbose=0).argmax(1) == expected).mean())
        if accuracy >= TARGET:
            break
    return seconds, accuracy


def main() -> None:
    engine = sys.argv[1] if sys.argv[1:] else "tensorflow"
    with cold_cache() as env:
        os.environ["DIPTYCH_CACHE"] = env["DIPTYCH_CACHE"]
        mnist()  # into the cache
        results = {}
        for way in (engine, "tutorial"):
            command = [sys.executable, __file__, "--run", way]
            done = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True)
            results[way] = json.loads(done.stdout)
            print(f"{way}: {results[way][1]:.2%} after {results[way][0]:.0f} s of training")
    print(
        f"Diptych takes {results[engine][0] / results['tutorial'][0]:.2f} times the tutorial's time"
    )
    print(machine())


if sys.argv[1:2] == ["--run"]:
    print(json.dumps(tutorial() if sys.argv[2] == "tutorial" else ours(sys.argv[2])))
else:
    main()
