"""Augmentation (see `images.augmentation`) in PyTorch, on whatever device the pictures are."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from diptych.engines.torch.devices import best_device
from diptych.engines.torch.tensors import on_device
from diptych.images.augmentation import GREY, Augmentation, Floats
from diptych.images.preprocess import Pixels


def augment(pixels_NHWC: Tensor, augmentation: Augmentation) -> Tensor:
    """uint8 pictures (N, H, W, C) after their augmentation: float32 levels of the same shape."""
    # NHWC pixels seen as NCHW are PyTorch's channels_last already.
    x_NCHW = pixels_NHWC.permute(0, 3, 1, 2).to(torch.float32)
    if augmentation.geometry:
        x_NCHW = warp(x_NCHW, like(augmentation.affine_N23, x_NCHW))
    if augmentation.colour:
        colour_NCD = like(augmentation.colour_NCD, x_NCHW)
        x_NCHW = torch.einsum("nkc,nchw->nkhw", colour_NCD[:, :, :-1], x_NCHW)
        x_NCHW = (x_NCHW + colour_NCD[:, :, -1:, None]).clamp(0, 255)
    if augmentation.erased_N4.any():
        x_NCHW = torch.where(in_boxes(augmentation.erased_N4, x_NCHW), GREY, x_NCHW)
    if augmentation.mixing:
        partner_NCHW = x_NCHW[like(augmentation.partner_N, x_NCHW).long()]
        x_NCHW = torch.lerp(
            x_NCHW, partner_NCHW, like(augmentation.share_N, x_NCHW).view(-1, 1, 1, 1)
        )
        x_NCHW = torch.where(in_boxes(augmentation.patch_N4, x_NCHW), partner_NCHW, x_NCHW)
    return x_NCHW.permute(0, 2, 3, 1)


@torch.inference_mode()
def augmented_array(pixels_NHWC: Pixels, augmentation: Augmentation) -> Floats:
    """The same of an array, on the best device there is."""
    levels = augment(torch.from_numpy(np.array(pixels_NHWC)).to(best_device()), augmentation)
    return levels.cpu().numpy()


def warp(x_NCHW: Tensor, affine_N23: Tensor) -> Tensor:
    """Each picture seen through its map from output to input pixels, bilinearly."""
    height, width = x_NCHW.shape[2:]
    # affine_grid counts from −1 to 1 over the width and over the height.
    half = like([width / 2, height / 2, 1.0], x_NCHW)
    theta_N23 = affine_N23 * half / half[:2, None]
    grid = functional.affine_grid(theta_N23, list(x_NCHW.shape), align_corners=False)
    return functional.grid_sample(
        x_NCHW, grid, mode="bilinear", padding_mode="border", align_corners=False
    )


def in_boxes(boxes_N4: npt.ArrayLike, x_NCHW: Tensor) -> Tensor:
    """Whether each pixel (N, 1, H, W) lies in its picture's box."""
    height, width = x_NCHW.shape[2:]
    boxes = like(boxes_N4, x_NCHW).view(-1, 4, 1, 1, 1)
    top, left, bottom, right = boxes.unbind(1)
    rows = torch.arange(height, device=x_NCHW.device).view(-1, 1)
    columns = torch.arange(width, device=x_NCHW.device)
    return (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)


def like(array: npt.ArrayLike, x: Tensor) -> Tensor:
    """An array as a float tensor where x is; nobody waits until it is there."""
    return on_device(np.asarray(array, np.float32), x.device)
