"""A whole classifier as files of PyTorch: uint8 pixels in, probabilities and OOD score out."""

import io
import json
import runpy
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from diptych.engines.contract import Inputs
from diptych.engines.torch.engine import full_precision, loaded, tensor
from diptych.engines.torch.modules import Convolution
from diptych.engines.torch.ood import OodScore
from diptych.graphs.outputs import FACTS, OOD_SCORE, PROBABILITIES, Answer, Answers
from diptych.networks import Network, Weights
from diptych.reliability.ood import OodDetector
from diptych.system.silence import quiet


class Classifier(nn.Module):
    """From uint8 pixels (N, H, W, C) to probabilities (N, K) and OOD score (N,), by name."""

    def __init__(
        self, network: Network, weights: Weights, detector: OodDetector, mid_layer: int | None
    ) -> None:
        super().__init__()
        layers = loaded(network, weights).eval()
        assert isinstance(layers, nn.Sequential)
        self.below, self.head = layers[:-1], layers[-1]
        self.ood_score = OodScore(detector)
        self._maps: list[Tensor] = []
        if mid_layer is not None:
            convolution = _convolutions(network, layers)[mid_layer]
            convolution.register_forward_pre_hook(lambda _, given: self._maps.append(given[0]))
        self.eval().requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        self._maps.clear()
        features = self.below(images)
        logits = self.head(features)
        looks = [features, *(maps.mean((2, 3)) for maps in self._maps)]
        self._maps.clear()
        return {PROBABILITIES: logits.softmax(1), OOD_SCORE: self.ood_score(looks, logits)}


def torchscript(whole: Classifier, shape: tuple[int, ...], facts: Mapping[str, Any]) -> bytes:
    """The classifier as a TorchScript file, with the facts inside as JSON."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        # The sides of pictures become constants, which is meant; and TorchScript itself is old.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(  # type: ignore[no-untyped-call]
            whole, _example(shape), strict=False, check_trace=False
        )
        torch.jit.save(torch.jit.freeze(traced), file, _extra_files={FACTS: json.dumps(facts)})
    return file.getvalue()


def program(whole: Classifier, shape: tuple[int, ...], facts: Mapping[str, Any]) -> bytes:
    """The classifier as a file of torch.export, with the facts inside as JSON."""
    file = io.BytesIO()
    with warnings.catch_warnings(), quiet("torch.export"):
        warnings.simplefilter("ignore")
        batch = torch.export.Dim("N", min=1)
        exported = torch.export.export(whole, (_example(shape),), dynamic_shapes=({0: batch},))
        torch.export.save(exported, file, extra_files={FACTS: json.dumps(facts)})
    return file.getvalue()


def open_torchscript(path: Path) -> Answer:
    """A function from pixels to what a TorchScript file answers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _answer(torch.jit.load(path))  # type: ignore[no-untyped-call]


def open_program(path: Path) -> Answer:
    """A function from pixels to what a file of torch.export answers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _answer(torch.export.load(path).module())


def open_state(weights: Path, source: Path) -> Answer:
    """A function from pixels to the probabilities of a Python file's network with a file's weights.

    The file is run, so it must be one of ours (`exporting.pytorch_source`).
    """
    network = runpy.run_path(str(source))["network"]()
    network.load_state_dict(torch.load(weights, weights_only=True))
    whole = nn.Sequential(network, nn.Softmax(1)).eval()
    return _answer(lambda images: {PROBABILITIES: whole(images)})


def _example(shape: tuple[int, ...]) -> Tensor:
    # Of a single picture it would be taken that there is always one.
    return torch.zeros((2, *shape), dtype=torch.uint8)


def _answer(run: Callable[[Tensor], Mapping[str, Tensor]]) -> Answer:
    @torch.inference_mode()
    def answer(images_NHWC: Inputs) -> Answers:
        with full_precision():
            found = run(tensor(images_NHWC))
        return {name: value.numpy() for name, value in found.items()}

    return answer


@torch.inference_mode()
def _convolutions(network: Network, layers: nn.Module) -> list[nn.Module]:
    """The convolutions in the order in which they are called, ours with their padding."""
    called: list[nn.Module] = []
    kind = nn.Conv2d if network.external else Convolution
    hooks = [
        part.register_forward_pre_hook(lambda module, _: called.append(module))
        for part in layers.modules()
        if isinstance(part, kind)
    ]
    layers(_example(network.input))
    for hook in hooks:
        hook.remove()
    return called
