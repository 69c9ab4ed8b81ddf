"""int8 and bf16, by each format's own tool in a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import save_file

from diptych.errors import DiptychError, GateError, InputError, MissingExtra
from diptych.exporting.formats import FORMATS
from diptych.exporting.pictures import Pictures, ValidationPictures
from diptych.exporting.quantization import LighterFile, make_lighter
from diptych.exporting.quantization import nncf as by_nncf
from diptych.exporting.quantization.contract import Files
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES
from diptych.graphs.writer import onnx_graph, with_metadata
from diptych.networks import Network, Weights
from diptych.networks.initialisation import initial
from diptych.networks.zoo import cnn, linear
from diptych.reliability.ood import OodDetector
from diptych.reliability.ood_graph import with_ood_score
from diptych.runtimes import open_graph, open_outputs

Array = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

NETWORK = cnn((32, 32, 3), 3, 0.0)
# A layer's outputs are the inputs of the next: in int8 both need them in one scale.
CONVOLUTIONS = ("stem", "stage1a", "stage1b", "stage2a", "stage2b", "stage3a", "stage3b")
HUGE = 3000.0


def drawn(seed: int, count: int = 90) -> tuple[Pixels, list[int]]:
    """Noisy pictures of three colours, and which."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    colour_N3 = np.array([[190, 70, 60], [60, 70, 190], [60, 180, 70]])[labels]
    coarse = rng.integers(-60, 60, (count, 8, 8, 3)).repeat(4, 1).repeat(4, 2)
    pixels = colour_N3[:, None, None] + coarse
    return pixels.clip(0, 255).astype(np.uint8), labels.tolist()


@pytest.fixture(scope="module")
def weights() -> dict[str, Array]:
    """A network that tells the colours: random convolutions, and a head by least squares."""
    start = initial(NETWORK, 0)
    backbone = open_graph(onnx_graph(NETWORK.backbone, start, probabilities=False))
    images, labels = drawn(1, 300)
    seen_ND = backbone(images).astype(np.float64)
    middle_D, spread = seen_ND.mean(0), seen_ND.std()
    x_ND = (seen_ND - middle_D) / spread
    wanted_NK = 6.0 * np.eye(3)[labels]
    kernel_DK = np.linalg.solve(x_ND.T @ x_ND + np.eye(x_ND.shape[1]), x_ND.T @ wanted_NK)
    kernel_KD = kernel_DK.T / spread
    head = {"classifier.weight": kernel_KD, "classifier.bias": -kernel_KD @ middle_D}
    return {**start, **{name: value.astype(np.float32) for name, value in head.items()}}


def stretched(weights: Weights, *names: str) -> dict[str, Array]:
    """The same function, with a channel of these layers huge, and that of the next small."""
    changed = {name: value.copy() for name, value in weights.items()}
    for name in names:
        following = CONVOLUTIONS[CONVOLUTIONS.index(name) + 1]
        for part in ("weight", "bias"):
            # The bias keeps the channel from being one that is never active.
            changed[f"{name}.norm.{part}"][0] = HUGE * (changed[f"{name}.norm.{part}"][0] + 0.1)
        before = weights[f"{name}.norm.weight"][0]
        assert before == 1
        changed[f"{following}.conv.weight"][:, 0] /= HUGE
    return changed


def graph(network: Network, weights: Weights) -> bytes:
    """A network's graph with OOD score: half of what the unlikeliest answer would have."""
    score = OodDetector("probability", 0.95, {}, (2 / 3,), {})
    return with_ood_score(onnx_graph(network, weights), score)


def as_onnx(weights: Weights, folder: Path) -> Files:
    return {".onnx": graph(NETWORK, weights)}


def as_openvino(weights: Weights, folder: Path) -> Files:
    import openvino

    model = openvino.Core().read_model(graph(NETWORK, weights))
    model.set_rt_info("red, blue, green", ["diptych", "classes"])
    openvino.save_model(model, folder / "a.xml", compress_to_fp16=False)
    return {ending: (folder / f"a{ending}").read_bytes() for ending in (".xml", ".bin")}


