"""The directions in which the features of training pictures differ most, by which drift is seen.

Letters in names: N pictures, D features, C components.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych.graphs.builder import Builder, Name
from diptych.graphs.surgery import with_output

Floats = npt.NDArray[np.float32]

COMPONENTS = 8
OUTPUT = "components"


@dataclass(frozen=True)
class PrincipalComponents:
    """A linear map, whitening: along each component training pictures have a variance of 1."""

    mean_D: Floats
    directions_DC: Floats

    def project(self, features_ND: Floats) -> Floats:
        """Where pictures lie along the components, (N, C)."""
        return np.asarray((features_ND - self.mean_D) @ self.directions_DC, np.float32)


def principal_components(features_ND: Floats) -> PrincipalComponents:
    """The first eight of training pictures' features; fewer where they do not differ."""
    mean_D = features_ND.mean(0)
    off_ND = (features_ND - mean_D).astype(np.float64)
    # Of fewer pictures than features, by the products of pictures: they have the same variances.
    few = len(off_ND) < off_ND.shape[1]
    products = off_ND @ off_ND.T if few else off_ND.T @ off_ND
    variances, directions = np.linalg.eigh(products / max(len(off_ND) - 1, 1))
    order = np.argsort(variances)[::-1][:COMPONENTS]
    order = order[variances[order] > max(1e-6 * variances.max(initial=0), 1e-12)]
    directions_DC = off_ND.T @ directions[:, order] if few else directions[:, order]
    length_C = np.linalg.norm(directions_DC, axis=0)
    scaled_DC = directions_DC / length_C / np.sqrt(variances[order])
    return PrincipalComponents(mean_D, np.asarray(scaled_DC, np.float32))


def components_and_unseen(
    train_ND: Floats, valid_ND: Floats, *, frozen: bool
) -> tuple[PrincipalComponents, Floats]:
    """Components, and where pictures lie along them that had no part in choosing them, (N, C).

    Features of independent pictures in random order. Along directions in which some pictures differ
    most these differ more than others do: a classifier of 100 pictures would call all new ones
    changed. So half of the training pictures choose the components. The others are as new ones are
    if the features are `frozen`, those of a network that did not learn from them; else only the
    validation pictures are.
    """
    half = -(-len(train_ND) // 2) if frozen else len(train_ND)
    components = principal_components(train_ND[:half])
    return components, components.project(np.concatenate([train_ND[half:], valid_ND]))


def with_components(graph: bytes, components: PrincipalComponents) -> bytes:
    """A network's graph with the components (N, C) as one more output."""

    def write(builder: Builder, features: Sequence[Name], logits: Name) -> Name:
        off = builder.node("Sub", features[0], builder.constant(components.mean_D))
        return builder.node("MatMul", off, builder.constant(components.directions_DC))

    return with_output(graph, OUTPUT, components.directions_DC.shape[1:], write)
