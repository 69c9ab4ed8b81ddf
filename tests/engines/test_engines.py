"""One contract, held by every engine."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import torch

from conftest import BLUE, GREEN, RED
from diptych import engines
from diptych.engines.backbone import backbone_graph
from diptych.engines.contract import Batch, Engine, Inputs, Optimiser
from diptych.errors import InputError
from diptych.graphs.writer import map_sides, onnx_graph
from diptych.images.augmentation import AugmentationPolicy, random_numbers, sample_augmentation
from diptych.metrics.probabilities import softmax
from diptych.networks import Flatten, MaxPool, Network, Unflatten, Weights, choosing
from diptych.networks.initialisation import initial
from diptych.networks.zoo import ZOO
from diptych.recipe import Recipe
from diptych.runtimes import open_graph

pytestmark = pytest.mark.usefixtures("one_thread")

SIDE, CLASSES = 12, 3
ADAMW = Optimiser("adamw", weight_decay=0.01, backbone_rate=0.5)
SGD = Optimiser("sgd", weight_decay=0.01, backbone_rate=0.5)
# Everything that an optimiser may have: its own state, clipping, and an average that answers.
MUON = Optimiser("muon", weight_decay=0.01, backbone_rate=0.5, clip=0.5, average_decay=0.8)


class Subject(NamedTuple):
    """An engine with a network that it can train."""

    engine: str
    network: str

    def as_network(self, dropout: float = 0.3) -> Network:
        name, _, part = self.network.partition("/")
        whole = ZOO[name]((SIDE, SIDE, 3), CLASSES, dropout)
        return whole.head if part else whole

    def build(
        self,
        *,
        dropout: float = 0.3,
        weights: Weights | None = None,
        start: int = 0,
        optimiser: Optimiser = ADAMW,
        seed: int = 0,
    ) -> Engine:
        network = self.as_network(dropout)
        weights = initial(network, start) if weights is None else weights
        return engines.build(self.engine, network, weights, optimiser, seed)


SUBJECTS = [
    Subject("linear", "linear"),
    Subject("linear", "mlp/head"),
    Subject("torch", "linear"),
    Subject("torch", "mlp"),
    Subject("torch", "cnn"),
    Subject("torch", "mlp/head"),
    Subject("tensorflow", "linear"),
    Subject("tensorflow", "mlp"),
    Subject("tensorflow", "cnn"),
    Subject("tensorflow", "mlp/head"),
]
DROPPING = [s for s in SUBJECTS if s.engine != "linear" and s.network != "linear"]


def every(subjects: list[Subject] = SUBJECTS) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("subject", subjects, ids=[" ".join(s) for s in subjects])


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training in float32 also where the processor has bfloat16."""
    monkeypatch.setattr("diptych.engines.torch.precision.has_bfloat16", lambda device: False)
    monkeypatch.setattr("diptych.engines.tensorflow.precision.has_bfloat16", lambda: False)


