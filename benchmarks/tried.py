"""Ingredients of a recipe that Diptych does not have, in PyTorch, for what they would be worth."""

from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from diptych.engines.torch.layers import Residual

Pixels = npt.NDArray[np.uint8]


def resized(pixels_NHWC: Pixels, share: float) -> Pixels:
    """Pictures of a share of their side."""
    if share == 1:
        return pixels_NHWC
    side = round(share * pixels_NHWC.shape[1])
    pictures = (Image.fromarray(one).resize((side, side), Image.Resampling.BILINEAR)
                for one in pixels_NHWC)  # fmt: skip
    return np.stack([np.asarray(picture) for picture in pictures])


def stochastic_depth(most: float) -> Any:
    """Leave a residual block out of so many pictures of a step (Huang et al. 2016), in PyTorch."""

    def forward(self: Residual, x: torch.Tensor) -> torch.Tensor:
        out = x
        for name in self.names:
            out = self.get_submodule(name)(out)
        if self.training:
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= most
            out = out * kept / (1 - most)
        total: torch.Tensor = self.shortcut(x) + out
        return total

    return patch.object(Residual, "forward", forward)


def focal_loss(gamma: float) -> Any:
    """Pictures that are answered surely count less (Lin et al. 2017), in PyTorch."""

    def loss(logits_NK: torch.Tensor, targets_NK: torch.Tensor) -> torch.Tensor:
        log_p_NK = logits_NK.log_softmax(1)
        return -(targets_NK * (1 - log_p_NK.exp()) ** gamma * log_p_NK).sum(1).mean()

    return patch("torch.nn.functional.cross_entropy", loss)
