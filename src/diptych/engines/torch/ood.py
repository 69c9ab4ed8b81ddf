"""How strange a picture is (see `reliability.ood`), computed in PyTorch.

N pictures, R reference pictures, K classes, D features.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from diptych.reliability.ood import NEIGHBOURS, OodDetector

_TINY = 1e-30  # instead of a length of nothing


class OodScore(nn.Module):
    """From the last features and mid-level ones, (N, D) each, and logits (N, K) to a score (N,)."""

    def __init__(self, detector: OodDetector) -> None:
        super().__init__()
        self.method = detector.method
        self.scales = detector.scales
        for name, array in detector.arrays.items():
            self.register_buffer(name, torch.from_numpy(np.array(array)))

    def forward(self, features: Sequence[Tensor], logits_NK: Tensor) -> Tensor:
        match self.method:
            case "none":
                return 0 * logits_NK.softmax(1).amax(1)
            case "energy":
                raw = (-logits_NK.logsumexp(1)).exp()
            case "probability":
                raw = 1 - logits_NK.softmax(1).amax(1)
            case _:
                measure = self._dissimilarity if self.method == "neighbours" else self._distance
                each = [measure(x_ND, i) / self.scales[i] for i, x_ND in enumerate(features)]
                raw = torch.stack(each).amax(0)
        return raw / self.scales[-1]

    def _dissimilarity(self, features_ND: Tensor, number: int) -> Tensor:
        """One minus the mean cosine similarity to the nearest references, (N,)."""
        references_RD = self.get_buffer(f"references{number}")
        rooted_ND = features_ND.sign() * features_ND.abs().sqrt()
        unit_ND = rooted_ND / rooted_ND.norm(dim=1, keepdim=True).clamp(min=_TINY)
        similarity_NR = unit_ND @ references_RD.T
        nearest_NR: Tensor = similarity_NR.topk(min(NEIGHBOURS, len(references_RD)), 1).values
        return 1 - nearest_NR.mean(1)

    def _distance(self, features_ND: Tensor, number: int) -> Tensor:
        """The squared distance to the nearest class, (N,)."""
        classes_KD = self.get_buffer(f"classes{number}")
        centred_ND = features_ND - self.get_buffer(f"middle{number}")
        whitened_ND = centred_ND @ self.get_buffer(f"whiten{number}")
        norm_N1 = whitened_ND.square().sum(1, keepdim=True)
        return (norm_N1 - 2 * whitened_ND @ classes_KD.T + classes_KD.square().sum(1)).amin(1)
