"""Backbones of keras.applications: built, fetched, read from files, trained, exported."""

import contextlib
import hashlib
import logging
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import save_file

from diptych import engines
from diptych.engines.backbone import backbone_graph
from diptych.engines.contract import Engine, Optimiser
from diptych.engines.tensorflow.onnx_export import onnx_graph
from diptych.errors import InputError
from diptych.metrics.probabilities import softmax
from diptych.networks import External, Network, choosing
from diptych.networks.initialisation import initial
from diptych.networks.libraries import keras as external
from diptych.recipe import Recipe
from diptych.runtimes import open_graph
from diptych.training.batches import Batches

# Saving in Keras does what NumPy will one day refuse, and tf2onnx reads it so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIDE = 32
ADAMW = Optimiser("adamw", weight_decay=0.01, backbone_rate=0.1)
SMALLEST = "MobileNetV3Small"


def network(name: str, dropout: float = 0.0) -> Network:
    recipe = Recipe(engine="tensorflow", network=f"keras/{name}", dropout=dropout)
    return choosing.network(recipe, (SIDE, SIDE, 3), 3)


def layer(name: str) -> External:
    actual = network(name).external
    assert actual is not None
    return actual


def built(whole: Network, weights: str = "none") -> Engine:
    recipe = Recipe(engine="tensorflow", network=whole.name, weights=weights)
    begun = {**initial(whole, 0), **choosing.pretrained(whole, recipe)}
    return engines.build("tensorflow", whole, begun, ADAMW, 0)


def pictures(count: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)


