"""What tests share: pictures drawn on the spot, a cache of their own, and the real data."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REAL = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the cache of another, or of the person who runs it."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("DIPTYCH_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real data; the test is skipped where there is none."""
    if not REAL.is_dir():
        pytest.skip(f"real data is absent: no folder {REAL}")
    return REAL


GREY = (128, 128, 128)


def picture(seed: int, side: int = 64, *, hue: tuple[int, int, int] = GREY) -> Image.Image:
    """A smooth texture around a colour; every seed is another picture."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(-80, 80, (6, 6, 3)) + np.array(hue)
    image = Image.fromarray(coarse.clip(0, 255).astype(np.uint8))
    return image.resize((side, side), Image.Resampling.BICUBIC)


RED, BLUE, GREEN = (190, 70, 60), (60, 70, 190), (60, 180, 70)


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of pictures: red ones in one class, blue ones in the other."""

    def make(count: int = 30, name: str = "photos", side: int = 64, start: int = 0) -> Path:
        for label, hue in (("blue", BLUE), ("red", RED)):
            (tmp_path / name / label).mkdir(parents=True, exist_ok=True)
            for i in range(start, start + count):
                seed = 2 * i + (label == "red")
                file = tmp_path / name / label / f"{label}{i:03d}.png"
                picture(seed, side, hue=hue).save(file)
        return tmp_path / name

    return make


@pytest.fixture
def one_thread() -> Iterator[None]:
    """PyTorch on one core: pictures of tests are too small to be worth sharing out."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def field(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The data of a user, by the name of the script that writes it; each is written once."""
    scripts = REAL.parent / "field" / "data"
    if not scripts.is_dir():
        pytest.skip(f"real data is absent: no folder {scripts}")

    @cache
    def written(script: str) -> Path:
        folder = tmp_path_factory.mktemp(script)
        done = subprocess.run(
            [sys.executable, scripts / f"{script}.py", folder], capture_output=True, text=True
        )
        assert not done.returncode, done.stderr
        return folder

    return written
