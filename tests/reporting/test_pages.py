import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from browser import PHONE, checked, chromium, look, printed, written
from diptych import Recipe, audit, clean, read, split
from diptych.comparing import engine_comparison as comparing
from diptych.comparing import engines
from diptych.comparing.page import comparison_page
from diptych.data.splitting import Splits
from diptych.metrics.predictions import Predictions
from diptych.runtimes.speed import Latency

PLAIN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Plain</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"></head>
<body><main><h1>Plain</h1>{}</main></body></html>
"""
LATENCY = Latency(0.21, 16.06)


def drawn(
    engine: str, parts: Splits, recipe: Recipe, seeds: int, progress: bool
) -> comparing.Candidate:
    """An engine that answers at random instead of being trained."""
    rng = np.random.default_rng(len(engine))
    shape = (len(parts.test), len(parts.test.classes))
    history = tuple({"train_seconds": 0.5, "valid_accuracy": 0.5 + i / 20} for i in range(8))
    runs = [
        comparing.TrainingRun(
            seed, Predictions(parts.test, rng.dirichlet((1, 1), shape[0]).astype("f4")), history, 3
        )
        for seed in range(seeds)
    ]
    speed = comparing.Speed(
        *(15_630, 278_897, 180_143, LATENCY, LATENCY, 1360.0, 2**22, 2**22, 410, True),
        versions={"python": "3.11.7", "numpy": "2.4.6", "onnxruntime": "1.32.0"},
    )
    return comparing.Candidate(engine, tuple(runs), speed, np.zeros(shape, "f4"), Path("kept"))


@pytest.fixture
def comparison(folder_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of a comparison that was never trained."""
    monkeypatch.setattr(engines, "train_engine", drawn)
    data = read(folder_of(40, name="photographs with a long name", side=96))
    recipe = Recipe(image_size=96)
    parts = split(clean(data, audit(data, size=recipe.image_size)), test=0.4)
    return comparison_page(engines.compare_engines(parts, recipe, ("torch", "tensorflow"), seeds=3))


def test_a_comparison_reads_well_on_a_phone_and_a_desk_in_light_and_dark_and_on_paper(
    comparison: str, tmp_path: Path
) -> None:
    assert comparison.count("<li>") > 10
    assert checked(comparison, tmp_path) == []


def test_a_plain_page_is_seen_whole_in_the_colours_asked_for_and_is_fine(
    tmp_path: Path,
) -> None:
    address = written(PLAIN.format('<div style="height: 3000px">high</div>'), tmp_path)
    with chromium() as browser:
        for scheme, grey in (("light", 255), ("dark", 18)):
            seen = look(browser, address, PHONE, scheme)  # type: ignore[arg-type]
            assert list(seen.complaints()) == []
            image = Image.open(io.BytesIO(seen.screenshot)).convert("L")
            assert image.width == PHONE
            assert image.height > 3000
            assert image.getpixel((5, 2000)) == grey
        paper = printed(browser, address)
    assert paper.sheets == 3
    assert list(paper.complaints()) == []


FAULTS = {
    "<style>@media (prefers-color-scheme: dark) { body { color: #eee } }</style>": "pale ink",
    '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">': "image-alt (critical): <img src=",
    '<p style="background: #fff; color: #ccc">faint</p>': "color-contrast (serious): <p style=",
    '<p style="width: 400px">wide</p>': "is 48 px wider than the window",
    '<img alt="" src="http://pictures.invalid/a.png">': "asks for http://pictures.invalid/a.png",
    '<img alt="" src="beside.png">': "/beside.png",
    '<img alt="" style="margin-top: 9000px" loading="lazy" src="below.png">': "/below.png",
    '<script>new WebSocket("ws://127.0.0.1:9/")</script>': "asks for ws://127.0.0.1:9/",
    "<script>throw new Error('torn')</script>": "error: torn",
}


def test_what_is_wrong_with_a_page_is_named(tmp_path: Path) -> None:
    actual = checked(PLAIN.format("".join(FAULTS)), tmp_path)
    for fault, complaint in FAULTS.items():
        assert any(complaint in one for one in actual), fault
