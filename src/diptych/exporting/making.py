"""A bundle as a file of each format, and that file at work. One framework in a process."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from diptych import engines
from diptych.bundles.format import GRAPH, OOD, Bundle
from diptych.errors import InputError
from diptych.exporting.formats import ANY_SIZE
from diptych.exporting.pytorch_source import pytorch_source
from diptych.graphs.outputs import FACTS, OOD_SCORE, PROBABILITIES, Answer, Answers
from diptych.graphs.resizing import any_size
from diptych.graphs.surgery import MidLayer, mid_layer, only
from diptych.images.rows import Rows
from diptych.metrics.probabilities import Probabilities, softmax
from diptych.reliability.ood import OodDetector, restored
from diptych.runtimes import files as runtime_files

if TYPE_CHECKING:
    import keras

    from diptych.engines.torch.exports import Classifier


class Source:
    """What files are made from: a bundle's weights, in each framework when it is asked for."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.facts = facts_of(bundle)
        self.weights = bundle.weights()

    @cached_property
    def graph(self) -> bytes:
        """The bundle's graph, but for what only the watching of drift needs."""
        classes = len(self.bundle.classes)
        outputs = {PROBABILITIES: ("N", classes), OOD_SCORE: ("N",)}
        return only(self.bundle.read(GRAPH), outputs)

    @cached_property
    def torch(self) -> "Classifier":
        """The classifier in PyTorch."""
        from diptych.engines.torch.exports import Classifier

        number = None if self.mid_layer is None else self.mid_layer.number
        return Classifier(self.bundle.network("torch"), self.weights, self.detector, number)

    @cached_property
    def keras(self) -> "keras.Model":
        """The classifier in Keras."""
        from diptych.engines.tensorflow.exports import classifier

        network = self.bundle.network("tensorflow")
        return classifier(network, self.weights, self.detector, self.mid_layer)

    @cached_property
    def mid_layer(self) -> MidLayer | None:
        """Where outliers are looked at besides the features."""
        return mid_layer(self.bundle.read(GRAPH))

    @cached_property
    def detector(self) -> OodDetector:
        """How outliers are known."""
        return restored(self.bundle.facts["ood"], self.bundle.read(OOD))


def facts_of(bundle: Bundle) -> dict[str, Any]:
    """What every file says of itself, where its format allows."""
    told = ("diptych", "classes", "classes_sha256", "preprocess")
    return {key: bundle.facts[key] for key in told}


def network_answers(source: Source, engine: str, pixels: Rows) -> Probabilities:
    """What the network itself answers, in the framework that it was trained in."""
    network = engines.build(engine, source.bundle.network(engine), source.weights)
    starts = range(0, len(pixels), 64)
    some = (np.arange(at, min(at + 64, len(pixels))) for at in starts)
    return softmax(np.concatenate([network.predict(pixels[which]) for which in some]))


def made(source: Source, format: str, kind: str, paths: Sequence[Path]) -> None:
    """Write the bundle in a format."""
    first, shape = paths[0], source.bundle.shape
    match format:
        case "onnx":
            first.write_bytes(any_size(source.graph) if kind == ANY_SIZE else source.graph)
        case "openvino":
            runtime_files.write_openvino(source.graph, source.facts, first)
        case "torch":
            from diptych.networks.torch_files import state_file

            first.write_bytes(state_file(source.weights))
            paths[1].write_text(pytorch_source(source.bundle.network("torch")), encoding="utf-8")
        case "torchscript":
            from diptych.engines.torch.exports import torchscript

            first.write_bytes(torchscript(source.torch, shape, source.facts))
        case "torch-export":
            from diptych.engines.torch.exports import program

            first.write_bytes(program(source.torch, shape, source.facts))
        case "savedmodel":
            from diptych.engines.tensorflow.exports import write_saved_model

            write_saved_model(source.keras, source.facts, first)
        case "keras":
            from diptych.engines.tensorflow.exports import write_keras

            write_keras(source.keras, source.facts, first)
        case "litert":
            from diptych.engines.tensorflow.exports import litert

            first.write_bytes(packed(litert(source.keras), source.facts))


def packed(model: bytes, facts: Mapping[str, Any]) -> bytes:
    """A LiteRT model with the facts behind it, and the labels where Android's tools look."""
    texts = {FACTS: json.dumps(facts), "labels.txt": "\n".join(facts["classes"])}
    return runtime_files.with_members(model, texts)


def opened(source: Source, format: str, kind: str, paths: Sequence[Path]) -> Answer:
    """A file at work in its own runtime: from pixels (N, H, W, C) to answers by name."""
    first = paths[0]
    match format:
        case "onnx":
            answer = runtime_files.open_onnx(first)
            return one_by_one(answer) if kind == ANY_SIZE else answer
        case "openvino":
            return runtime_files.open_openvino(first)
        case "litert":
            return runtime_files.open_litert(first)
        case "torch":
            from diptych.engines.torch.exports import open_state

            return open_state(*paths)
        case "torchscript":
            from diptych.engines.torch.exports import open_torchscript

            return open_torchscript(first)
        case "torch-export":
            from diptych.engines.torch.exports import open_program

            return open_program(first)
        case "savedmodel":
            from diptych.engines.tensorflow.exports import open_saved_model

            return open_saved_model(first)
        case "keras":
            from diptych.engines.tensorflow.exports import open_keras

            return open_keras(first)
        case _:
            raise InputError(f"no format '{format}'")


def one_by_one(answer: Answer) -> Answer:
    """A file that takes a picture (H, W, 3) at a time, for many of one size, grey ones too."""

    def answers(pixels_NHWC: npt.NDArray[Any]) -> Answers:
        pictures = np.repeat(pixels_NHWC, 3, -1) if pixels_NHWC.shape[-1] == 1 else pixels_NHWC
        found = [answer(picture) for picture in pictures]
        return {name: np.concatenate([one[name] for one in found]) for name in found[0]}

    return answers
