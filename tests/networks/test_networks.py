import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_tensors

from diptych.engines.torch.modules import module_of_network
from diptych.engines.torch.weights import module_with_weights
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph, with_our_names
from diptych.networks import (
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Network,
    Standardise,
    Weights,
)
from diptych.networks import pretrained as weights_of_others
from diptych.networks.choosing import pretrained, refuse_unknown, way_to_train
from diptych.networks.classics import CLASSICS
from diptych.networks.initialisation import initial
from diptych.networks.libraries.timm import _timm
from diptych.networks.pretrained import carried
from diptych.networks.torch_files import state_file
from diptych.networks.zoo import ZOO, build
from diptych.recipe import Recipe
from diptych.runtimes import open_graph

pytestmark = pytest.mark.usefixtures("one_thread")

Pixels = npt.NDArray[np.uint8]

LITE0 = ZOO["efficientnet_lite0"]((224, 224, 3), 2, 0.0)


def noise(n: int, height: int, width: int, channels: int = 3) -> Pixels:
    return np.random.default_rng(n * height).integers(
        0, 256, (n, height, width, channels), np.uint8
    )


def answer(network: Network, weights: Weights, images: Pixels) -> npt.NDArray[np.float32]:
    """What PyTorch says."""
    built = module_of_network(network).eval()
    built.load_state_dict({n: torch.from_numpy(v) for n, v in weights.items()}, strict=False)
    with torch.inference_mode():
        return np.asarray(built(torch.from_numpy(images)).numpy())


@pytest.mark.parametrize(
    ("name", "side", "package_file"),
    [
        (name, side, name)
        for name, side in (
            ("efficientnet_lite0", 192),
            ("efficientnet_lite0", 224),
            ("efficientnet_lite1", 240),
            ("efficientnet_lite2", 260),
        )
    ],
    indirect=["package_file"],
)
def test_the_efficientnets_are_those_of_timm(name: str, side: int, package_file: Path) -> None:
    theirs = _timm().create_model(f"tf_{name}", pretrained=False, num_classes=0).eval()
    package = torch.load(package_file, weights_only=True)
    values = [v for n, v in package.items() if "num_batches" not in n and "_fc" not in n]
    names = [name for name in theirs.state_dict() if "num_batches" not in name]
    theirs.load_state_dict(dict(zip(names, values, strict=True)), strict=False)
    images = noise(2, side, side)
    with torch.inference_mode():
        x = (torch.from_numpy(images).permute(0, 3, 1, 2).float() - 127) / 128
        expected = theirs(x).numpy()
    assert expected.std() > 0.1
    network = ZOO[name]((side, side, 3), 2, 0.0)
    backbone, ours = network.backbone, carried(network)
    np.testing.assert_allclose(answer(backbone, ours, images), expected, atol=1e-3)
    run = open_graph(onnx_graph(backbone, ours, probabilities=False))
    np.testing.assert_allclose(run(images), expected, atol=1e-3)


def test_pretrained_weights_are_those_of_the_backbone() -> None:
    expected = {n: v.shape for n, v in initial(LITE0, 0).items() if LITE0.backbone.has(n)}
    assert {n: v.shape for n, v in carried(LITE0).items()} == expected
    assert pretrained(LITE0, Recipe()).keys() == expected.keys()
    assert pretrained(LITE0, Recipe(weights="none")) == {}


def test_weights_that_nobody_checked_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    name, digest = "efficientnet-lite0-57934424.pth", hashlib.sha256(b"other").hexdigest()
    monkeypatch.setattr(weights_of_others, "CARRIED", {"efficientnet_lite0": (name, digest)})
    with pytest.raises(InputError, match=r"57934424\.pth: not the weights that were checked"):
        carried(LITE0)


