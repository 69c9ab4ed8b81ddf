import numpy as np
import pytest

from diptych.images.augmentation import AugmentationPolicy
from diptych.training.batches import Batches, ShuffledEpoch, one_hot, warn_of_large_batches

# Each picture's first pixel is its number.
PIXELS = np.zeros((50, 4, 4, 1), np.uint8)
PIXELS[:, 0, 0, 0] = np.arange(50)
TARGETS = one_hot([i % 2 for i in range(50)], 2)
MIXING = AugmentationPolicy(flip=0.5, mixup=0.4)


def epoch(
    number: int = 1, seed: int = 0, policy: AugmentationPolicy | None = None
) -> ShuffledEpoch:
    return Batches(PIXELS, TARGETS, 16, seed, policy).epoch(number, [0.1] * 4)


def order(passed: ShuffledEpoch) -> list[int]:
    return [int(number) for batch in passed for number in passed.inputs[batch.rows][:, 0, 0, 0]]


def test_every_picture_comes_once_in_batches_of_nearly_equal_size() -> None:
    assert sorted(order(epoch())) == list(range(50))
    assert [len(batch.rows) for batch in epoch()] == [13, 13, 12, 12]
    assert len(epoch()) == 4


def test_an_epoch_can_be_gone_through_again() -> None:
    same = epoch(policy=MIXING)
    for first, again in zip(same, same, strict=True):
        np.testing.assert_array_equal(first.rows, again.rows)
        np.testing.assert_array_equal(first.targets_NK, again.targets_NK)
        assert first.augmentation and again.augmentation
        for one, other in zip(first.augmentation, again.augmentation, strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_order_depends_on_the_seed_and_the_epoch() -> None:
    assert order(epoch(2, seed=3)) == order(epoch(2, seed=3))
    assert len({tuple(order(epoch(*each))) for each in ((1, 0), (2, 0), (1, 1))}) == 3


def test_an_epoch_says_whether_its_pictures_are_augmented() -> None:
    for policy in (None, MIXING):
        passed = epoch(policy=policy)
        assert passed.augmented == (policy is not None)
        assert all((batch.augmentation is not None) == passed.augmented for batch in passed)


def test_mixed_pictures_have_mixed_targets() -> None:
    hard = [(batch.targets_NK.max(1) == 1).all() for batch in epoch()]
    mixed = [(batch.targets_NK.max(1) < 1).any() for batch in epoch(policy=MIXING)]
    assert all(hard)
    assert all(mixed)


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [
        (31, 2, [3, *[2] * 14]),
        (3, 2, [3]),
        (2, 2, [2]),
        (5, 4, [3, 2]),
        (33, 32, [17, 16]),
        (65, 2, [3, *[2] * 31]),
    ],
)
def test_no_step_is_a_single_picture(count: int, size: int, sizes: list[int]) -> None:
    batches = Batches(PIXELS[[0] * count], TARGETS[[0] * count], size, 0)
    assert len(batches) == len(sizes)
    passed = batches.epoch(1, [0.1] * len(batches))
    assert [len(batch.rows) for batch in passed] == sizes


def test_batches_larger_than_the_training_part_are_said(caplog: pytest.LogCaptureFixture) -> None:
    for size, count in ((128, 40), (32, 20), (4096, 5000)):
        warn_of_large_batches(size, count)
    assert not caplog.messages
    warn_of_large_batches(4096, 44)
    assert "batch_size = 4,096 is more than the 44 pictures to train on" in caplog.text
