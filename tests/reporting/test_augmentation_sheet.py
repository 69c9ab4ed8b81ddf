from collections.abc import Callable
from pathlib import Path

import numpy as np

from browser import checked
from diptych import read
from diptych.images.augment_numpy import augment
from diptych.images.augmentation import AugmentationPolicy, random_numbers, sample_augmentation
from diptych.reporting.augmentation_sheet import VERSIONS, augmentation_page, some_pictures
from diptych.reporting.pages import picture_url

EVERYTHING = AugmentationPolicy(*(0.3 for _ in AugmentationPolicy._fields))


def test_a_sheet_reads_well_on_a_phone_and_a_desk(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    shown = some_pictures(read(folder_of(3, name="photos <1>")), 96, 2, seed=0)
    html = augmentation_page("What augmentation does", shown, EVERYTHING, 0, "A remark.")
    originals, strips = len(shown.samples), len(EVERYTHING)
    assert html.count("<img") == originals * (1 + VERSIONS) + strips * VERSIONS
    assert not checked(html, tmp_path)


def test_versions_are_those_of_the_draw(folder_of: Callable[..., Path]) -> None:
    shown = some_pictures(read(folder_of(3)), 32, 1, seed=5)
    policy = AugmentationPolicy(rotate=20, hue=40)
    html = augmentation_page("", shown, policy, seed=5)
    draw = sample_augmentation(policy, (32, 32, 3), random_numbers(5, 2, len(shown.samples)))
    second_epoch = augment(shown.pixels_NHWC, draw)
    for levels in second_epoch:
        assert picture_url(np.rint(levels).clip(0, 255).astype(np.uint8)) in html


def test_the_same_seed_shows_the_same_pictures(folder_of: Callable[..., Path]) -> None:
    data = read(folder_of(20))
    names = [
        [sample.name for sample in some_pictures(data, 32, 3, seed).samples] for seed in (0, 0, 1)
    ]
    assert names[0] == names[1] != names[2]
