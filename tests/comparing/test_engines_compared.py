import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from diptych import Recipe, audit, clean, read, split
from diptych.comparing.engines import Comparison, code_lines, compare
from diptych.comparing.page import comparison_page
from diptych.data.splitting import Splits
from diptych.engines import linear
from diptych.errors import InputError
from diptych.images import cache

SMALL = Recipe.for_pixels(400).replace(network="linear", epochs=3, learning_rate=0.01)


def drawn(path: Path, count: int = 120) -> Path:
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


def parted(folder: Path) -> Splits:
    data = read(drawn(folder / "bars.csv"))
    return split(clean(data, audit(data)))


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, str]:
    """A comparison, and its page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        parts = parted(tmp_path_factory.mktemp("bars"))
        found = compare(parts, SMALL, ("linear", "torch"), seeds=2)
        return found, comparison_page(found)


@pytest.fixture
def found(compared: tuple[Comparison, str]) -> Comparison:
    return compared[0]


def test_both_see_the_same_from_the_same_start(found: Comparison) -> None:
    assert found.start_difference < 1e-6
    first, second = found.candidates
    for one, two in zip(first.runs, second.runs, strict=True):
        names = [sample.name for sample in one.predictions.dataset.samples]
        assert names == [sample.name for sample in two.predictions.dataset.samples]
        assert one.seed == two.seed
        for epoch, other in zip(one.history, two.history, strict=True):
            assert epoch["loss"] == pytest.approx(other["loss"], rel=0.01)
    # Another seed is another start and another order.
    assert first.runs[0].history[0]["loss"] != first.runs[1].history[0]["loss"]


def test_what_differs_little_is_called_noise(found: Comparison) -> None:
    assert found.within_noise
    assert "within noise" in found.verdict()
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["within_noise"] is True
    assert plain["engines"].keys() == {"linear", "torch"}
    for engine in plain["engines"].values():
        assert 0 <= engine["accuracy"]["low"] <= engine["accuracy"]["value"] <= 1
        assert min(engine["train_rate"], engine["predict_rate"], engine["onnx_rate"]) > 0
        assert 0 < engine["latency"]["p50"] <= engine["latency"]["p95"]
        assert engine["peak_mib"] > 10
    assert len(plain["mcnemar"]) == 2


def test_the_page_holds_all_of_it_and_fetches_nothing(compared: tuple[Comparison, str]) -> None:
    found, page = compared
    assert found.verdict().split("(")[0] in page
    for what, one, two in found.rows():
        assert what in page
        assert one in page
        assert two in page
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(a.startswith(("data:", "#")) for a in addresses)
    assert page.count("<svg") == 2
    identifiers = re.findall(r'\bid="([^"]*)"', page)
    assert len(identifiers) == len(set(identifiers))
    shown = page.count("<li>")
    assert shown == min(len(list(found.disagreements())), 24)


def test_an_engine_that_was_done_is_not_trained_again(tmp_path: Path) -> None:
    parts = parted(tmp_path)
    first = compare(parts, SMALL, ("linear", "torch"), seeds=1)
    written = (first.first.kept / "run.json").stat().st_mtime_ns
    again = compare(parts, SMALL, ("linear", "torch"), seeds=1)
    assert (again.first.kept / "run.json").stat().st_mtime_ns == written
    assert again.to_json() == first.to_json()
    again.forget_runs()
    assert not list((cache.folder() / "runs").glob("*"))


def test_what_cannot_be_compared_is_said_in_a_line(tmp_path: Path) -> None:
    parts = parted(tmp_path)
    with pytest.raises(InputError, match="two different engines, not torch, torch"):
        compare(parts, SMALL, ("torch", "torch"))
    with pytest.raises(InputError, match="--seeds must be at least 1, not 0"):
        compare(parts, SMALL, ("linear", "torch"), seeds=0)
    with pytest.raises(InputError, match="engine has no 'caffe'"):
        compare(parts, SMALL, ("linear", "caffe"), seeds=1)


def test_what_an_engine_complains_of_comes_out_of_its_process(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the engine linear cannot train cnn"):
        compare(parted(tmp_path), SMALL.replace(network="cnn"), ("linear", "torch"), seeds=1)


def test_lines_of_code_are_those_without_comments_and_docstrings() -> None:
    source = Path(linear.__file__).read_text().splitlines()
    written = [line for line in source if line.strip() and not line.strip().startswith("#")]
    assert 0.8 * len(written) < code_lines("linear") < len(written)
    assert code_lines("linear") < code_lines("torch")


def test_two_frameworks_are_compared_in_a_command(tmp_path: Path) -> None:
    page = tmp_path / "compare.html"
    command = [sys.executable, "-m", "diptych", "compare", str(drawn(tmp_path / "bars.csv"))]
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
    assert answer["page"] == str(page)
    assert answer["start_difference"] < 1e-6
    assert set(answer["engines"]) == {"torch", "tensorflow"}
    assert "torch and tensorflow on the same pictures" in page.read_text()
    assert "tensorflow, seed 0: training" in run.stderr
    assert "cuda" not in run.stderr
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "exists already; name another --out, or add --force" in refused.stderr