def test_networks_side_by_side_give_the_features_of_each() -> None:
    both = build("efficientnet_lite0+lite2", (64, 64, 3), 3, 0.1)
    assert both.name == "efficientnet_lite0+efficientnet_lite2"
    weights = carried(both)
    assert weights.keys() == {name for name in initial(both, 0) if both.backbone.has(name)}
    images = noise(2, 64, 64)
    each = [build(name, (64, 64, 3), 3, 0.1) for name in both.name.split("+")]
    expected = [answer(one.backbone, carried(one), images) for one in each]
    actual = answer(both.backbone, weights, images)
    np.testing.assert_allclose(actual, np.concatenate(expected, 1), atol=1e-5)
    run = open_graph(onnx_graph(both.backbone, weights, probabilities=False))
    np.testing.assert_allclose(run(images), actual, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("efficientnet_lite0+cnn", "'cnn' cannot stand beside others; these can: efficientnet_l"),
        ("efficientnet_lite0+", "'efficientnet_' cannot stand beside others"),
        ("cnn+mlp", "'cnn' cannot stand beside others"),
        ("timm/resnet18+lite0", "no network 'timm/resnet18+lite0'"),
        ("efficientnet_lite0+lite0", "names efficientnet_lite0 twice"),
    ],
)
def test_what_cannot_stand_side_by_side_is_refused(name: str, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        refuse_unknown(Recipe(network=name))


def from_file(network: Network, path: Path) -> Weights:
    return pretrained(network, Recipe(weights=str(path)))


def test_a_file_of_weights_gives_the_backbone_back(tmp_path: Path) -> None:
    network = ZOO["cnn"]((32, 32, 3), 4, 0.1)
    weights = initial(network, 5)
    save_file(weights, tmp_path / "model.safetensors")
    actual = from_file(network, tmp_path / "model.safetensors")
    assert actual.keys() == {name for name in weights if not name.startswith("classifier")}
    for name, value in actual.items():
        np.testing.assert_array_equal(value, weights[name])
    # Another number of classes is no hindrance; nor is the way through a recipe.
    other = ZOO["cnn"]((32, 32, 3), 9, 0.1)
    recipe = Recipe(network="cnn", weights=str(tmp_path / "model.safetensors"))
    assert pretrained(other, recipe).keys() == actual.keys()


def test_what_was_exported_for_torch_comes_back(tmp_path: Path) -> None:
    network = ZOO["cnn"]((32, 32, 3), 4, 0.1)
    weights = initial(network, 5)
    (tmp_path / "weights.pth").write_bytes(state_file(weights))
    actual = from_file(network, tmp_path / "weights.pth")
    np.testing.assert_array_equal(actual["stem.conv.weight"], weights["stem.conv.weight"])


def test_a_file_of_other_weights_is_refused_with_the_first_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    network = ZOO["cnn"]((32, 32, 3), 4, 0.1)
    save_file(initial(ZOO["mlp"]((32, 32, 3), 4, 0.1), 0), file)
    with pytest.raises(InputError, match=r"no 'stem\.conv\.weight' of shape \(32, 3, 5, 5\)"):
        from_file(network, file)
    save_file(initial(ZOO["cnn"]((32, 32, 1), 4, 0.1), 0), file)
    with pytest.raises(InputError, match=r"no 'stem\.conv\.weight' of shape"):
        from_file(network, file)


def test_a_file_that_is_absent_or_holds_no_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent: no such file of weights"):
        from_file(LITE0, tmp_path / "absent")
    (tmp_path / "text").write_text("no weights")
    with pytest.raises(InputError, match=r"text: not a \.safetensors file"):
        from_file(LITE0, tmp_path / "text")
    with pytest.raises(InputError, match=r"not a \.safetensors file"):
        from_file(LITE0, tmp_path)


CNN = ZOO["cnn"]((32, 32, 3), 4, 0.1)


def tensors(kind: torch.dtype = torch.float32) -> dict[str, Any]:
    return {name: torch.from_numpy(value).to(kind) for name, value in initial(CNN, 5).items()}


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64])
def test_weights_of_another_precision_are_rounded(
    tmp_path: Path, kind: torch.dtype, ending: str
) -> None:
    file, given = tmp_path / f"model{ending}", tensors(kind)
    (torch.save if ending == ".pth" else save_tensors)(given, file)
    for name, value in from_file(CNN, file).items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, given[name].float().numpy())


def test_parameters_of_a_module_are_weights(tmp_path: Path) -> None:
    given = {name: torch.nn.Parameter(value) for name, value in tensors().items()}
    torch.save({"state_dict": given}, tmp_path / "model.pth")
    actual = from_file(CNN, tmp_path / "model.pth")
    np.testing.assert_array_equal(actual["stem.conv.weight"], initial(CNN, 5)["stem.conv.weight"])