def model(name: str, seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return getattr(keras.applications, name)(
        weights=None, include_top=False, pooling="avg", input_shape=(SIDE, SIDE, 3)
    )


@pytest.fixture(scope="module")
def trained() -> tuple[Network, Engine]:
    """A small backbone after an epoch of two steps."""
    whole = network(SMALLEST, dropout=0.2)
    engine = built(whole)
    targets = np.eye(3, dtype=np.float32)[np.arange(6) % 3]
    batches = Batches(pictures(6), targets, size=6, seed=0)
    for number in (1, 2):
        engine.train(batches.epoch(number, [0.001]))
    return whole, engine


def test_the_graph_answers_as_the_network(trained: tuple[Network, Engine]) -> None:
    _, engine = trained
    run = open_graph(engine.export("onnx"))
    for count in (1, 5):
        images = pictures(count)
        np.testing.assert_allclose(run(images), softmax(engine.predict(images)), atol=1e-4)


def test_the_backbone_and_the_head_are_the_whole(trained: tuple[Network, Engine]) -> None:
    whole, engine = trained
    run = open_graph(backbone_graph("tensorflow", whole, engine.weights()))
    own = {name: value for name, value in engine.weights().items() if whole.head.has(name)}
    head = engines.build("linear", whole.head, own, ADAMW, 0)
    images = pictures(4)
    assert run(images).shape == (4, whole.features)
    np.testing.assert_allclose(head.predict(run(images)), engine.predict(images), atol=1e-4)


def test_a_saved_engine_goes_on(trained: tuple[Network, Engine], tmp_path: Path) -> None:
    whole, engine = trained
    engine.save(tmp_path)
    other = built(whole)
    other.load(tmp_path)
    np.testing.assert_allclose(other.predict(pictures(3)), engine.predict(pictures(3)), atol=1e-5)


def test_a_model_that_was_prepared_otherwise_gets_its_own_preparation() -> None:
    """ResNet50 wants blue before red and no scaling, MobileNetV2 wants −1 to 1."""
    grey = np.full((1, SIDE, SIDE, 3), 255, np.uint8)
    grey[..., 0] = 0  # no red
    prepared = {
        name: np.asarray(external.Prepared(name)(grey))[0, 0, 0]
        for name in ("ResNet50", "MobileNetV2")
    }
    # Means of ImageNet in the order blue, green, red (keras/src/applications/imagenet_utils.py).
    caffe = [255 - 103.939, 255 - 116.779, -123.68]
    np.testing.assert_allclose(prepared["ResNet50"], caffe, atol=1e-3)
    np.testing.assert_allclose(prepared["MobileNetV2"], [-1, 1, 1], atol=1e-6)


def test_without_weights_the_seed_decides_where_a_backbone_starts() -> None:
    one, same, other = (
        [v.numpy() for v in external.backbone(layer(SMALLEST), seed=seed).weights]
        for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("ending", [".weights.h5", ".h5", ".safetensors"])
def test_weights_come_from_a_file(ending: str, tmp_path: Path) -> None:
    theirs = model(SMALLEST, seed=5)
    path = tmp_path / f"given{ending}"
    if ending == ".safetensors":
        save_file({n: v.numpy() for n, v in external.variables("backbone", theirs)}, path)
    elif ending == ".h5":
        with contextlib.redirect_stdout(None):
            keras.src.legacy.saving.legacy_h5_format.save_model_to_hdf5(theirs, path)
    else:
        theirs.save_weights(path)
    actual = external.pretrained(layer(SMALLEST), str(path))
    expected = {n: v.numpy() for n, v in external.variables("backbone", theirs)}
    assert actual.keys() == expected.keys()
    assert all(np.array_equal(actual[name], expected[name]) for name in expected)


def test_weights_of_something_else_are_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no weights at all")
    model("MobileNetV2").save_weights(tmp_path / "other.weights.h5")
    save_file({"backbone.0": np.zeros(3, np.float32)}, tmp_path / "few.safetensors")
    for name, complaint in (
        ("absent.h5", "no such file of weights"),
        ("text.h5", f"no weights of keras/{SMALLEST} without its last layer"),
        ("other.weights.h5", f"no weights of keras/{SMALLEST} without its last layer"),
        ("few.safetensors", rf"has no 'backbone\.0' of shape .* it is not of keras/{SMALLEST}"),
    ):
        with pytest.raises(InputError, match=complaint) as refused:
            external.pretrained(layer(SMALLEST), str(tmp_path / name))
        assert "\n" not in str(refused.value)


def test_what_keras_lacks_or_cannot_take_is_said() -> None:
    with pytest.raises(InputError, match="'keras/ResNet5O'; did you mean 'keras/ResNet50'"):
        network("ResNet5O")
    recipe = Recipe(engine="tensorflow", network="keras/ResNet50")
    with pytest.raises(InputError, match="needs square colour pictures"):
        choosing.network(recipe, (28, 28, 1), 2)
    with pytest.raises(
        InputError, match=r"keras/Xception cannot take 32 × 32 pixels \("
    ) as refused:
        choosing.network(recipe.replace(network="keras/Xception", image_size=SIDE), (32, 32, 3), 3)
    assert str(refused.value).endswith("; --set image_size=299")
    with pytest.raises(InputError, match="; choose another network"):
        network("Xception")
    with pytest.raises(InputError, match="only the engine tensorflow has it; there is no twin"):
        choosing.network(recipe.replace(engine="torch"), (SIDE, SIDE, 3), 2)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stand-in for Keras' storage with one file, under the name that the library asks for."""
    file = tmp_path_factory.mktemp("storage") / "offered.h5"
    keras.src.legacy.saving.legacy_h5_format.save_model_to_hdf5(model("ResNet50", seed=7), file)
    data = file.read_bytes()
    name = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"

    class Storage(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            actual = self.path == f"/resnet/{name}"
            self.send_response(200 if actual else 404)
            self.send_header("Content-Length", str(len(data) if actual else 0))
            self.end_headers()
            if actual:
                self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    library = sys.modules["keras.src.applications.resnet"]
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Storage) as server,
        pytest.MonkeyPatch.context() as p,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/resnet/"
        p.setattr(library, "BASE_WEIGHTS_PATH", address)
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        p.setattr(
            library, "WEIGHTS_HASHES", {"resnet50": ("", digest), "resnet101": ("", "0" * 32)}
        )
        home = str(tmp_path_factory.mktemp("home"))
        p.setattr("keras.src.utils.file_utils.config.keras_home", lambda: home)
        yield address
        server.shutdown()


@pytest.mark.usefixtures("storage")
def test_pretrained_weights_come_from_the_storage_of_keras() -> None:
    actual = external.pretrained(layer("ResNet50"), "pretrained")
    expected = {n: v.numpy() for n, v in external.variables("backbone", model("ResNet50", seed=7))}
    assert actual.keys() == expected.keys()
    assert all(np.array_equal(actual[name], expected[name]) for name in expected)


@pytest.mark.usefixtures("storage")
def test_a_storage_out_of_reach_is_told_in_a_line_with_the_way_out() -> None:
    with pytest.raises(InputError, match="keras/ResNet101 cannot be fetched") as refused:
        external.pretrained(layer("ResNet101"), "pretrained")
    assert "give a file with --weights FILE" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_model_whose_features_are_no_numbers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    external._width.cache_clear()
    monkeypatch.setattr(external, "backbone", lambda layer: lambda images: np.full((1, 8), np.nan))
    with pytest.raises(InputError, match=r"no finite numbers\); choose another"):
        network(SMALLEST)


def test_a_look_at_grouped_convolutions_says_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("tensorflow"), "propagate", True)
    grouped = [keras.layers.Conv2D(2, 1, groups=2) for _ in range(7)]
    first, last = keras.layers.Conv2D(2, 1), keras.layers.GlobalAveragePooling2D()
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), first, *grouped, last])
    monkeypatch.setattr(external, "backbone", lambda layer: model)
    assert external._width(External("backbone", "keras", "grouped", SIDE, 0)) == 2
    assert "retracing" not in caplog.text


@pytest.mark.parametrize(
    "layer",
    [keras.layers.Activation("gelu"), keras.layers.Conv2D(6, 3, groups=3, padding="same")],
    ids=["gelu", "grouped"],
)
def test_what_tf2onnx_alone_cannot_write_becomes_a_graph(layer: keras.layers.Layer) -> None:
    """ConvNeXt has both: erfc(x), which ONNX lacks, and convolutions that Keras has compiled."""
    images = keras.Input((8, 8, 3), dtype="uint8", name="images")
    maps = layer(keras.layers.Rescaling(1 / 20, -6)(images))
    model = keras.Model(images, keras.layers.GlobalAveragePooling2D()(maps))
    pixels = pictures(5)[:, :8, :8]
    run = open_graph(onnx_graph(model))
    np.testing.assert_allclose(run(pixels), model.predict_on_batch(pixels), atol=1e-5)


def test_a_model_that_tf2onnx_cannot_write_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import tf2onnx

    def failing(*args: Any, **settings: Any) -> None:
        raise KeyError("a rewriting of the graph\nended here")

    monkeypatch.setattr(tf2onnx.convert, "from_graph_def", failing)
    with pytest.raises(InputError, match="no ONNX graph can be made of this network") as refused:
        built(network(SMALLEST)).export("onnx")
    assert "\n" not in str(refused.value)
