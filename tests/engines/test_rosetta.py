"""A network trained in one framework goes on in the other."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from diptych import ImageClassifier, Recipe, audit, clean, engines, load, read, split
from diptych.bundles.predictor import Predictor
from diptych.data.dataset import Dataset
from diptych.engines.contract import Optimiser
from diptych.errors import InputError
from diptych.images.decoding import pixel_store
from diptych.metrics.probabilities import softmax
from diptych.networks import choosing
from diptych.networks.initialisation import initial
from diptych.training.batches import Batches

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = Recipe(network="cnn", weights="none", image_size=24, epochs=2, batch_size=8)


def trained(root: Path, recipe: Recipe, out: Path) -> tuple[Predictor, Dataset]:
    """A bundle, and the data set that it was made of."""
    data = read(root)
    parts = split(clean(data, audit(data, size=recipe.image_size)))
    classifier = ImageClassifier(recipe).fit(parts.train, parts.valid)
    return load(classifier.evaluate(parts.test).save(out)), parts.train


def pixels_of(dataset: Dataset, size: int) -> tuple[np.ndarray, np.ndarray]:
    store = pixel_store((size, size, 3))
    pixels = store.read([sample.digest for sample in dataset.samples])
    return pixels, np.array(dataset.targets())


def torch_answers(module: Any, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return softmax(module.eval()(torch.from_numpy(pixels.copy())).numpy())


@pytest.mark.parametrize("engine", ["torch", "tensorflow"])
def test_both_frameworks_answer_as_the_bundle(
    engine: str, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = SMALL.replace(engine=engine)
    predictor, dataset = trained(folder_of(16, side=24), recipe, tmp_path / "a.bundle")
    pixels, _ = pixels_of(dataset, 24)
    expected = predictor.probabilities(pixels)
    np.testing.assert_allclose(torch_answers(predictor.to_torch(), pixels), expected, atol=1e-4)
    keras_answers = softmax(predictor.to_keras().predict(pixels, verbose=0))
    np.testing.assert_allclose(keras_answers, expected, atol=1e-4)


# Keras' own saving does what NumPy will one day refuse.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_network_of_pytorch_is_evaluated_and_trained_on_in_keras(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    predictor, dataset = trained(folder_of(16, side=24), SMALL, tmp_path / "a.bundle")
    pixels, labels = pixels_of(dataset, 24)
    model = predictor.to_keras()
    loss, accuracy = model.evaluate(pixels, labels, verbose=0)
    answers = predictor.probabilities(pixels)
    assert accuracy == pytest.approx((answers.argmax(1) == labels).mean(), abs=1e-6)
    assert loss == pytest.approx(-np.log(answers[range(len(labels)), labels]).mean(), abs=1e-3)
    history = model.fit(pixels, labels, epochs=6, batch_size=8, verbose=0).history
    assert history["loss"][-1] < loss
    model.save(tmp_path / "whole.keras")
    import keras

    again = keras.saving.load_model(tmp_path / "whole.keras")
    np.testing.assert_allclose(
        again.predict(pixels, verbose=0), model.predict(pixels, verbose=0), atol=1e-5
    )


def test_a_network_of_keras_is_trained_on_in_pytorch(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = SMALL.replace(engine="tensorflow")
    predictor, dataset = trained(folder_of(16, side=24), recipe, tmp_path / "a.bundle")
    pixels, labels = (torch.from_numpy(array.copy()) for array in pixels_of(dataset, 24))
    module = predictor.to_torch().train()
    optimiser = torch.optim.Adam(module.parameters(), lr=0.001)
    losses = []
    for _ in range(8):
        loss = torch.nn.functional.cross_entropy(module(pixels), labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_a_bundle_is_where_another_framework_starts(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root = folder_of(16, side=24)
    first, _ = trained(root, SMALL, tmp_path / "a.bundle")
    weights = str(first.bundle.path / "model.safetensors")
    recipe = SMALL.replace(engine="tensorflow", weights=weights, train="head", epochs=20)
    second, _ = trained(root, recipe, tmp_path / "b.bundle")
    before, after = (one.to_torch().state_dict() for one in (first, second))
    kept = [name for name in before if not name.startswith("classifier")]
    assert all(torch.equal(before[name], after[name]) for name in kept)
    assert not torch.equal(before["classifier.weight"], after["classifier.weight"])


@pytest.mark.parametrize("name", ["resnet", "resnet18", "vgg11"])
def test_deeper_networks_answer_and_learn_alike_in_both(name: str) -> None:
    recipe = Recipe(network=name, optimiser="sgd", learning_rate=0.01)
    network = choosing.network(recipe, (36, 36, 3), 2)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (16, 36, 36, 3), np.uint8)
    targets = np.eye(2, dtype=np.float32)[rng.integers(0, 2, 16)]
    weights, answers = {}, {}
    for engine in ("torch", "tensorflow"):
        optimiser = Optimiser("sgd", 0.0, 1.0)
        one = engines.build(engine, network, initial(network, 0), optimiser, 0)
        epoch = Batches(pixels, targets, 8, 0).epoch(1, [0.001, 0.001])
        before = one.predict(pixels)
        one.train(epoch)
        weights[engine], answers[engine] = one.weights(), (before, one.predict(pixels))
    np.testing.assert_allclose(answers["torch"][0], answers["tensorflow"][0], atol=1e-4)
    assert weights["torch"].keys() == weights["tensorflow"].keys()
    # In training, both compute in bfloat16 where the processor has it.
    np.testing.assert_allclose(answers["torch"][1], answers["tensorflow"][1], atol=0.05)
    assert np.abs(answers["torch"][0] - answers["torch"][1]).max() > 0.001


def test_networks_of_a_library_have_no_twin(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    root = folder_of(8, side=24)
    recipe = SMALL.replace(network="timm/test_resnet", image_size=32, epochs=1)
    predictor, dataset = trained(root, recipe, tmp_path / "a.bundle")
    pixels, _ = pixels_of(dataset, 32)
    answers = torch_answers(predictor.to_torch(), pixels)
    np.testing.assert_allclose(answers, predictor.probabilities(pixels), atol=1e-4)
    with pytest.raises(InputError, match="only the engine torch has it; there is no twin of it"):
        predictor.to_keras()


@pytest.mark.realdata
@pytest.mark.parametrize("engine", ["torch", "tensorflow"])
def test_real_photographs_are_answered_alike_in_both(
    engine: str, real: Path, tmp_path: Path
) -> None:
    for label in ("pizza", "not_pizza"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for file in sorted((real / "photos" / label).glob("*.jpg"))[:16]:
            shutil.copy(file, tmp_path / "photos" / label)
    recipe = Recipe(engine=engine, image_size=224, epochs=10)
    predictor, dataset = trained(tmp_path / "photos", recipe, tmp_path / "a.bundle")
    pixels, _ = pixels_of(dataset, 224)
    expected = predictor.probabilities(pixels)
    assert expected.std() > 0.1
    np.testing.assert_allclose(torch_answers(predictor.to_torch(), pixels), expected, atol=1e-4)
    actual = softmax(predictor.to_keras().predict(pixels, batch_size=8, verbose=0))
    np.testing.assert_allclose(actual, expected, atol=1e-4)