NORM = "stem.norm.weight"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"state_dict": None}, r"no file of weights \(it holds a NoneType\)"),
        ({"state_dict": [1, 2]}, r"no file of weights \(it holds a list\)"),
        ({1: torch.ones(3)}, "has no 'stem.conv.weight'"),
        ({NORM: torch.ones(32).to_sparse()}, f"'{NORM}' is sparse, quantised, complex or"),
        ({NORM: torch.ones(32, device="meta")}, f"'{NORM}' is sparse, quantised, complex or"),
        ({NORM: torch.ones(32, dtype=torch.complex64)}, f"'{NORM}' is sparse, quantised, c"),
    ],
)
def test_weights_that_are_no_plain_numbers_are_refused(
    tmp_path: Path, state: dict[Any, Any], said: str
) -> None:
    torch.save(state, tmp_path / "model.pth")
    with pytest.raises(InputError, match=rf"model\.pth: {said}[^\n]*$"):
        from_file(CNN, tmp_path / "model.pth")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused_by_name(tmp_path: Path, value: float) -> None:
    weights = initial(CNN, 5)
    weights[NORM][3] = value
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=rf"'{NORM}' has values that are no finite numbers"):
        from_file(CNN, tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CNN", "'cnn'"),
        ("timm/TEST_RESNET", "'timm/test_resnet'"),
        ("tim/resnet18", "'timm/resnet18'"),
        ("TEST_RESNET", "'timm/test_resnet'"),
    ],
)
def test_a_network_spelled_otherwise_is_hinted_at(name: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"no network '{name}'; did you mean {meant}"):
        refuse_unknown(Recipe(network=name))


def test_a_folder_is_no_file_of_weights(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder, and no file of weights; give a file in it"):
        refuse_unknown(Recipe(weights=str(tmp_path)))
    file = tmp_path / "model.safetensors"
    save_file(initial(CNN, 5), file)
    with pytest.raises(InputError, match=f"{tmp_path}: a folder, .*; give {file}"):
        refuse_unknown(Recipe(weights=str(tmp_path)))
    linear = Recipe(engine="linear", network="linear", weights=str(file))
    with pytest.raises(InputError, match="linear has no backbone to start from a file; leave"):
        refuse_unknown(linear)


SHAPES = [(s, s) for s in (28, 32, 64, 96, 224)] + [(28, 75), (150, 131)]


@pytest.mark.parametrize(
    ("name", "shape"),
    [(name, shape) for name in ZOO if name not in CLASSICS for shape in SHAPES]
    # How deep these are is no matter of the size.
    + [(name, (45, 38)) for name in CLASSICS],
)
def test_every_network_answers_with_a_number_for_each_class(
    name: str, shape: tuple[int, int]
) -> None:
    network = ZOO[name]((*shape, 3), 5, 0.2)
    weights = initial(network, 0)
    images = noise(2, *shape)
    actual = answer(network, weights, images)
    assert actual.shape == (2, 5) == (2, network.classes)
    if name != "efficientnet_lite0" or shape == (28, 75):
        run = open_graph(onnx_graph(network, weights, probabilities=False))
        np.testing.assert_allclose(run(images), actual, atol=1e-4)


@pytest.mark.parametrize("shape", [(4, 4, 3), (8, 8, 1), (1, 9, 3)])
def test_a_residual_network_takes_the_smallest_pictures(shape: tuple[int, int, int]) -> None:
    network = ZOO["resnet"](shape, 5, 0.2)
    weights, images = initial(network, 0), noise(2, *shape)
    run = open_graph(onnx_graph(network, weights, probabilities=False))
    np.testing.assert_allclose(run(images), answer(network, weights, images), atol=1e-4)


@pytest.mark.parametrize("name", ["resnet", "cnn", "mlp", "linear"])
def test_small_networks_see_grey_pictures(name: str) -> None:
    network = ZOO[name]((28, 28, 1), 10, 0.2)
    assert answer(network, initial(network, 0), noise(3, 28, 28, 1)).shape == (3, 10)


def test_efficientnet_lite0_needs_colours() -> None:
    with pytest.raises(InputError, match="needs colour pictures; use the network cnn"):
        ZOO["efficientnet_lite0"]((64, 64, 1), 2, 0.0)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_padding_is_the_same_in_pytorch_and_onnx(kernel: int, stride: int, runtime: str) -> None:
    for height, width in ((7, 7), (8, 8), (9, 12), (1, 2), (15, 10)):
        rows, columns = -(-height // stride), -(-width // stride)
        layers = (
            Standardise((127.5,) * 3, (127.5,) * 3),
            Convolution("first", 3, 4, kernel, stride, activation=""),
            Convolution("second", 4, 4, kernel, 1, depthwise=True, activation=""),
            Flatten(),
            Dropout(0.0),
            Dense("classifier", rows * columns * 4, 3),
        )
        network = Network("padded", (height, width, 3), layers)
        weights = uneven(initial(network, 1))
        network = network.backbone
        images = noise(2, height, width)
        actual = open_graph(onnx_graph(network, weights, probabilities=False), runtime)(images)
        expected = answer(network, weights, images)
        assert np.ptp(expected) > 0.5
        np.testing.assert_allclose(actual, expected, atol=limit(runtime))


def uneven(weights: Weights) -> Weights:
    """The weights with batch normalisation as it is after training."""
    rng = np.random.default_rng(0)
    drawn = {n: rng.uniform(0.5, 2, v.shape).astype(np.float32) for n, v in weights.items()}
    return {n: drawn[n] if ".norm." in n else v for n, v in weights.items()}


def limit(runtime: str) -> float:
    """OpenVINO computes in bfloat16, of 8 bits, where the processor has it."""
    facts = torch.cpu.get_capabilities()
    coarse = runtime == "openvino" and (facts.get("amx_bf16") or facts.get("avx512_bf16"))
    return 0.1 if coarse else 1e-4


def test_an_odd_row_of_padding_goes_to_the_bottom_and_right() -> None:
    # Four pixels in, two out: three by three windows begin on the first pixel.
    layer = Convolution("only", 1, 1, 3, 2, activation="")
    layers = (
        Standardise((0.0,), (1.0,)),
        layer,
        Flatten(),
        Dropout(0.0),
        Dense("classifier", 4, 1),
    )
    weights = {**initial(Network("one", (4, 4, 1), layers), 0)}
    weights["only.conv.weight"] = np.zeros((1, 1, 3, 3), np.float32)
    weights["only.conv.weight"][0, 0, 0, 0] = 1
    images = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
    actual = answer(Network("one", (4, 4, 1), layers).backbone, weights, images)
    np.testing.assert_allclose(actual, [[0, 2, 8, 10]], rtol=0.001)


def test_a_network_starts_from_even_odds_drawn_from_its_seed() -> None:
    # Each of the classics has a sibling here of the same layers.
    for name in ZOO.keys() - {"resnet34", "vgg16", "vgg16_bn"}:
        network = build(name, (64, 64, 3), 4, 0.0)
        one, same, other = (initial(network, seed) for seed in (1, 1, 2))
        assert all((value == same[key]).all() for key, value in one.items())
        assert (one["classifier.weight"] != other["classifier.weight"]).any()
        module = module_with_weights(network, one).train()
        with torch.no_grad():
            logits = module(torch.from_numpy(noise(4, 64, 64)))
        assert logits.abs().max() < 1, name


def test_a_network_is_its_backbone_and_its_head() -> None:
    names = set(initial(LITE0, 0))
    head = {name for name in names if LITE0.head.has(name)}
    assert head == {"classifier.weight", "classifier.bias"}
    assert {name for name in names if LITE0.backbone.has(name)} == names - head
    assert LITE0.head.input == (1280,)


def test_a_graph_with_an_operation_that_onnx_lacks_is_refused_by_its_name() -> None:
    from onnx import TensorProto, helper

    given, wanted = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 3]) for n in "xy")
    graph = helper.make_graph([helper.make_node("Erfc", ["x"], ["y"])], "g", [given], [wanted])
    with pytest.raises(InputError, match="ONNX has no operation Erfc; choose another network"):
        with_our_names(helper.make_model(graph), "images", "features")