CONVERT = """
import sys
from safetensors.numpy import load_file
from diptych.engines import tensorflow as engine
from diptych.engines.tensorflow.layers import model_of_network
from diptych.engines.tensorflow.weights import set_weights
from diptych.networks.zoo import cnn
import keras, tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

built = model_of_network(cnn((32, 32, 3), 3, 0.0))
set_weights(built, load_file(sys.argv[1]))

@tf.function(input_signature=[tf.TensorSpec((None, 32, 32, 3), tf.uint8, name="images")])
def answer(images):
    p = keras.ops.softmax(built(images))
    return p, (1 - keras.ops.max(p, axis=1)) * 1.5

frozen = convert_variables_to_constants_v2(answer.get_concrete_function())
module = tf.Module()

@tf.function(input_signature=[tf.TensorSpec((None, 32, 32, 3), tf.uint8, name="images")])
def named(images):
    return dict(zip(("probabilities", "ood_score"), frozen(images)))

module.named = named
tf.saved_model.save(module, sys.argv[2], signatures={"serving_default": named})
converter = tf.lite.TFLiteConverter.from_saved_model(sys.argv[2])
open(sys.argv[3], "wb").write(converter.convert())
"""


def as_litert(weights: Weights, folder: Path) -> Files:
    save_file(dict(weights), folder / "weights.safetensors")
    paths = [folder / name for name in ("weights.safetensors", "saved", "a.tflite")]
    run = subprocess.run(
        [sys.executable, "-c", CONVERT, *map(str, paths)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return {".tflite": paths[-1].read_bytes()}


class Subject(NamedTuple):
    format: str
    write: Callable[[Weights, Path], Files]


SUBJECTS = [
    Subject("onnx", as_onnx),
    Subject("openvino", as_openvino),
    Subject("litert", as_litert),
]
every_format = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.format)
BF16 = SUBJECTS[:2]


def pictures() -> Pictures:
    images, labels = drawn(3)
    groups = [str(i) for i in range(len(labels))]
    return Pictures(ValidationPictures((), images, np.array(labels), groups), drawn(2, 60)[0])


def lighter(format: str, files: Files, kind: str = "int8") -> tuple[LighterFile, list[str]]:
    """A lighter file, and what was told on the way."""
    lines: list[str] = []
    return make_lighter(FORMATS[format], kind, files, pictures(), log=lines.append), lines


def outputs(format: str, files: Files, images: Pixels) -> Mapping[str, Array]:
    """What a file answers, by its own runtime."""
    if format == "onnx":
        both = open_outputs(files[".onnx"])(images)
        return dict(zip((PROBABILITIES, OOD_SCORE), both, strict=True))
    if format == "openvino":
        import openvino

        core = openvino.Core()
        model = core.read_model(files[".xml"], files[".bin"])
        run = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        results = run(images)
        return {name: np.array(results[name]) for name in (PROBABILITIES, OOD_SCORE)}
    from ai_edge_litert.interpreter import Interpreter

    signature = Interpreter(model_content=files[".tflite"]).get_signature_runner()
    return {name: np.array(value) for name, value in signature(images=images).items()}


def accuracy(format: str, files: Files) -> float:
    images, labels = drawn(3)
    return float((outputs(format, files, images)["probabilities"].argmax(1) == labels).mean())


@every_format
def test_a_layer_that_int8_ruins_stays_in_float_and_the_file_is_saved(
    subject: Subject, weights: dict[str, Array], tmp_path: Path
) -> None:
    format = subject.format
    files = subject.write(stretched(weights, "stage1b"), tmp_path)
    assert accuracy(format, files) > 0.95
    result, lines = lighter(format, files)
    assert lines[0].startswith("0 of 7 layers in float: accuracy ")
    assert float(lines[0].split("accuracy ")[1].split(" %")[0]) < 60
    assert accuracy(format, result.files) > 0.95
    assert 1 <= len(result.float_layers) <= 2
    assert str(result).endswith(f"; {len(result.float_layers)} of 7 layers in float")
    assert sum(map(len, result.files.values())) < 0.5 * sum(map(len, files.values()))
    images, labels = drawn(3)
    for count in (1, 7, 32):
        batch = outputs(format, result.files, images[:count])
        assert batch["ood_score"].shape == (count,)
        assert batch["probabilities"].argmax(1).tolist() == labels[:count]
    if subject not in BF16:
        with pytest.raises(InputError, match="LiteRT has no bfloat16; export onnx or openvino"):
            lighter(format, files, "bf16")


def test_a_network_that_int8_ruins_everywhere_is_refused(weights: dict[str, Array]) -> None:
    ruined = stretched(weights, *CONVOLUTIONS[:-1])
    files = {".onnx": graph(NETWORK, ruined)}
    assert accuracy("onnx", files) > 0.95
    with pytest.raises(
        GateError,
        match=r"in int8, accuracy drops by \d+\.\d points \(.*\), and 0\.5 are allowed, "
        r"even with 2 of 7 layers in float; nothing was written",
    ):
        lighter("onnx", files)


def test_every_convolution_is_in_int8_and_neither_head_nor_ood_score(
    weights: dict[str, Array],
) -> None:
    import onnx

    whole = with_metadata(graph(NETWORK, weights), {"classes": '["red", "blue", "green"]'})
    result, lines = lighter("onnx", {".onnx": whole})
    assert (result.float_layers, len(lines)) == ((), 1)
    model = onnx.load_from_string(result.files[".onnx"])
    assert {p.key: p.value for p in model.metadata_props} == {"classes": '["red", "blue", "green"]'}
    producers = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        kinds = [producers[name].op_type for name in node.input if name in producers]
        if node.op_type == "Conv":
            assert kinds == ["DequantizeLinear"] * 3
        elif node.op_type in ("Gemm", "Softmax", "ReduceMax", "Flatten"):
            assert kinds
            assert "DequantizeLinear" not in kinds
    # Weights of 7 bits, each channel with its own scale.
    weight = next(c for c in model.graph.initializer if c.name == "stage2a.weight_quantized")
    values = onnx.numpy_helper.to_array(weight).astype(int)
    assert (np.abs(values).reshape(len(values), -1).max(1) == 64).all()


def test_metadata_and_int8_are_in_the_openvino_file(
    weights: dict[str, Array], tmp_path: Path
) -> None:
    import openvino

    result, _ = lighter("openvino", as_openvino(weights, tmp_path))
    model = openvino.Core().read_model(result.files[".xml"], result.files[".bin"])
    assert model.get_rt_info(["diptych", "classes"]).astype(str) == "red, blue, green"
    kinds = [node.get_type_name() for node in model.get_ops()]
    assert kinds.count("FakeQuantize") >= 7  # what goes into each convolution; weights are int8
    constants = [node for node in model.get_ops() if node.get_type_name() == "Constant"]
    types = [node.get_element_type().get_type_name() for node in constants]
    assert types.count("i8") >= 7


@pytest.mark.parametrize("subject", BF16, ids=lambda subject: subject.format)
def test_bf16_weights_take_half_the_room_and_answer_the_same(
    subject: Subject, weights: dict[str, Array], tmp_path: Path
) -> None:
    files = subject.write(weights, tmp_path)
    result, _ = lighter(subject.format, files, "bf16")
    ending = ".bin" if ".bin" in files else ".onnx"
    assert len(result.files[ending]) < 0.55 * len(files[ending])
    assert accuracy(subject.format, result.files) > 0.95
    assert result.fidelity.agreement == 1
    assert 0 < result.fidelity.max_difference < 0.05


def test_a_network_of_one_layer_has_nothing_to_make_smaller() -> None:
    network = linear((32, 32, 3), 3)
    with pytest.raises(InputError, match="one layer alone, which stays in float; export it as it"):
        lighter("onnx", {".onnx": graph(network, initial(network, 0))})


def test_a_file_that_cannot_be_read_is_an_error_in_a_line() -> None:
    with pytest.raises(DiptychError, match=r"onnxruntime: the file could not be made \(.+\)"):
        lighter("onnx", {".onnx": b"nothing"})


def test_without_its_tool_a_format_names_the_extra(
    weights: dict[str, Array], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = as_openvino(weights, tmp_path)
    monkeypatch.setitem(sys.modules, "nncf", None)
    tool = by_nncf.Nncf(files, drawn(2)[0], tmp_path)
    with pytest.raises(MissingExtra, match=r"NNCF is not installed; run: pip .*'diptych\[int8\]'"):
        tool.quantise(frozenset())
