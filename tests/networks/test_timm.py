"""Backbones from timm, with weights from a file or from a hub on this machine."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import load_file, save, save_file
from torch import Tensor

from diptych import engines
from diptych.engines.backbone import backbone_graph
from diptych.engines.contract import Engine, Optimiser
from diptych.engines.torch.onnx_export import onnx_program
from diptych.errors import InputError
from diptych.metrics.probabilities import softmax
from diptych.networks import Network, choosing
from diptych.networks.initialisation import initial
from diptych.networks.libraries import timm as external
from diptych.recipe import Recipe
from diptych.runtimes import open_graph
from diptych.training.batches import Batches

pytestmark = pytest.mark.usefixtures("one_thread")

SIDE = 64
SGD = Optimiser("sgd", 0.0, 1.0)


def model(name: str, seed: int = 1) -> Any:
    """A model of timm with ten classes and random weights, stored averages included."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = external._timm().create_model(name, pretrained=False, num_classes=10).eval()
        for key, value in made.state_dict().items():
            if "running_" in key:
                value.uniform_(0.5, 1.5)
    return made


def saved(state: dict[str, Tensor], path: Path) -> Path:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


def network(name: str, classes: int = 3) -> Network:
    return choosing.network(Recipe(network=f"timm/{name}", dropout=0.0), (SIDE, SIDE, 3), classes)


def built(network: Network, weights: str) -> Engine:
    actual = choosing.pretrained(network, Recipe(network=network.name, weights=weights))
    return engines.build("torch", network, {**initial(network, 0), **actual}, SGD, 0)


def pictures(n: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(n).integers(0, 256, (n, SIDE, SIDE, 3), np.uint8)


def message(name: str, file: Path) -> str:
    with pytest.raises(InputError) as refused:
        choosing.pretrained(network(name), Recipe(network=f"timm/{name}", weights=str(file)))
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("resnet18", "weights.pth"),
        ("test_resnet", "weights.safetensors"),
        ("test_vit", "weights.pth"),
        ("test_convnext", "weights.safetensors"),
    ],
)
def test_features_are_those_of_the_model_in_the_file(name: str, file: str, tmp_path: Path) -> None:
    sized = {"img_size": SIDE} if "vit" in name else {}
    theirs = external._timm().create_model(name, pretrained=False, num_classes=10, **sized).eval()
    whole = network(name)
    features = whole.features
    whole = network(name, classes=features)
    path = saved(theirs.state_dict(), tmp_path / file)
    weights = {**choosing.pretrained(whole, Recipe(network=whole.name, weights=str(path)))}
    # A last layer that changes nothing shows what comes before it.
    weights["classifier.weight"] = np.eye(features, dtype=np.float32)
    weights["classifier.bias"] = np.zeros(features, np.float32)
    images = pictures(3)
    actual = engines.build("torch", whole, weights, SGD, 0).predict(images)
    mean, std = (torch.tensor(theirs.pretrained_cfg[key]).view(3, 1, 1) for key in ("mean", "std"))
    with torch.inference_mode():
        x = (torch.from_numpy(images).permute(0, 3, 1, 2) / 255 - mean) / std
        expected = theirs.forward_head(theirs.forward_features(x), pre_logits=True).numpy()
    assert expected.std() > 0.01
    np.testing.assert_allclose(actual, expected, atol=1e-4)


def test_both_kinds_of_file_hold_the_same_weights(tmp_path: Path) -> None:
    state = model("test_resnet").state_dict()
    layer = network("test_resnet").external
    assert layer is not None
    nested = {"epoch": 3, "state_dict": state}
    torch.save(nested, tmp_path / "nested.pth")
    files = [
        saved(state, tmp_path / "weights.pth"),
        saved(state, tmp_path / "weights.safetensors"),
        tmp_path / "nested.pth",
    ]
    for file in files:
        actual = external.pretrained(layer, str(file))
        assert "backbone.conv1.0.weight" in actual
        assert not [name for name in actual if "fc" in name or "num_batches" in name]
        for name, value in actual.items():
            expected = state[name.removeprefix("backbone.")]
            np.testing.assert_array_equal(value, expected.numpy(), err_msg=name)


@pytest.mark.parametrize("file", ["weights.pth", "model.safetensors"])
def test_what_a_bundle_holds_or_exports_comes_back(file: str, tmp_path: Path) -> None:
    whole = network("test_resnet")
    weights = engines.build("torch", whole, initial(whole, 0), SGD, 3).weights()
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    recipe = Recipe(network="timm/test_resnet", weights=str(saved(state, tmp_path / file)))
    actual = choosing.pretrained(whole, recipe)
    assert actual.keys() == {name for name in weights if name.startswith("backbone.")}
    for name, value in actual.items():
        np.testing.assert_array_equal(value, weights[name], err_msg=name)


