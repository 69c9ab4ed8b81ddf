"""Pictures that stay on a device; on the processor here, which does as any other."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from diptych.engines.backbone import backbone_graph
from diptych.engines.contract import Optimiser
from diptych.engines.torch import devices, feeding
from diptych.engines.torch.engine import TorchEngine
from diptych.engines.torch.features import feature_function
from diptych.engines.torch.feeding import KeptRows, kept_rows
from diptych.engines.torch.precision import gradient_scaler, short_floats
from diptych.graphs.surgery import mid_layer
from diptych.images.augmentation import AugmentationPolicy
from diptych.images.rows import StoredRows
from diptych.images.store import Store
from diptych.networks.initialisation import initial
from diptych.networks.zoo import cnn, efficientnet_lite0
from diptych.runtimes import open_outputs
from diptych.runtimes.features import extract, feature_extractor
from diptych.training.batches import Batches, one_hot

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
PIXELS = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), np.uint8)


class Counted:
    """Rows that note which of them were asked for."""

    def __init__(self) -> None:
        self.asked = list[int]()
        self.shape = PIXELS.shape

    def __len__(self) -> int:
        return len(PIXELS)

    def __getitem__(self, indices: slice | np.ndarray) -> np.ndarray:
        self.asked += np.arange(len(PIXELS))[indices].tolist()
        return PIXELS[indices]


def test_rows_are_brought_to_a_device_once() -> None:
    rows = Counted()
    kept = KeptRows(rows, torch.uint8, CPU)
    for indices in ([3, 1], [1, 1, 7], [7, 3]):
        np.testing.assert_array_equal(kept[np.array(indices)].numpy(), PIXELS[indices])
    assert sorted(rows.asked) == [1, 3, 7]


def test_rows_stay_only_where_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, stays in ((3 * PIXELS.nbytes, True), (2 * PIXELS.nbytes, False)):
        monkeypatch.setattr(feeding, "free_memory", lambda device, free=free: free)
        assert (kept_rows(PIXELS, CPU) is not None) == stays


def test_training_is_the_same_from_what_stays_on_a_device(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = Store(tmp_path, PIXELS.shape[1:], "uint8")
    store.add((str(i), row, {}) for i, row in enumerate(PIXELS))
    network = cnn((16, 16, 3), 2)
    targets, policy = one_hot([i % 2 for i in range(20)], 2), AugmentationPolicy(flip=0.5)
    losses = []
    for rows, stays in ((PIXELS, False), (StoredRows(store, [str(i) for i in range(20)]), True)):
        engine = TorchEngine(network, initial(network, 0), Optimiser("sgd", 0, 1), 0)
        if stays:
            monkeypatch.setattr(feeding, "free_memory", lambda device: 2**20)
            monkeypatch.setattr(engine.feed, "keeps", True)
        batches = Batches(rows, targets, 8, 0, policy)
        losses.append([engine.train(batches.epoch(n, [0.01] * 3)).tolist() for n in (1, 2)])
    assert losses[0] == losses[1]


def test_a_gpu_without_bfloat16_computes_in_float16_with_scaled_gradients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gpu = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    for capability, expected in (((7, 5), torch.float16), ((6, 1), None)):
        monkeypatch.setattr(
            torch.cuda, "get_device_capability", lambda device, capability=capability: capability
        )
        assert short_floats(gpu) is expected
    assert not gradient_scaler(devices.CPU).is_enabled()


def test_features_of_the_module_are_those_of_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    network = efficientnet_lite0((32, 32, 3), 2)
    weights = initial(network, 0)
    graph = backbone_graph("torch", network, weights)
    layer = mid_layer(graph)
    assert layer is not None
    run = feature_function(network.backbone, weights, layer.number, CPU)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    expected = extract(open_outputs(feature_extractor(graph, network.features).graph), pictures)
    for one, other in zip(run(pictures), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=1e-3)

    # Where memory is too little for more than two pictures, they are computed two by two.
    sizes = list[int]()
    forward: Any = torch.nn.Sequential.forward

    def short(module: torch.nn.Sequential, images: torch.Tensor) -> Any:
        if images.dtype is torch.uint8:
            sizes.append(len(images))
            if len(images) > 2:
                raise torch.OutOfMemoryError
        return forward(module, images)

    monkeypatch.setattr(torch.nn.Sequential, "forward", short)
    for one, other in zip(run(pictures), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=1e-3)
    assert sizes == [5, 2, 3, 1, 2]
