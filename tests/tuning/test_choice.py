"""Which of some recipes is chosen, on features that are drawn here."""

from pathlib import Path

import numpy as np

from diptych.data.dataset import Dataset, Sample
from diptych.metrics.intervals import share
from diptych.recipe import Recipe
from diptych.tuning.candidates import Candidate, first_within_noise
from diptych.tuning.choice import (
    can_choose,
    cross_validated,
    fold_numbers,
)


def candidate(name: str, *losses: float) -> Candidate:
    return Candidate(Recipe(network=name), {"network": name}, share(1, 2), np.array(losses * 50))


def test_the_first_within_noise_of_the_best_is_chosen() -> None:
    first, best = candidate("mlp", 0.1, 0.9), candidate("cnn", 0.6, 0.39)
    chosen, reason = first_within_noise([first, best])
    assert chosen is first
    assert "mlp is the first within noise of the lowest log loss, that of cnn" in reason


def test_what_is_worse_beyond_noise_is_not_chosen_for_being_first() -> None:
    first, best = candidate("mlp", 0.2, 0.9), candidate("cnn", 0.1, 0.7)
    chosen, reason = first_within_noise([first, best])
    assert chosen is best
    assert "none before it is within noise" in reason


def grouped(count: int) -> Dataset:
    """Pictures of two classes, each beside a copy of it."""
    samples = (
        Sample(f"{i}", "ab"[i // 2 % 2], Path(f"{i}"), group=f"g{i // 2}") for i in range(count)
    )
    return Dataset(Path(), ("a", "b"), tuple(samples))


def test_folds_part_no_group_and_have_each_class_alike() -> None:
    data = grouped(80)
    fold_N = fold_numbers(data)
    assert (fold_N[::2] == fold_N[1::2]).all()
    for fold in range(5):
        labels = [s.label for s, own in zip(data.samples, fold_N, strict=True) if own == fold]
        assert labels.count("a") == labels.count("b") == 8


def test_a_class_of_few_independent_pictures_is_too_small_to_choose_by() -> None:
    assert can_choose(grouped(40))
    assert not can_choose(grouped(36))


def test_answers_are_for_pictures_that_the_head_has_not_seen() -> None:
    rng = np.random.default_rng(0)
    labels_N = np.arange(100) % 2
    fold_N = np.arange(100) // 20
    recipe = Recipe(network="efficientnet_lite0", learning_rate=0.1)
    noise_ND = rng.normal(size=(100, 1280)).astype(np.float32)
    # So many numbers tell any training pictures apart, and others not at all.
    blind = cross_validated(recipe, {}, noise_ND, labels_N, fold_N, 2)
    assert blind.accuracy.low < 0.5 < blind.accuracy.high
    noise_ND[:, :100] += 3 * labels_N[:, None]
    assert cross_validated(recipe, {}, noise_ND, labels_N, fold_N, 2).accuracy.value > 0.9