def labelled(network: Network, n: int, seed: int = 0) -> tuple[Inputs, npt.NDArray[np.intp]]:
    """Noisy pictures, or features, of three colours."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % CLASSES
    colours_NC = np.array([RED, BLUE, GREEN])[labels]
    if len(network.input) == 3:
        pixels = colours_NC[:, None, None] + rng.normal(0, 30, (n, SIDE, SIDE, 3))
        return pixels.clip(0, 255).astype(np.uint8), labels
    features = np.repeat(colours_NC / 128 - 1, -(-network.features // 3), axis=1)
    noisy = features[:, : network.features] + rng.normal(0, 0.5, (n, network.features))
    return noisy.astype(np.float32), labels


@dataclass(frozen=True)
class ListedEpoch:
    """An epoch whose batches are in memory."""

    inputs: Inputs
    number: int
    rates: list[float]
    batches: list[Batch]
    augmented: bool = False
    first_step: int = 0

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)


def epoch_of(
    network: Network,
    number: int = 1,
    *,
    n: int = 24,
    size: int = 6,
    rate: float = 0.003,
    seed: int | None = None,
    policy: AugmentationPolicy | None = None,
) -> ListedEpoch:
    """Pictures, or features, of their own in each epoch, unless the seed is given."""
    inputs, labels = labelled(network, n, number if seed is None else seed)
    targets = np.eye(CLASSES, dtype=np.float32)[labels]
    batches = []
    for at in range(0, n, size):
        some = slice(at, at + size)
        augmentation = policy and sample_augmentation(
            policy, (SIDE, SIDE, 3), random_numbers(0, number, n)[some]
        )
        batches.append(Batch(np.arange(n)[some], targets[some], augmentation))
    rates = [rate * (i + 1) / len(batches) for i in range(len(batches))]
    return ListedEpoch(inputs, number, rates, batches, policy is not None)


def one_step(
    inputs: Inputs, targets: npt.NDArray[np.float32], rate: float, number: int = 1
) -> ListedEpoch:
    return ListedEpoch(inputs, number, [rate], [Batch(np.arange(len(inputs)), targets)])


def labelled_once(network: Network, seed: int = 0) -> tuple[Inputs, npt.NDArray[np.float32]]:
    """What one step sees: inputs and targets."""
    inputs, labels = labelled(network, 12, seed)
    return inputs, np.eye(CLASSES, dtype=np.float32)[labels]


def assert_same(actual: Weights, expected: Weights) -> None:
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(actual[name], value, err_msg=name)


def differ(one: Weights, other: Weights) -> bool:
    return any((value != other[name]).any() for name, value in one.items())


@every()
def test_inputs_may_be_read_only_and_are_never_written_to(subject: Subject) -> None:
    inputs, labels = labelled(subject.as_network(), 6)
    targets = np.eye(CLASSES, dtype=np.float32)[labels]
    before = inputs.copy(), targets.copy()
    answers = []
    for writeable in (True, False):
        inputs.flags.writeable = targets.flags.writeable = writeable
        engine = subject.build()
        engine.train(one_step(inputs, targets, 0.01))
        answers.append(engine.predict(inputs))
        np.testing.assert_array_equal(inputs, before[0])
        np.testing.assert_array_equal(targets, before[1])
    np.testing.assert_array_equal(answers[0], answers[1])


@every()
def test_inputs_may_be_a_mirrored_view(subject: Subject) -> None:
    engine = subject.build()
    inputs, _ = labelled(subject.as_network(), 3)
    mirrored = inputs[::-1]
    np.testing.assert_allclose(engine.predict(mirrored), engine.predict(mirrored.copy()), atol=1e-6)


@every()
def test_batching_is_invisible(subject: Subject) -> None:
    engine = subject.build()
    inputs, _ = labelled(subject.as_network(), 70)
    one_by_one = np.concatenate([engine.predict(inputs[i : i + 1]) for i in range(70)])
    assert np.ptp(one_by_one, axis=0).min() > 0.001
    np.testing.assert_allclose(engine.predict(inputs), one_by_one, atol=1e-5)


@pytest.mark.parametrize("optimiser", [ADAMW, SGD], ids=lambda choice: choice.kind)
@every()
def test_training_learns_colours(subject: Subject, optimiser: Optimiser) -> None:
    network = subject.as_network()
    engine = subject.build(optimiser=optimiser)
    losses = [engine.train(epoch_of(network, number, n=48)).mean() for number in range(1, 7)]
    assert losses[-1] < 0.5 * losses[0]
    inputs, labels = labelled(network, 60, seed=99)
    assert (engine.predict(inputs).argmax(1) == labels).all()


@pytest.mark.usefixtures("float32")
@every([s for s in SUBJECTS if s.network != "cnn"])
def test_each_step_has_its_loss_the_mean_over_its_pictures(subject: Subject) -> None:
    network = subject.as_network()
    engine = subject.build(dropout=0, start=3)
    losses_S = engine.train(epoch_of(network, n=8, size=7, rate=0, seed=0))
    inputs, labels = labelled(network, 8)
    p_NK = softmax(engine.predict(inputs))
    loss_N = -np.log(p_NK[np.arange(8), labels])
    np.testing.assert_allclose(losses_S, [loss_N[:7].mean(), loss_N[7]], atol=1e-5)


@pytest.mark.parametrize("optimiser", [ADAMW, SGD, MUON], ids=lambda choice: choice.kind)
@every()
def test_a_loaded_engine_goes_on_as_if_never_stopped(
    subject: Subject, optimiser: Optimiser, tmp_path: Path
) -> None:
    network = subject.as_network()
    straight = subject.build(optimiser=optimiser)
    straight.train(epoch_of(network, 1))
    straight.save(tmp_path)
    fresh = subject.build(optimiser=optimiser, start=7)
    fresh.load(tmp_path)
    assert_same(fresh.weights(), straight.weights())
    for number in (2, 3):
        epoch = epoch_of(network, number)
        np.testing.assert_array_equal(fresh.train(epoch), straight.train(epoch))
    assert_same(fresh.weights(), straight.weights())


@pytest.mark.parametrize("optimiser", [ADAMW, SGD], ids=lambda choice: choice.kind)
@every()
def test_where_an_epoch_is_cut_changes_nothing(
    subject: Subject, optimiser: Optimiser, tmp_path: Path
) -> None:
    whole = epoch_of(subject.as_network(), 3)
    straight, begun = (subject.build(optimiser=optimiser) for _ in range(2))
    straight.train(epoch_of(subject.as_network(), 2))
    begun.train(epoch_of(subject.as_network(), 2))
    losses = list[float]()
    engine = begun
    for steps in (slice(0, 1), slice(1, 3), slice(3, 4)):
        stretch = replace(
            whole,
            rates=whole.rates[steps],
            batches=whole.batches[steps],
            first_step=steps.start,
        )
        losses += engine.train(stretch).tolist()
        # The next stretch is taken by another engine, as after a kill.
        engine.save(tmp_path)
        engine = subject.build(optimiser=optimiser, start=7)
        engine.load(tmp_path)
    assert losses == straight.train(whole).tolist()
    assert_same(engine.weights(), straight.weights())


@every()
def test_what_was_saved_stays_as_it_was(subject: Subject, tmp_path: Path) -> None:
    network = subject.as_network()
    engine = subject.build()
    engine.train(epoch_of(network, 1))
    engine.save(tmp_path)
    saved = engine.weights()
    engine.train(epoch_of(network, 2))
    assert differ(engine.weights(), saved)
    engine.load(tmp_path)
    assert_same(engine.weights(), saved)


@every()
def test_the_same_seed_gives_the_same_weights(subject: Subject) -> None:
    network = subject.as_network()
    trained = []
    for noise in range(2):
        torch.manual_seed(noise)
        engine = subject.build(seed=4)
        engine.train(epoch_of(network))
        trained.append(engine.weights())
    assert_same(trained[0], trained[1])
    assert differ(trained[0], initial(network, 0))


@every(DROPPING)
def test_another_seed_draws_another_dropout(subject: Subject) -> None:
    trained = []
    for seed in range(2):
        engine = subject.build(seed=seed)
        engine.train(epoch_of(subject.as_network()))
        trained.append(engine.weights())
    assert differ(trained[0], trained[1])


@every(DROPPING)
def test_dropout_is_drawn_anew_each_epoch(subject: Subject) -> None:
    network = subject.as_network()
    engine = subject.build()
    epochs = (epoch_of(network, number, rate=0, seed=0) for number in (1, 2, 3))
    losses = {float(engine.train(epoch).mean()) for epoch in epochs}
    assert len(losses) == 3


@every()
def test_answers_have_no_dropout(subject: Subject) -> None:
    engine = subject.build(dropout=0.9)
    engine.train(epoch_of(subject.as_network()))
    calm = subject.build(dropout=0, weights=engine.weights())
    inputs, _ = labelled(subject.as_network(), 9)
    np.testing.assert_allclose(engine.predict(inputs), calm.predict(inputs), atol=1e-6)


# The cnn is left out: a relu of TensorFlow makes a 0 of what is no number.
@every([s for s in SUBJECTS if s.network != "cnn"])
def test_numbers_that_overflow_are_left_to_the_training_loop(subject: Subject) -> None:
    """No warning of the library below, which the tests would take for an error."""
    network = subject.as_network()
    engine = subject.build(
        dropout=0, weights={k: np.full_like(v, 3e38) for k, v in initial(network, 0).items()}
    )
    inputs, targets = labelled_once(network)
    assert not np.isfinite(engine.predict(inputs)).all()
    assert not np.isfinite(engine.train(one_step(inputs, targets, 0.1))).all()


@every()
def test_targets_may_be_soft(subject: Subject) -> None:
    inputs, labels = labelled(subject.as_network(), 12)
    hard = np.eye(CLASSES, dtype=np.float32)[labels]

    def loss(targets: npt.NDArray[np.float32]) -> float:
        return float(subject.build(dropout=0).train(one_step(inputs, targets, 0.0))[0])

    uniform = np.full_like(hard, 1 / CLASSES)
    assert loss(uniform) == pytest.approx(np.log(CLASSES), abs=0.1)
    # Cross-entropy is linear in its targets.
    turned = np.roll(hard, 1, axis=1)
    mixed = loss((0.7 * hard + 0.3 * turned).astype(np.float32))
    assert mixed == pytest.approx(0.7 * loss(hard) + 0.3 * loss(turned), abs=1e-5)
    assert abs(loss(hard) - loss(turned)) > 0.001


@pytest.mark.usefixtures("float32")
@every()
def test_a_target_that_counts_twice_moves_the_weights_twice_as_far(subject: Subject) -> None:
    inputs, labels = labelled(subject.as_network(), 12)
    targets = np.eye(CLASSES, dtype=np.float32)[labels]

    def step(weight: float, rate: float) -> Weights:
        engine = subject.build(dropout=0, optimiser=Optimiser("sgd", 0.0, 1.0))
        engine.train(one_step(inputs, weight * targets, rate))
        return engine.weights()

    assert_same(step(2.0, 0.01), step(1.0, 0.02))


@every()
def test_weights_travel_to_another_engine(subject: Subject) -> None:
    network = subject.as_network()
    engine = subject.build()
    engine.train(epoch_of(network))
    other = subject.build(weights=engine.weights())
    inputs, _ = labelled(network, 5)
    np.testing.assert_array_equal(other.predict(inputs), engine.predict(inputs))


@every()
def test_weights_are_named_shaped_and_typed_as_in_networks(subject: Subject) -> None:
    actual, expected = subject.build().weights(), initial(subject.as_network(), 0)
    assert {n: (v.shape, v.dtype) for n, v in actual.items()} == {
        n: (v.shape, np.dtype(np.float32)) for n, v in expected.items()
    }


@every()
def test_weights_are_a_copy(subject: Subject) -> None:
    engine = subject.build()
    for value in engine.weights().values():
        value[:] = 0
    assert_same(engine.weights(), initial(subject.as_network(), 0))


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@every()
def test_an_exported_graph_answers_as_the_engine(subject: Subject, runtime: str) -> None:
    network = subject.as_network()
    engine = subject.build(optimiser=Optimiser("sgd", 0, 1))
    engine.train(epoch_of(network, rate=0.01))
    probabilities = open_graph(engine.export("onnx"), runtime)
    logits = open_graph(engine.export("onnx", probabilities=False), runtime)
    inputs, _ = labelled(network, 7)
    inputs.flags.writeable = False
    # OpenVINO computes in bfloat16, of 8 bits, where the processor has it.
    facts = torch.cpu.get_capabilities()
    coarse = runtime == "openvino" and (facts.get("amx_bf16") or facts.get("avx512_bf16"))
    for some in (inputs[:1], inputs):
        expected = engine.predict(some)
        limit = 0.05 if coarse else 1e-5
        np.testing.assert_allclose(probabilities(some), softmax(expected), atol=limit)
        np.testing.assert_allclose(logits(some), expected, atol=limit, rtol=limit)


@every()
def test_an_unknown_format_is_refused_with_those_there_are(subject: Subject) -> None:
    with pytest.raises(InputError, match=f"the engine {subject.engine} .* csv; it has: onnx"):
        subject.build().export("csv")


@every()
def test_nobody_elses_random_numbers_are_touched(subject: Subject) -> None:
    torch.manual_seed(1)
    untouched = torch.rand(3)
    torch.manual_seed(1)
    engine = subject.build()
    engine.train(epoch_of(subject.as_network()))
    engine.predict(labelled(subject.as_network(), 2)[0])
    engine.export("onnx")
    assert torch.equal(torch.rand(3), untouched)


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize(
    ("optimiser", "rate"),
    [
        (Optimiser("adamw", weight_decay=0.5, backbone_rate=0.1), 0.01),
        (Optimiser("sgd", weight_decay=0.5, backbone_rate=0.1), 0.1),
        (Optimiser("sgd", 0.5, 0.1, clip=0.5, average_decay=0.9), 0.5),
    ],
    ids=["adamw", "sgd", "clipped and averaged"],
)
@pytest.mark.parametrize("name", ["linear", "mlp/head"])
def test_both_engines_train_to_the_same_weights(
    name: str, optimiser: Optimiser, rate: float
) -> None:
    trained = []
    for engine in ("linear", "torch"):
        subject = Subject(engine, name)
        built = subject.build(dropout=0, optimiser=optimiser)
        built.train(epoch_of(subject.as_network(0), n=120, size=6, rate=rate))
        trained.append(built.weights())
    start = initial(subject.as_network(0), 0)
    for key, value in trained[0].items():
        assert np.abs(value - start[key]).max() > 0.001
        np.testing.assert_allclose(trained[1][key], value, atol=1e-4, err_msg=key)


@pytest.mark.parametrize("subject", SUBJECTS[::2], ids=[" ".join(s) for s in SUBJECTS[::2]])
def test_gradients_are_cut_to_a_length(subject: Subject) -> None:
    network = subject.as_network(0)
    start, moved = initial(network, 0), []
    for clip in (0.0, 1e-3):
        engine = subject.build(dropout=0, optimiser=Optimiser("sgd", 0.0, 1.0, clip=clip))
        engine.train(one_step(*labelled_once(network), 1.0))
        # Nesterov's first step is 1.9 times the gradient.
        steps = [
            value - start[name] for name, value in engine.weights().items() if "running" not in name
        ]
        moved.append(np.sqrt(sum((step**2).sum() for step in steps)) / 1.9)
    assert moved[0] > 0.1
    assert moved[1] == pytest.approx(1e-3, rel=0.01)


@pytest.mark.parametrize("subject", SUBJECTS[::2], ids=[" ".join(s) for s in SUBJECTS[::2]])
def test_the_average_of_what_was_learned_answers(subject: Subject) -> None:
    network = subject.as_network(0)
    plain = Optimiser("sgd", 0.0, 1.0)
    last = subject.build(dropout=0, optimiser=plain)
    averaged = subject.build(dropout=0, optimiser=plain._replace(average_decay=0.5))
    expected = initial(network, 0)
    for number, decay in ((1, 1 / 10), (2, 2 / 11), (3, 3 / 12)):
        epoch = one_step(*labelled_once(network, number), 0.05, number)
        assert averaged.train(epoch) == last.train(epoch)
        learned = last.weights()
        expected = {n: decay * expected[n] + (1 - decay) * learned[n] for n in expected}
    for name, value in averaged.weights().items():
        np.testing.assert_allclose(value, expected[name], atol=1e-5, err_msg=name)
    twin = subject.build(dropout=0, weights=averaged.weights())
    inputs, _ = labelled(network, 9)
    np.testing.assert_allclose(averaged.predict(inputs), twin.predict(inputs), atol=1e-4)


def test_muon_makes_the_steps_of_kernels_orthogonal() -> None:
    subject = Subject("torch", "cnn")
    start = initial(subject.as_network(0), 0)
    steps = {}
    for kind in ("muon", "adamw"):
        engine = subject.build(dropout=0, optimiser=Optimiser(kind, 0.0, 1.0))
        engine.train(one_step(*labelled_once(subject.as_network(0)), 0.01))
        steps[kind] = {name: value - start[name] for name, value in engine.weights().items()}
    step = steps["muon"]["stage1b.conv.weight"]
    size = 0.01 * 0.2 * np.sqrt(max(step.reshape(len(step), -1).shape))
    values = np.linalg.svd(step.reshape(len(step), -1) / size, compute_uv=False)
    # The iteration brings singular values to somewhere near one (Jordan et al. 2024).
    assert np.median(values) == pytest.approx(1, abs=0.3)
    assert values.max() < 1.3
    for name in ("classifier.weight", "stage1b.norm.weight"):
        np.testing.assert_allclose(steps["muon"][name], steps["adamw"][name], atol=1e-6)


def test_the_backbone_learns_at_its_own_rate() -> None:
    frozen = Optimiser("adamw", weight_decay=0.1, backbone_rate=0)
    subject = Subject("torch", "mlp")
    engine = subject.build(optimiser=frozen)
    engine.train(epoch_of(subject.as_network()))
    start = initial(subject.as_network(), 0)
    moved = {name for name, value in engine.weights().items() if (value != start[name]).any()}
    assert moved == {"classifier.weight", "classifier.bias"}


@pytest.mark.usefixtures("float32")
def test_fine_tuning_is_the_same_in_both_engines_and_leaves_normalisation_alone() -> None:
    how = Optimiser("sgd", 0.0, 0.5, depth_rate=0.1, frozen_norms=True)
    torch_weights, keras_weights = (
        finely_tuned(Subject(engine, "cnn"), how) for engine in ("torch", "tensorflow")
    )
    start = initial(Subject("torch", "cnn").as_network(), 0)
    for name, value in torch_weights.items():
        np.testing.assert_allclose(keras_weights[name], value, atol=1e-4, err_msg=name)
        assert (value == start[name]).all() == (".norm." in name)


def finely_tuned(subject: Subject, how: Optimiser) -> Weights:
    engine = subject.build(dropout=0, optimiser=how)
    engine.train(epoch_of(subject.as_network(0), rate=0.01))
    return engine.weights()


def test_maps_in_a_row_are_maps_again_in_every_framework() -> None:
    whole = ZOO["cnn"]((16, 16, 3), CLASSES, 0)
    weights = initial(whole, 0)
    position = next(i for i, x in enumerate(whole.layers) if isinstance(x, MaxPool)) + 1
    below = replace(whole, layers=(*whole.layers[:position], Flatten()))
    height, width = map_sides(replace(whole, layers=whole.layers[:position]), weights)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)
    maps = open_graph(onnx_graph(below, weights, probabilities=False))(pixels)
    rest = whole.layers[position:]
    channels = maps.shape[1] // (height * width)
    above = Network("above", maps.shape[1:], (Unflatten(height, width, channels), *rest))
    own = {name: value for name, value in weights.items() if above.has(name)}
    expected = engines.build("torch", whole, weights).predict(pixels)
    graph = open_graph(onnx_graph(above, own, probabilities=False))
    np.testing.assert_allclose(graph(maps), expected, atol=1e-5)
    for engine in ("torch", "tensorflow"):
        actual = engines.build(engine, above, own).predict(maps)
        np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_backbone_then_head_is_the_whole_network() -> None:
    subject = Subject("torch", "cnn")
    engine = subject.build()
    engine.train(epoch_of(subject.as_network()))
    backbone = open_graph(backbone_graph("torch", subject.as_network(), engine.weights()))
    own = {n: v for n, v in engine.weights().items() if subject.as_network().head.has(n)}
    head = engines.build("linear", subject.as_network().head, own, ADAMW, 0)
    inputs, _ = labelled(subject.as_network(), 5)
    np.testing.assert_allclose(head.predict(backbone(inputs)), engine.predict(inputs), atol=1e-5)


def test_the_linear_engine_says_what_it_can_train() -> None:
    with pytest.raises(InputError, match="cannot train cnn; it has: linear, and any head"):
        Subject("linear", "cnn").build()


def test_weights_of_another_network_are_refused() -> None:
    network = Subject("torch", "linear").as_network()
    weights = initial(network, 0)
    with pytest.raises(InputError, match=r"linear: no weights for classifier\.weight"):
        engines.build("torch", network, {"classifier.bias": weights["classifier.bias"]}, ADAMW, 0)
    with pytest.raises(InputError, match=r"linear: no place for hidden1\.bias"):
        engines.build(
            "torch",
            network,
            {**weights, "hidden1.bias": np.zeros(3, np.float32)},
            ADAMW,
            0,
        )


def test_an_unknown_engine_or_network_names_the_nearest() -> None:
    network = Subject("linear", "linear").as_network()
    with pytest.raises(InputError, match="no engine 'toarch'; did you mean 'torch'"):
        engines.build("toarch", network, {}, ADAMW, 0)
    with pytest.raises(InputError, match="no network 'efficientnet'; did you mean 'efficientnet_"):
        choosing.network(Recipe(network="efficientnet"), (SIDE, SIDE, 3), 2)


def test_only_pytorch_has_the_networks_of_timm() -> None:
    recipe = Recipe(engine="linear", network="timm/resnet18")
    with pytest.raises(InputError, match="timm/resnet18: only the engine torch has it"):
        choosing.network(recipe, (SIDE, SIDE, 3), 2)


def test_a_graph_without_a_softmax_ends_in_features() -> None:
    network = Subject("torch", "cnn").as_network()
    run = open_graph(onnx_graph(network.backbone, initial(network, 0), probabilities=False))
    assert run(labelled(network, 4)[0]).shape == (4, network.features)


FLIPPED_AND_MIXED = AugmentationPolicy(flip=0.5, rotate=20, zoom=0.2, contrast=0.3, mixup=0.4)


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("optimiser", [ADAMW, SGD, MUON], ids=["adamw", "sgd", "muon"])
@pytest.mark.parametrize(
    ("network", "policy"),
    [
        ("linear", None),
        ("mlp", None),
        ("cnn", None),
        ("mlp/head", None),
        ("mlp", FLIPPED_AND_MIXED),
        ("cnn", FLIPPED_AND_MIXED),
    ],
    ids=["linear", "mlp", "cnn", "mlp/head", "mlp augmented", "cnn augmented"],
)
def test_two_frameworks_take_the_same_steps(
    network: str, policy: AugmentationPolicy | None, optimiser: Optimiser
) -> None:
    actual = []
    for name in ("torch", "tensorflow"):
        subject = Subject(name, network)
        engine = subject.build(dropout=0.0, optimiser=optimiser)
        epochs = [epoch_of(subject.as_network(0.0), number, policy=policy) for number in (1, 2, 3)]
        losses = [engine.train(epoch).mean() for epoch in epochs]
        actual.append((losses, softmax(engine.predict(labelled(subject.as_network(), 30, 9)[0]))))
    (losses, answers), (other_losses, other_answers) = actual
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(losses, other_losses, rtol=2e-3)
    np.testing.assert_allclose(answers, other_answers, atol=5e-3)


@pytest.mark.parametrize("missing", ["tensorflow", "torch"])
def test_a_framework_that_is_not_installed_names_the_extra(missing: str) -> None:
    code = (
        "import sys; sys.modules[sys.argv[1]] = None\n"
        "from diptych import engines; from diptych.errors import MissingExtra\n"
        "try: engines.build(sys.argv[1], None, {}, None, 0)\n"
        "except MissingExtra as error: print(error)"
    )
    command = [sys.executable, "-c", code, missing]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert f"is not installed; run: pip install 'diptych[{missing}]'" in run.stdout, run.stderr