def test_weights_of_another_model_are_refused_with_the_first_that_is_missing(
    tmp_path: Path,
) -> None:
    file = saved(model("test_vit").state_dict(), tmp_path / "vit.safetensors")
    said = message("test_resnet", file)
    assert said == f"{file}: lacks 'conv1.0.weight'; are these weights of timm/test_resnet?"


def test_weights_of_another_width_are_refused_with_both_shapes(tmp_path: Path) -> None:
    state = model("test_resnet").state_dict()
    state["conv1.0.weight"] = state["conv1.0.weight"][:5].clone()
    said = message("test_resnet", saved(state, tmp_path / "narrow.safetensors"))
    assert "'conv1.0.weight' has the shape (5, 3, 3, 3), not (" in said


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_a_file_without_weights_is_refused_in_a_line(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    assert message("test_resnet", file) == f"{file}: No such file or directory"
    for content in (b"", b"junk" * 99):
        file.write_bytes(content)
        assert message("test_resnet", file).startswith(f"{file}: no file of weights")


def test_a_file_of_something_else_is_refused_in_a_line(tmp_path: Path) -> None:
    for value in (torch.ones(3), [1, 2], 7):
        torch.save(value, tmp_path / "value.pth")
        assert "value.pth: no file of weights" in message("test_resnet", tmp_path / "value.pth")


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision_and_parameters_are_read(kind: torch.dtype, tmp_path: Path) -> None:
    state = model("test_resnet").to(kind).state_dict(keep_vars=True)
    file = saved(state, tmp_path / "half.pth")
    actual = choosing.pretrained(
        network("test_resnet"), Recipe(network="timm/test_resnet", weights=str(file))
    )
    for name, value in actual.items():
        expected = state[name.removeprefix("backbone.")].detach().float()
        np.testing.assert_array_equal(value, expected.numpy(), err_msg=name)


def test_weights_that_are_not_finite_are_refused_by_name(tmp_path: Path) -> None:
    state = model("test_resnet").state_dict()
    state["conv1.0.weight"][0] = torch.nan
    said = message("test_resnet", saved(state, tmp_path / "gone.safetensors"))
    assert "'backbone.conv1.0.weight' has values that are no finite numbers" in said


class Command:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def test_a_file_that_runs_a_command_is_refused_unrun(tmp_path: Path) -> None:
    file = tmp_path / "trap.pth"
    torch.save({"conv1.0.weight": Command(f"touch {tmp_path / 'sprung'}")}, file)
    said = message("test_resnet", file)
    assert said.startswith(f"{file}: no file of weights, or one with more in it than tensors")
    # torch's own advice would run the command.
    assert "weights_only" not in said
    assert list(tmp_path.iterdir()) == [file]


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(InputError, match="no network 'timm/resnet81'; did you mean 'timm/resnet"):
        network("resnet81")


def test_a_name_without_its_library_is_completed() -> None:
    with pytest.raises(InputError, match="no network 'resnet50'; did you mean 'timm/resnet50'"):
        choosing.refuse_unknown(Recipe(network="resnet50"))
    with pytest.raises(InputError, match=r"no network 'timm/'; it has [\d,]+, such as") as refused:
        choosing.refuse_unknown(Recipe(network="timm/"))
    assert len(str(refused.value)) < 300


def test_to_name_a_network_touches_nobody_elses_random_numbers() -> None:
    before = torch.random.get_rng_state()
    network("test_resnet")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_without_weights_the_seed_decides_where_a_backbone_starts() -> None:
    whole = network("test_resnet")
    one, same, other = (
        engines.build("torch", whole, initial(whole, 0), SGD, seed).weights() for seed in (1, 1, 2)
    )
    name = "backbone.conv1.0.weight"
    np.testing.assert_array_equal(one[name], same[name])
    assert (one[name] != other[name]).any()


class Learned(NamedTuple):
    """A small external network after a few steps, and its export."""

    engine: Engine
    graph: bytes


@pytest.fixture(scope="module")
def learned() -> Learned:
    whole = network("test_resnet")
    engine = built(whole, "none")
    targets = np.eye(3, dtype=np.float32)[np.arange(6) % 3]
    batches = Batches(pictures(6), targets, size=6, seed=0)
    for number in range(1, 4):
        engine.train(batches.epoch(number, [0.05]))
    return Learned(engine, engine.export("onnx"))


def test_an_external_network_answers_the_same_as_onnx(learned: Learned) -> None:
    images = pictures(7)
    for runtime in ("onnxruntime", "openvino"):
        facts = torch.cpu.get_capabilities()
        coarse = runtime == "openvino" and (facts.get("amx_bf16") or facts.get("avx512_bf16"))
        run = open_graph(learned.graph, runtime)
        for some in (images[:1], images):
            expected = softmax(learned.engine.predict(some))
            np.testing.assert_allclose(run(some), expected, atol=0.05 if coarse else 1e-5)
    assert np.ptp(learned.engine.predict(images), axis=0).min() > 1e-3


def test_an_external_backbone_and_its_head_are_the_whole(learned: Learned) -> None:
    whole = network("test_resnet")
    weights = learned.engine.weights()
    backbone = open_graph(backbone_graph("torch", whole, weights))
    head = {name: value for name, value in weights.items() if whole.head.has(name)}
    images = pictures(7)
    for some in (images[:1], images):
        actual = engines.build("linear", whole.head, head, SGD, 0).predict(backbone(some))
        np.testing.assert_allclose(actual, learned.engine.predict(some), atol=1e-4)


def test_an_external_network_learns_after_its_export(learned: Learned, tmp_path: Path) -> None:
    exported, fresh = learned.engine, built(network("test_resnet"), "none")
    exported.save(tmp_path)
    fresh.load(tmp_path)
    targets = np.eye(3, dtype=np.float32)[np.arange(6) % 3]
    epoch = Batches(pictures(6), targets, size=6, seed=0).epoch(4, [0.01])
    losses = [engine.train(epoch) for engine in (exported, fresh)]
    np.testing.assert_array_equal(losses[0], losses[1])
    for name, value in exported.weights().items():
        np.testing.assert_array_equal(value, fresh.weights()[name], err_msg=name)
    exported.load(tmp_path)


def test_each_graph_has_the_weights_it_is_made_with(learned: Learned) -> None:
    """Tracing is done once for a network, whatever its weights."""
    whole = network("test_resnet")
    trained, untrained = learned.engine, built(whole, "none")
    images = pictures(5)
    for engine in (untrained, trained, untrained):
        expected = softmax(engine.predict(images))
        np.testing.assert_allclose(open_graph(engine.export("onnx"))(images), expected, atol=1e-5)
    difference = softmax(trained.predict(images)) - softmax(untrained.predict(images))
    assert np.abs(difference).max() > 0.01


def test_vgg_is_built_and_exported() -> None:
    import onnx

    whole = network("vgg11")
    assert whole.features == 4096
    engine = built(whole, "none")
    assert engine.predict(pictures(1)).shape == (1, 3)
    graph = onnx.load_from_string(engine.export("onnx")).graph
    (given,), (wanted,) = graph.input, graph.output
    assert given.name == "images"
    assert given.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    shapes = [
        [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in (given, wanted)
    ]
    assert shapes == [["N", SIDE, SIDE, 3], ["N", 3]]
    assert sum(node.op_type == "Conv" for node in graph.node) == 10
    assert graph.node[-1].op_type == "Softmax"


FETCH = """
import json, sys, time
from diptych.networks.libraries import timm as external
from diptych.errors import InputError
from safetensors.numpy import save_file

def layer(name):
    return external.network(name, (160, 160, 3), 2, 0.0).external

save_file(external.pretrained(layer("test_resnet"), "pretrained"), sys.argv[1])
print("fetched", flush=True)
sys.stdin.readline()
time.sleep = lambda seconds: None  # between attempts to reach the hub
again = external.pretrained(layer("test_resnet"), "pretrained")
try:
    external.pretrained(layer("test_vit"), "pretrained")
except InputError as refused:
    print(json.dumps([len(again), str(refused)]))
"""
OFFERED = "/timm/test_resnet.r160_in1k/resolve/main/model.safetensors"


class Hub(BaseHTTPRequestHandler):
    """Answers as huggingface.co does for one file."""

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.wfile.write(self.answer())

    def answer(self) -> bytes:
        data = save(model("test_resnet", seed=5).state_dict()) if self.path == OFFERED else b""
        self.send_response(200 if data else 404)
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return data

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Visit(NamedTuple):
    """What a process had that fetched from a hub, then lost it."""

    weights: dict[str, Tensor]
    again: int
    refusal: str


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Visit:
    folder = tmp_path_factory.mktemp("hub")
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as hub:
        thread = threading.Thread(target=hub.serve_forever)
        thread.start()
        own = {
            "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
            "HF_HOME": str(folder / "home"),
            "NO_PROXY": "127.0.0.1",
        }
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(("HF_", "HUGGING"))}
        child = subprocess.Popen(
            [sys.executable, "-c", FETCH, str(folder / "fetched.safetensors")],
            env={**inherited, **own},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        fetched = child.stdout.readline()
        hub.shutdown()
        thread.join()
    # From here on nobody listens at the port.
    output, errors = child.communicate("\n", timeout=60)
    assert (fetched, child.returncode) == ("fetched\n", 0), errors
    again, refusal = json.loads(output)
    return Visit(load_file(folder / "fetched.safetensors"), again, refusal)


def test_pretrained_weights_come_from_the_hub(visit: Visit) -> None:
    offered = model("test_resnet", seed=5).state_dict()
    expected = {n for n in offered if not n.startswith("fc.") and "num_batches" not in n}
    assert visit.weights.keys() == {f"backbone.{name}" for name in expected}
    for name in expected:
        assert torch.equal(visit.weights[f"backbone.{name}"], offered[name]), name


def test_weights_once_fetched_need_no_hub(visit: Visit) -> None:
    assert visit.again == len(visit.weights)


def test_a_hub_out_of_reach_is_told_in_a_line_with_the_way_out(visit: Visit) -> None:
    assert visit.refusal.startswith("the weights of timm/test_vit cannot be fetched (")
    assert "give a file with --weights FILE" in visit.refusal
    assert "\n" not in visit.refusal


def refusal(name: str, shape: tuple[int, int, int], size: int) -> str:
    recipe = Recipe(network=f"timm/{name}", image_size=size)
    with pytest.raises(InputError) as refused:
        choosing.network(recipe, shape, 2)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "own"), [("crossvit_tiny_240", 240), ("efficientformer_l1", 224), ("halonet26t", 256)]
)
def test_a_size_that_a_model_cannot_take_is_refused_with_its_own(name: str, own: int) -> None:
    said = refusal(name, (288, 288, 3), 288)
    assert said.startswith(f"timm/{name} cannot take 288 × 288 pixels (")
    assert said.endswith(f"); --set image_size={own}")


