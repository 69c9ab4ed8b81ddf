"""int8 and bf16, by each format's own tool in a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import save_file

from diptych.bundles.format import Bundle
from diptych.errors import DiptychError, GateError, InputError, MissingExtra
from diptych.exporting.quantization import Files, Judges, Lighter, calibration_keys, lighter
from diptych.exporting.quantization import nncf as by_nncf
from diptych.exporting.quantization.bfloat16 import upper_halves
from diptych.exporting.quantization.fidelity import OUTPUTS, Answers, Fidelity, compared, drop
from diptych.exporting.quantization.layers import Operation, layers
from diptych.exporting.quantization.search import accurate, hardest, noise
from diptych.graphs.writer import onnx_graph, with_metadata
from diptych.networks import Network, Weights, initial
from diptych.networks.zoo import cnn, linear
from diptych.reliability.ood import OodDetector
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
    return score.written(onnx_graph(network, weights))


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
from diptych.engines.tensorflow.models import model, set_weights
from diptych.networks.zoo import cnn
import keras, tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

built = model(cnn((32, 32, 3), 3, 0.0))
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
    tool: str
    write: Callable[[Weights, Path], Files]


SUBJECTS = [
    Subject("onnxruntime", as_onnx),
    Subject("openvino", as_openvino),
    Subject("litert", as_litert),
]
every_tool = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.tool)
BF16 = SUBJECTS[:2]


def judges() -> Judges:
    images, labels = drawn(3)
    return Judges(images, labels, [str(i) for i in range(len(labels))])


def made(tool: str, files: Files, kind: str = "int8") -> tuple[Lighter, list[str]]:
    """A lighter file, and what was told on the way."""
    lines: list[str] = []
    calibration, _ = drawn(2, 60)
    found = lighter(tool, kind, files, calibration, judges(), tell=lines.append)
    return found, lines


def answers(tool: str, files: Files, images: Pixels) -> Mapping[str, Array]:
    """What a file answers, by its own runtime."""
    if tool == "onnxruntime":
        return dict(zip(OUTPUTS, open_outputs(files[".onnx"])(images), strict=True))
    if tool == "openvino":
        import openvino

        core = openvino.Core()
        model = core.read_model(files[".xml"], files[".bin"])
        run = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        found = run(images)
        return {name: np.array(found[name]) for name in OUTPUTS}
    from ai_edge_litert.interpreter import Interpreter

    signature = Interpreter(model_content=files[".tflite"]).get_signature_runner()
    return {name: np.array(value) for name, value in signature(images=images).items()}


def accuracy(tool: str, files: Files) -> float:
    images, labels = drawn(3)
    return float((answers(tool, files, images)["probabilities"].argmax(1) == labels).mean())


@every_tool
def test_a_layer_that_int8_ruins_stays_in_float_and_the_file_is_saved(
    subject: Subject, weights: dict[str, Array], tmp_path: Path
) -> None:
    tool = subject.tool
    files = subject.write(stretched(weights, "stage1b"), tmp_path)
    assert accuracy(tool, files) > 0.95
    found, lines = made(tool, files)
    assert lines[0].startswith("0 of 7 layers in float: accuracy ")
    assert float(lines[0].split("accuracy ")[1].split(" %")[0]) < 60
    assert accuracy(tool, found.files) > 0.95
    assert 1 <= len(found.floats) <= 2
    assert str(found).endswith(f"; {len(found.floats)} of 7 layers in float")
    assert sum(map(len, found.files.values())) < 0.5 * sum(map(len, files.values()))
    images, labels = drawn(3)
    for count in (1, 7, 32):
        found_N = answers(tool, found.files, images[:count])
        assert found_N["ood_score"].shape == (count,)
        assert found_N["probabilities"].argmax(1).tolist() == labels[:count]
    if subject not in BF16:
        with pytest.raises(InputError, match="LiteRT has no bfloat16; export onnx or openvino"):
            made(tool, files, "bf16")


def test_a_network_that_int8_ruins_everywhere_is_refused(weights: dict[str, Array]) -> None:
    ruined = stretched(weights, *CONVOLUTIONS[:-1])
    files = {".onnx": graph(NETWORK, ruined)}
    assert accuracy("onnxruntime", files) > 0.95
    with pytest.raises(
        GateError,
        match=r"in int8, accuracy drops by \d+\.\d points \(.*\), and 0\.5 are allowed, "
        r"even with 2 of 7 layers in float; nothing was written",
    ):
        made("onnxruntime", files)


def test_every_convolution_is_in_int8_and_neither_head_nor_ood_score(
    weights: dict[str, Array],
) -> None:
    import onnx

    whole = with_metadata(graph(NETWORK, weights), {"classes": '["red", "blue", "green"]'})
    found, lines = made("onnxruntime", {".onnx": whole})
    assert (found.floats, len(lines)) == ((), 1)
    model = onnx.load_from_string(found.files[".onnx"])
    assert {p.key: p.value for p in model.metadata_props} == {"classes": '["red", "blue", "green"]'}
    made_by = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        kinds = [made_by[name].op_type for name in node.input if name in made_by]
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

    found, _ = made("openvino", as_openvino(weights, tmp_path))
    model = openvino.Core().read_model(found.files[".xml"], found.files[".bin"])
    assert model.get_rt_info(["diptych", "classes"]).astype(str) == "red, blue, green"
    kinds = [node.get_type_name() for node in model.get_ops()]
    assert kinds.count("FakeQuantize") >= 7  # what goes into each convolution; weights are int8
    constants = [node for node in model.get_ops() if node.get_type_name() == "Constant"]
    types = [node.get_element_type().get_type_name() for node in constants]
    assert types.count("i8") >= 7


@pytest.mark.parametrize("subject", BF16, ids=lambda subject: subject.tool)
def test_bf16_weights_take_half_the_room_and_answer_the_same(
    subject: Subject, weights: dict[str, Array], tmp_path: Path
) -> None:
    files = subject.write(weights, tmp_path)
    found, _ = made(subject.tool, files, "bf16")
    ending = ".bin" if ".bin" in files else ".onnx"
    assert len(found.files[ending]) < 0.55 * len(files[ending])
    assert accuracy(subject.tool, found.files) > 0.95
    assert found.fidelity.agreement == 1
    assert 0 < found.fidelity.max_difference < 0.05


def test_bfloat16_is_the_nearest_number_of_eight_bits() -> None:
    values = np.array([1, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -3e38, 0], np.float32)
    found = (upper_halves(values).astype(np.uint32) << 16).view(np.float32)
    # Half-way between two, the even one.
    assert found.tolist() == [1, 1, 1 + 2**-6, 1 + 2**-7, -226 * 2.0**120, 0]


def test_a_network_of_one_layer_has_nothing_to_make_smaller() -> None:
    network = linear((32, 32, 3), 3)
    with pytest.raises(InputError, match="one layer alone, which stays in float; export it as it"):
        made("onnxruntime", {".onnx": graph(network, initial(network, 0))})


def test_a_file_that_cannot_be_read_is_an_error_in_a_line() -> None:
    with pytest.raises(DiptychError, match=r"onnxruntime: the file could not be made \(.+\)"):
        made("onnxruntime", {".onnx": b"nothing"})


def test_without_its_tool_a_format_names_the_extra(
    weights: dict[str, Array], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = as_openvino(weights, tmp_path)
    monkeypatch.setitem(sys.modules, "nncf", None)
    tool = by_nncf.Nncf(files, drawn(2)[0], tmp_path)
    with pytest.raises(MissingExtra, match=r"NNCF is not installed; run: pip .*'diptych\[int8\]'"):
        tool.quantise(frozenset())


def test_calibration_never_sees_the_validation_pictures(tmp_path: Path) -> None:
    rows = [f"{i}.jpg,{'ab'[i % 7 > 4]},{part},g,{i:064x}" for part, i in parts()]
    (tmp_path / "splits.csv").write_text("\n".join(["path,label,part,group,sha256", *rows]))
    bundle = Bundle(tmp_path, {"classes": ["a", "b"]})
    keys = calibration_keys(bundle)
    numbers = [int(key, 16) for key in keys]
    assert len(set(keys)) == len(keys) == 200
    assert {part for part, i in parts() if i in numbers} == {"train"}
    assert sum(i % 7 > 4 for i in numbers) == 100
    assert keys == calibration_keys(bundle)


def parts() -> Iterator[tuple[str, int]]:
    for i in range(900):
        yield ("train", "train", "valid", "test")[i % 4], i


def test_the_interval_holds_the_true_drop_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    groups = [str(i) for i in range(180)]
    for lost, won in ((0.01, 0.005), (0.03, 0.03), (0.1, 0.02)):
        held = 0
        for _ in range(300):
            chance_N = rng.random(180)
            before_N, after_N = chance_N >= won, (chance_N >= lost + won) | (chance_N < won)
            found = drop(before_N, after_N, groups)
            assert found.low <= found.value <= found.high
            held += found.low <= lost - won <= found.high
        assert held > 0.92 * 300


def test_no_change_is_no_proof_of_none_and_near_duplicates_count_once() -> None:
    same_N = np.ones(180, bool)
    # What Wilson's interval says of 0 in 180.
    found = drop(same_N, same_N, [str(i) for i in range(180)])
    assert found == pytest.approx((0, -0.0209, 0.0209), abs=1e-3)
    assert drop(same_N, same_N, [str(i // 4) for i in range(180)]).high > 3 * found.high


def right(pictures: int) -> Answers:
    p_NK = np.tile(np.array([[0.9, 0.1]], np.float32), (pictures, 1))
    return Answers(p_NK, np.zeros(pictures, np.float32))


def fidelity(lost: int, won: int = 0, strange: int = 0, pictures: int = 180) -> Fidelity:
    """A file that gets some of the pictures wrong that the float file gets right, and so on."""
    targets_N = np.zeros(pictures, np.intp)
    before, after = (right(pictures) for _ in range(2))
    after.p_NK[:lost] = [0.2, 0.8]
    before.p_NK[lost : lost + won] = [0.2, 0.8]
    after.ood_score_N[:strange] = 2
    return compared(before, after, targets_N, [str(i) for i in range(pictures)])


def test_a_single_picture_may_be_lost_but_not_two_of_180() -> None:
    assert fidelity(1).refusal(0.5) is None
    assert fidelity(4, won=3).refusal(0.5) is None
    refusal = fidelity(2).refusal(0.5)
    assert refusal == "accuracy drops by 1.1 points (−1.0 to 4.0), and 0.5 are allowed"
    assert fidelity(2).refusal(1.2) is None
    assert fidelity(1).refusal(0) is not None
    assert fidelity(0).refusal(0) is None
    assert fidelity(5, pictures=1000).refusal(0.5) is None
    assert fidelity(6, pictures=1000).refusal(0.5) is not None


def test_known_pictures_that_become_outliers_are_a_reason_to_refuse() -> None:
    assert fidelity(0, strange=2).refusal(0.5) is None
    refusal = fidelity(0, strange=20).refusal(0.5)
    assert refusal is not None
    assert refusal.startswith("known pictures are taken for outliers more often by 11.1 points (")


def test_an_answer_that_is_no_number_is_wrong() -> None:
    nothing = right(4)._replace(p_NK=np.full((4, 2), np.nan, np.float32))
    targets_N = np.zeros(4, np.intp)
    assert compared(right(4), right(4), targets_N, list("abcd")).accuracy == 1
    found = compared(right(4), nothing, targets_N, list("abcd"))
    assert (found.accuracy, found.agreement) == (0, 0)
    assert found.refusal(50) is not None
    assert noise(right(4), nothing) == np.inf


class Pretended:
    """A tool whose files are lists of the layers in int8."""

    def __init__(self, harm: Mapping[str, float]) -> None:
        self.harm = harm
        self.tried = 0

    @property
    def layers(self) -> Sequence[str]:
        return list(self.harm)

    def quantise(self, floats: frozenset[str], *, quick: bool = False) -> Files:
        self.tried += quick
        return {name: b"" for name in self.layers if name not in floats}

    def halved(self) -> Files:
        return {}

    def error(self, files: Files) -> float:
        return sum(self.harm[name] for name in files)


def test_layers_come_in_the_order_of_their_harm_and_the_first_after_few_tries() -> None:
    rng = np.random.default_rng(0)
    harm = {f"layer{i}": float(value) for i, value in enumerate(rng.random(50) / 1000)}
    harm |= {"layer31": 5.0, "layer7": 3.0}
    tool = Pretended(harm)
    ranking = hardest(tool, tool.error)
    assert next(ranking) == "layer31"
    assert tool.tried <= 12
    assert next(ranking) == "layer7"
    assert tool.tried <= 24
    assert ["layer31", "layer7", *ranking] == sorted(harm, key=lambda name: -harm[name])


def test_layers_are_left_out_in_steps_until_the_file_is_good_enough() -> None:
    tool = Pretended({f"layer{i}": 1.0 + i for i in range(20)})
    seen: list[int] = []

    def measure(files: Files) -> Fidelity:
        seen.append(20 - len(files))
        return fidelity(10 if len(files) > 17 else 0)

    found = accurate(tool, measure, tool.error, 0.5, lambda line: None)
    assert seen == [0, 1, 2, 4]
    assert found.floats == ("layer19", "layer18", "layer17", "layer16")
    assert set(found.files) == {f"layer{i}" for i in range(16)}


def test_layers_go_from_one_product_to_the_next_and_end_at_the_features() -> None:
    graph = [
        Operation("cast", ("images",), ("a",), False),
        Operation("conv1", ("a",), ("b",), True),
        Operation("relu1", ("b",), ("c",), False),
        Operation("aside", ("c",), ("d",), False),
        Operation("ood_score", ("d",), ("ood_score",), True),
        Operation("conv2", ("c",), ("e",), True),
        Operation("add", ("e", "c"), ("f",), False),
        Operation("mean", ("f",), ("features",), False),
        Operation("dense", ("features",), ("logits",), True),
        Operation("softmax", ("logits",), ("probabilities",), False),
    ]
    assert layers(graph, "probabilities") == {
        "conv1": ("conv1", "relu1"),
        "conv2": ("conv2", "add", "mean"),
    }
