"""What files are made from: a bundle's network, in each framework when it is asked for.

A process may ask for one framework: two do not live well together.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from diptych import engines
from diptych.bundles.format import GRAPH, OOD, Bundle
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES
from diptych.graphs.surgery import MidLayer, keep_outputs, mid_layer
from diptych.images.rows import Rows, map_batches
from diptych.metrics.probabilities import Probabilities, softmax
from diptych.reliability.ood import OodDetector

if TYPE_CHECKING:
    import keras

    from diptych.engines.torch.classifier import Classifier

BATCH = 64


class ExportSource:
    """A bundle's classifier, ready to be written in any format."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.shape = bundle.shape
        self.weights = bundle.weights()

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What every file says of itself, where its format allows."""
        keys = ("diptych", "classes", "classes_sha256", "preprocess")
        return {key: self.bundle.facts[key] for key in keys}

    @cached_property
    def graph(self) -> bytes:
        """The bundle's graph, but for what only the watching of drift needs."""
        outputs = {PROBABILITIES: ("N", len(self.bundle.classes)), OOD_SCORE: ("N",)}
        return keep_outputs(self.bundle.read(GRAPH), outputs)

    @cached_property
    def torch(self) -> "Classifier":
        """The classifier in PyTorch."""
        from diptych.engines.torch.classifier import Classifier

        network = self.bundle.network("torch")
        return Classifier(network, self.weights, self.detector, self.mid_layer)

    @cached_property
    def keras(self) -> "keras.Model":
        """The classifier in Keras."""
        from diptych.engines.tensorflow.classifier import classifier

        network = self.bundle.network("tensorflow")
        return classifier(network, self.weights, self.detector, self.mid_layer)

    @cached_property
    def mid_layer(self) -> MidLayer | None:
        """Where the mid-level features are."""
        return mid_layer(self.bundle.read(GRAPH))

    @cached_property
    def detector(self) -> OodDetector:
        """How outliers are known."""
        return OodDetector.from_safetensors(self.bundle.facts["ood"], self.bundle.read(OOD))

    def probabilities(self, engine: str, images_NHWC: Rows) -> Probabilities:
        """What the network itself answers (N, K), in the framework that it was trained in."""
        network = engines.build(engine, self.bundle.network(engine), self.weights)
        return softmax(map_batches(network.predict, images_NHWC, BATCH))