def test_a_size_that_no_setting_changes_is_refused_without_one() -> None:
    assert refusal("halonet26t", (36, 36, 3), 288).endswith("; choose another network")
    assert refusal("test_resnet", (28, 28, 1), 288) == (
        "timm/test_resnet needs colour pictures; use the network cnn"
    )


class Gives(torch.nn.Module):
    """A model that gives the same of every picture."""

    def __init__(self, given: Any) -> None:
        super().__init__()
        self.given = given
        self.pretrained_cfg = model("test_resnet").pretrained_cfg

    def forward(self, images: Tensor) -> Any:
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (torch.ones(2, 8, 3, 3), "it gives no features"),
        ((torch.ones(2, 8), torch.ones(2, 8)), "it gives no features"),
        (torch.ones(2, 0), "it gives no features"),
        (torch.full((2, 8), torch.nan), "its features are no finite numbers"),
        (TypeError("missing 1 required argument: 'depth'\nand more"), "missing 1 required"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_a_model_without_features_is_refused(
    given: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    external._tried.cache_clear()
    monkeypatch.setattr(external, "backbone", lambda layer: Gives(given))
    said = refusal("test_resnet", (SIDE, SIDE, 3), SIDE)
    assert said.startswith(f"timm/test_resnet cannot take 64 × 64 pixels ({why}")
    assert said.endswith("; choose another network")
    external._tried.cache_clear()


def test_a_model_too_large_for_the_memory_is_not_blamed_for_the_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    external._tried.cache_clear()
    monkeypatch.setattr(external, "backbone", lambda layer: Gives(MemoryError()))
    with pytest.raises(MemoryError):
        choosing.network(Recipe(network="timm/test_resnet"), (SIDE, SIDE, 3), 2)


def test_an_operation_that_onnx_lacks_is_one_line() -> None:
    class Odd(torch.nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            values: Tensor = torch.linalg.eigvals(images.float().mean(3)).real
            return values

    with pytest.raises(InputError, match="no ONNX graph can be made of this network") as refused:
        onnx_program(Odd(), (SIDE, SIDE, 3))
    assert "\n" not in str(refused.value)


def test_attention_with_a_bias_becomes_a_graph() -> None:
    external._timm()
    from timm.models.beit import Beit

    size: dict[str, Any] = {"img_size": 32, "patch_size": 16, "embed_dim": 48, "depth": 1}
    beit = Beit(**size, num_heads=3, num_classes=0, use_rel_pos_bias=True, init_values=0.1)
    whole = torch.nn.Sequential(Pixels(), beit).eval()
    run = open_graph(onnx_program(whole, (32, 32, 3)).model_proto.SerializeToString())
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    with torch.inference_mode():
        expected = whole(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(run(images), expected, atol=1e-4)
    np.testing.assert_allclose(run(images[:1]), expected[:1], atol=1e-4)


class Pixels(torch.nn.Module):
    """uint8 pixels (N, H, W, C) as timm takes them."""

    def forward(self, images: Tensor) -> Tensor:
        return images.permute(0, 3, 1, 2).float() / 255
