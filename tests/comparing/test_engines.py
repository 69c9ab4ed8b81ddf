import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classifiers import SMALL as LINEAR
from classifiers import evaluated
from command import keys_without_a_word
from diptych import Recipe, audit, clean, read, split
from diptych.comparing.engine_comparison import EngineComparison
from diptych.comparing.engines import compare_engines, train_engine
from diptych.comparing.page import comparison_page
from diptych.data.splitting import Splits
from diptych.errors import InputError
from diptych.images import cache

SMALL = Recipe.for_pixels(400).replace(network="linear", epochs=3, learning_rate=0.01)


def write_bars(path: Path, count: int = 120) -> Path:
    """Bars, upright or lying, with noise: a CSV of pixels."""
    rng = np.random.default_rng(5)
    lines = ["label," + ",".join(f"pixel{i}" for i in range(64))]
    for i in range(count):
        picture = rng.integers(0, 120, (8, 8))
        at = rng.integers(1, 7)
        if i % 2:
            picture[at] += 90
        else:
            picture[:, at] += 90
        lines.append(f"{'lying' if i % 2 else 'upright'}," + ",".join(map(str, picture.ravel())))
    path.write_text("\n".join(lines))
    return path


def split_bars(folder: Path) -> Splits:
    data = read(write_bars(folder / "bars.csv"))
    return split(clean(data, audit(data)))


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[EngineComparison, str]:
    """A comparison, and its page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        parts = split_bars(tmp_path_factory.mktemp("bars"))
        comparison = compare_engines(parts, SMALL, ("linear", "torch"), seeds=2)
        return comparison, comparison_page(comparison)


@pytest.fixture
def comparison(compared: tuple[EngineComparison, str]) -> EngineComparison:
    return compared[0]


def test_both_see_the_same_from_the_same_start(comparison: EngineComparison) -> None:
    assert comparison.start_difference < 1e-6
    first, second = comparison.candidates
    for one, two in zip(first.runs, second.runs, strict=True):
        names = [sample.name for sample in one.predictions.dataset.samples]
        assert names == [sample.name for sample in two.predictions.dataset.samples]
        assert one.seed == two.seed
        for epoch, other in zip(one.history, two.history, strict=True):
            assert epoch["loss"] == pytest.approx(other["loss"], rel=0.01)
    # Another seed is another start and another order.
    assert first.runs[0].history[0]["loss"] != first.runs[1].history[0]["loss"]


def test_what_differs_little_is_called_noise(comparison: EngineComparison) -> None:
    assert comparison.within_noise
    assert "within noise" in comparison.verdict()
    plain = json.loads(json.dumps(comparison.to_json()))
    assert plain["within_noise"] is True
    assert plain["engines"].keys() == {"linear", "torch"}
    for engine in plain["engines"].values():
        assert 0 <= engine["accuracy"]["low"] <= engine["accuracy"]["value"] <= 1
        assert min(engine["train_rate"], engine["predict_rate"], engine["onnx_rate"]) > 0
        assert 0 < engine["latency"]["p50"] <= engine["latency"]["p95"]
        assert engine["peak_mib"] > 10
    assert len(plain["mcnemar"]) == 2


def test_the_page_holds_all_of_it_and_fetches_nothing(
    compared: tuple[EngineComparison, str],
) -> None:
    comparison, page = compared
    assert comparison.verdict().split("(")[0] in page
    for what, one, two in comparison.rows():
        assert what in page
        assert one in page
        assert two in page
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(a.startswith(("data:", "#")) for a in addresses)
    assert page.count("<svg") == 2
    identifiers = re.findall(r'\bid="([^"]*)"', page)
    assert len(identifiers) == len(set(identifiers))
    shown = page.count("<li>")
    assert shown == min(len(list(comparison.disagreements())), 24)


def test_the_start_that_is_shown_is_the_one_trained_from(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    tested = evaluated(folder_of(20), LINEAR.replace(epochs=3))
    bundle = tested.save(tmp_path / "a.bundle")
    recipe = LINEAR.replace(weights=str(bundle), epochs=1)
    start = train_engine("linear", tested.parts, recipe, 1, False).start
    # Nothing was learned yet: it answers as the bundle does.
    np.testing.assert_allclose(start, tested.predictions.probabilities_NK, atol=1e-5)


def test_an_engine_that_was_done_is_not_trained_again(tmp_path: Path) -> None:
    parts = split_bars(tmp_path)
    first = compare_engines(parts, SMALL, ("linear", "torch"), seeds=1)
    written = (first.first.folder / "run.json").stat().st_mtime_ns
    again = compare_engines(parts, SMALL, ("linear", "torch"), seeds=1)
    assert (again.first.folder / "run.json").stat().st_mtime_ns == written
    assert again.to_json() == first.to_json()
    again.forget_runs()
    assert not list((cache.folder() / "runs").glob("*"))


def test_what_cannot_be_compared_is_said_in_a_line(tmp_path: Path) -> None:
    parts = split_bars(tmp_path)
    with pytest.raises(InputError, match="two different engines, not torch, torch"):
        compare_engines(parts, SMALL, ("torch", "torch"))
    with pytest.raises(InputError, match="--seeds must be at least 1, not 0"):
        compare_engines(parts, SMALL, ("linear", "torch"), seeds=0)
    with pytest.raises(InputError, match="engine has no 'caffe'"):
        compare_engines(parts, SMALL, ("linear", "caffe"), seeds=1)


def test_what_an_engine_complains_of_comes_out_of_its_process(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the engine linear cannot train cnn"):
        compare_engines(
            split_bars(tmp_path), SMALL.replace(network="cnn"), ("linear", "torch"), seeds=1
        )


def test_two_frameworks_are_compared_in_a_command(tmp_path: Path) -> None:
    page = tmp_path / "compare.html"
    command = [sys.executable, "-m", "diptych", "compare", str(write_bars(tmp_path / "bars.csv"))]
    command += [
        "--seeds",
        "1",
        "--epochs",
        "2",
        "--network",
        "linear",
        "--out",
        str(page),
        "--json",
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert not keys_without_a_word("compare", answer)
    assert answer["page"] == str(page)
    assert answer["start_difference"] < 1e-6
    assert set(answer["engines"]) == {"torch", "tensorflow"}
    assert "torch and tensorflow on the same pictures" in page.read_text()
    assert "tensorflow, seed 0: training" in run.stderr
    assert "cuda" not in run.stderr
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "exists already; name another --out, or add --force" in refused.stderr
