import warnings

import numpy as np
import pytest
import torch

from diptych import engines
from diptych.engines.contract import Optimiser
from diptych.engines.torch.devices import best_device
from diptych.networks import choosing
from diptych.networks.initialisation import initial
from diptych.networks.libraries import timm as external
from diptych.recipe import Recipe
from diptych.training.batches import Batches, one_hot

pytestmark = pytest.mark.usefixtures("one_thread")


def test_that_there_is_no_gpu_is_no_reason_for_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked() -> bool:
        warnings.warn(
            "CUDA initialization: Unexpected error from cudaGetDeviceCount()", stacklevel=2
        )
        return False

    monkeypatch.setattr(torch.cuda, "is_available", looked)
    assert best_device().type in ("cpu", "mps")


def test_several_gpus_are_no_reason_for_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of random numbers on all of them PyTorch warns; warnings are errors here.
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    external._tried.cache_clear()
    network = choosing.network(Recipe(network="timm/test_resnet"), (64, 64, 3), 2)
    start = initial(network, 0)
    engine = engines.build("torch", network, start, Optimiser("adamw", 0.01, 1.0), 0)
    pixels = np.zeros((4, 64, 64, 3), np.uint8)
    batches = Batches(pixels, one_hot([0, 1, 0, 1], 2), 4, 0)
    assert np.isfinite(engine.train(batches.epoch(1, [0.01]))).all()
    assert engine.predict(pixels).shape == (4, 2)
