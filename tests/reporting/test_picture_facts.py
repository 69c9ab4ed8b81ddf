from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from diptych.data.dataset import Dataset, Sample
from diptych.images.decoding import decode_files, pixel_store
from diptych.reporting.picture_facts import picture_facts


def test_facts_tell_dark_from_bright_and_blurred_from_sharp(tmp_path: Path) -> None:
    grain = np.random.default_rng(0).integers(60, 120, (60, 90, 3), np.uint8)
    dark = Image.fromarray(grain)
    made = {
        "dark": dark,
        "bright": Image.fromarray(grain + np.uint8(100)),
        "blurred": dark.filter(ImageFilter.GaussianBlur(2)),
        "flat": Image.fromarray((90 + (grain - 90.0) / 10).astype(np.uint8)),
        "plain": Image.new("RGB", (90, 60), (10, 10, 10)),
    }
    samples = []
    for name, image in made.items():
        path = tmp_path / f"{name}.png"
        image.save(path)
        samples.append(Sample(f"cat/roof/{name}.png", "cat", path))
    store = pixel_store((64, 64, 3))
    samples = [
        sample._replace(digest=picture.digest)
        for sample, picture in zip(
            samples, decode_files((s.path for s in samples), store), strict=True
        )
    ]
    facts = picture_facts(Dataset(tmp_path, ("cat",), tuple(samples)), store)
    at = {name: i for i, name in enumerate(made)}

    def fact(name: str, picture: str) -> float:
        return float(facts[name][at[picture]])

    assert fact("brightness", "bright") == pytest.approx(fact("brightness", "dark") + 100, abs=1)
    assert fact("contrast", "flat") < fact("contrast", "dark") / 5
    assert fact("sharpness", "blurred") < fact("sharpness", "dark") / 3
    assert fact("sharpness", "flat") == pytest.approx(fact("sharpness", "dark"), rel=0.3)
    assert np.isnan(fact("sharpness", "plain"))
    assert fact("size", "dark") == 60
    assert fact("aspect", "dark") == 1.5
    assert fact("kilobytes", "dark") == (tmp_path / "dark.png").stat().st_size / 1000
    assert facts["format"][0] == "PNG"


@pytest.mark.parametrize(
    ("name", "folder", "subfolder"),
    [
        ("cat/1.jpg", "", ""),
        ("cat/attic/1.jpg", "attic", ""),
        ("test/cat/attic/2024/1.jpg", "attic", "attic/2024"),
        ("test/attic/1.jpg", "attic", ""),
        ("1.jpg", "", ""),
    ],
)
def test_the_folder_is_the_one_inside_the_class(name: str, folder: str, subfolder: str) -> None:
    store = pixel_store((8, 8, 1))
    noted = {"reason": "", "detail": "", "width": 8, "height": 8, "format": "numbers"}
    store.add([("a", np.zeros((8, 8, 1), np.uint8), noted)])
    sample = Sample(name, "cat", Path(name), digest="a")
    facts = picture_facts(Dataset(Path(), ("cat",), (sample,), shape=(8, 8, 1)), store)
    assert (facts["folder"], facts["subfolder"]) == ([folder], [subfolder])
