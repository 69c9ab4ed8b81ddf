"""The main job on real photographs, as people run it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from diptych import load, read


def diptych(*arguments: str | Path) -> Any:
    command = [sys.executable, "-m", "diptych", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, real: Path) -> Path:
    """A third of the photographs, with broken and doubled ones among them."""
    root = tmp_path_factory.mktemp("real") / "photos"
    for label in ("not_pizza", "pizza"):
        (root / label).mkdir(parents=True)
        for path in sorted((real / "photos" / label).glob("*.jpg"))[:200]:
            (root / label / path.name).symlink_to(path)
    pizzas = sorted((root / "pizza").glob("*.jpg"))
    (root / "pizza" / "twin.jpg").write_bytes(pizzas[0].read_bytes())
    (root / "not_pizza" / "both.jpg").write_bytes(pizzas[1].read_bytes())
    (root / "pizza" / "cut.jpg").write_bytes(pizzas[2].read_bytes()[:9000])
    with Image.open(pizzas[3]) as image:
        small = image.resize((image.width // 2, image.height // 2))
        ImageEnhance.Brightness(small).enhance(1.15).save(root / "pizza" / "near.jpg", quality=60)
    return root


@pytest.fixture(scope="module")
def trained(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        out = tmp_path_factory.mktemp("out") / "pizza.bundle"
        return out, diptych("train", photos, "--out", out, "--set", "image_size=224")


pytestmark = pytest.mark.realdata


def test_a_folder_of_photographs_becomes_a_good_classifier(trained: tuple[Path, Any]) -> None:
    _, answer = trained
    assert answer["test"]["n"] >= 55
    assert answer["test"]["accuracy"]["value"] >= 0.85
    assert answer["test"]["accuracy"]["value"] > answer["baseline"]["accuracy"]["value"] + 0.1


def test_every_file_is_accounted_for(trained: tuple[Path, Any], photos: Path) -> None:
    _, answer = trained
    assert answer["files"] == len(list(photos.rglob("*.jpg")))
    assert answer["used"] + sum(answer["set_aside"].values()) == answer["files"]
    assert answer["set_aside"] == {"two labels": 2, "exact duplicate": 1, "truncated": 1}


def test_near_duplicates_are_in_one_part(trained: tuple[Path, Any]) -> None:
    bundle, _ = trained
    rows = [line.split(",") for line in (bundle / "splits.csv").read_text().splitlines()[1:]]
    parts: dict[str, set[str]] = {}
    for _, _, part, group, _ in rows:
        parts.setdefault(group, set()).add(part)
    assert all(len(actual) == 1 for actual in parts.values())
    group_of = {row[0]: row[3] for row in rows}
    assert list(group_of.values()).count(group_of["pizza/near.jpg"]) == 2


def test_the_network_answers_the_same_in_torch_as_in_the_bundle(
    trained: tuple[Path, Any], photos: Path
) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    from diptych.engines.torch.modules import module_of_network
    from diptych.images.preprocess import decode
    from diptych.metrics.probabilities import softmax
    from diptych.networks.zoo import efficientnet_lite0

    bundle, _ = trained
    network = module_of_network(efficientnet_lite0((224, 224, 3), 2)).eval()
    network.load_state_dict(load_file(bundle / "model.safetensors"), strict=False)
    names = [sample.path for sample in read(photos).samples[:12]]
    pixels = np.stack([decode(name.read_bytes(), (224, 224, 3)).pixels for name in names])
    with torch.inference_mode():
        expected = softmax(network(torch.from_numpy(pixels)).numpy())
    answers = load(bundle).predict(names)
    actual = [[answer.probabilities[c] for c in ("not_pizza", "pizza")] for answer in answers]  # type: ignore[index]
    assert np.abs(np.array(actual) - expected).max() < 1e-4


def test_other_photographs_are_scored(
    trained: tuple[Path, Any], real: Path, tmp_path: Path
) -> None:
    bundle, _ = trained
    for label in ("not_pizza", "pizza"):
        (tmp_path / label).mkdir()
        for path in sorted((real / "photos" / label).glob("*.jpg"))[-40:]:
            (tmp_path / label / path.name).symlink_to(path)
    answer = diptych("evaluate", bundle, tmp_path)
    assert answer["n"] == 80
    assert answer["accuracy"]["value"] >= 0.85


def test_all_of_the_network_can_be_trained(photos: Path, tmp_path: Path) -> None:
    few = ["--set", "image_size=64", "--epochs", "1", "--train", "all"]
    answer = diptych("train", photos, "--out", tmp_path / "all.bundle", *few)
    assert answer["test"]["n"] >= 55
    (prediction,) = load(tmp_path / "all.bundle").predict([photos / "pizza" / "near.jpg"])
    assert prediction.label in ("pizza", "not_pizza")
