"""Pictures on two nodes: what is said of each is what one machine says, to the last bit."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers import evaluated
from diptych.auditing import audit
from diptych.bundles.predictor import Predictor, load
from diptych.distributing import working_on
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph
from diptych.images.decoding import decode_files, pixel_store
from diptych.networks.initialisation import initial
from diptych.networks.zoo import ZOO
from diptych.runtimes.features import FeatureExtractor, features
from diptych.sources import read

pytestmark = pytest.mark.filterwarnings("ignore")  # of Ray's own


@pytest.fixture
def photos(folder_of: Callable[..., Path]) -> Path:
    """Pictures, among them one that ends too early, a bomb, an empty file and a text."""
    root = folder_of(24)
    whole = (root / "red" / "red003.png").read_bytes()
    (root / "red" / "broken.png").write_bytes(whole[: len(whole) // 2])
    (root / "blue" / "bomb.png").write_bytes(bomb())
    (root / "blue" / "empty.png").touch()
    (root / "blue" / "text.jpg").write_text("no picture")
    return root


def bomb() -> bytes:
    """A PNG of a few bytes that says that it is 60,000 pixels a side."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.fixture
def predictor(folder_of: Callable[..., Path], tmp_path: Path) -> Predictor:
    return load(evaluated(folder_of(20, name="others", start=100)).save(tmp_path / "red.bundle"))


@pytest.fixture
def cold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Begins a cache that is empty."""
    return lambda name: monkeypatch.setenv("DIPTYCH_CACHE", str(tmp_path / f"cache-{name}"))


def test_predictions_are_those_of_one_machine(
    cluster: Any, photos: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = photos.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(photos.rglob("*.png")):
            archive.write(file, f"in/{file.name}")
    monkeypatch.chdir(photos)  # names are below a folder where no worker is
    data = Path("red/red004.png").read_bytes()
    given: Any = ["red", "blue", packed, data, io.BytesIO(data), "gone.png"]
    here = predictor.predict(given)
    with working_on("ray"):
        there = predictor.predict(given)
    assert there == here
    errors = {Path(one.path).name: one.error for one in here if one.error}
    assert errors.keys() == {"broken.png", "bomb.png", "empty.png", "text.jpg", "gone.png"}
    assert "truncated" in str(errors["broken.png"])
    assert "too large" in str(errors["bomb.png"])


def test_an_audit_and_an_evaluation_are_those_of_one_machine(
    cluster: Any, photos: Path, predictor: Predictor, cold: Callable[[str], None]
) -> None:
    def answers(name: str) -> tuple[Any, ...]:
        cold(name)
        result = audit(read(photos), size=32, checks=())
        scored = predictor.evaluate(photos)
        return result.findings, result.pictures, scored.probabilities_NK, scored.ood_score_N

    here = answers("here")
    with working_on("ray"):
        there = answers("there")
    assert there[:2] == here[:2]
    np.testing.assert_array_equal(there[2], here[2])
    np.testing.assert_array_equal(there[3], here[3])


def test_pixels_and_features_are_those_of_one_machine(
    cluster: Any, photos: Path, cold: Callable[[str], None]
) -> None:
    network = ZOO["cnn"]((32, 32, 3), 2, 0.0)
    graph = onnx_graph(network.backbone, initial(network, 0), probabilities=False)
    extractor = FeatureExtractor(graph, (network.features,))
    paths = sorted(path for path in photos.rglob("*") if path.is_file())

    def arrays(name: str) -> tuple[Any, ...]:
        cold(name)
        store = pixel_store((32, 32, 3))
        pictures = list(decode_files(paths, store))
        keys = [picture.digest for picture in pictures if not picture.reason]
        again = list(decode_files(paths, store))
        assert again == pictures
        return pictures, store.read(keys), features(extractor, keys, store)[0]

    here = arrays("here")
    with working_on("ray"):
        there = arrays("there")
    assert there[0] == here[0]
    np.testing.assert_array_equal(there[1], here[1])
    np.testing.assert_array_equal(there[2], here[2])


def test_a_classifier_that_is_trained_there_is_the_same(
    cluster: Any, photos: Path, cold: Callable[[str], None]
) -> None:
    cold("here")
    here = evaluated(photos).predictions.probabilities_NK
    cold("there")
    with working_on("ray"):
        there = evaluated(photos).predictions.probabilities_NK
    np.testing.assert_array_equal(there, here)


def test_a_folder_that_a_node_does_not_see_is_said(
    cluster: Any, photos: Path, predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)
    ours = Path("/proc/self/cwd/red/red001.png")  # of a worker, that is another folder
    if not ours.exists():
        pytest.skip("this system has no /proc")
    assert predictor.predict(ours)[0].label
    with working_on("ray"):
        with pytest.raises(InputError, match=r"red001.png: the worker on .* does not see what is"):
            predictor.predict(ours)
        with pytest.raises(InputError, match="mount the folder on every node"):
            list(decode_files([ours], pixel_store((32, 32, 3))))