def test_a_graph_of_another_library_gets_our_names_and_any_number_of_pictures() -> None:
    import onnx
    from onnx import TensorProto, helper

    given, wanted = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 3]) for n in "xy")
    nodes = [helper.make_node("Relu", ["x"], ["z"]), helper.make_node("Add", ["z", "x"], ["y"])]
    made = helper.make_model(helper.make_graph(nodes, "g", [given], [wanted]))
    run = open_graph(with_our_names(made, "images", "features"))
    assert run(np.array([[1, -1, 2], [0, 3, -4]], np.float32)).tolist() == [[2, -1, 4], [0, 6, -4]]
    graph = onnx.load_from_string(with_our_names(made, "images", "features")).graph
    assert [value.name for value in (*graph.input, *graph.output)] == ["images", "features"]


def test_what_is_trained_unless_it_is_said() -> None:
    ways = {"efficientnet_lite0": "head", "timm/resnet18": "head", "cnn": "all"}
    for network, way in ways.items():
        assert way_to_train(Recipe(network=network)) == way
        assert way_to_train(Recipe(network=network, weights="none")) == "all"
    for way in ("head", "last", "all"):
        assert way_to_train(Recipe(train=way)) == way


def test_views_come_and_go_and_leave_the_weights_as_they_are() -> None:
    one = ZOO["resnet"]((32, 32, 3), 4, 0.0)
    two = one.with_mirrored
    assert (one.views, two.views, two.backbone.views, two.head.views) == (1, 2, 2, 1)
    assert two.one_view == one
    assert two.with_mirrored == two
    assert initial(two, 0).keys() == initial(one, 0).keys()
    assert (two.features, two.classes) == (one.features, one.classes)


def test_several_backbones_find_their_weights_behind_views() -> None:
    one = build("efficientnet_lite0+lite1", (64, 64, 3), 2, 0.0)
    assert carried(one.with_mirrored).keys() == carried(one).keys() != set()
