"""Pictures of more than 8 bits, from the audit to the answers of a bundle."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from classifiers import SMALL
from conftest import picture
from diptych import ImageClassifier, audit, clean, load, read, split
from diptych.bundles.format import Bundle
from diptych.bundles.predictor import Predictor
from diptych.exporting.examples import example
from diptych.exporting.readme import readme
from diptych.images.decoding import pixel_store
from diptych.images.preprocess import decode
from diptych.reporting.evaluation import Evaluation
from diptych.reporting.explain import Explainer
from diptych.reporting.heatmaps import overlay
from diptych.serving.batch_plan import BatchPlan
from diptych.serving.batching import Batcher
from tiffs import tiff

SHAPE = (32, 32, 3)
# The brightest level of each class: one bit more in the second.
BRIGHTEST = {"cool": 4_000, "warm": 4_200}


def heat(label: str, seed: int) -> Any:
    """32 × 32 levels of 16 bits; what is cool is dark on its left, what is warm on its right."""
    grey = np.asarray(picture(seed, 32).convert("L")).astype(float)
    grey[:, slice(0, 16) if label == "cool" else slice(16, 32)] *= 0.4
    return (grey / grey.max() * BRIGHTEST[label]).round().astype(np.uint16)


def draw(root: Path, count: int, start: int = 0) -> Path:
    for place, label in enumerate(BRIGHTEST):
        (root / label).mkdir(parents=True)
        for i in range(count):
            levels = heat(label, start + 2 * i + place)
            Image.fromarray(levels).save(root / label / f"{i}.png")
    return root


class Trained(NamedTuple):
    """A bundle of such pictures, and the evaluation that it was saved of."""

    root: Path
    evaluation: Evaluation
    predictor: Predictor

    def answers(self, pictures: Any) -> Any:
        """The probabilities (N, K) that the bundle gives for pictures."""
        answers = self.predictor.predict(pictures)
        return np.array([list((answer.probabilities or {}).values()) for answer in answers])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    folder = tmp_path_factory.mktemp("deep")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(folder / "cache"))
        data = read(draw(folder / "heat", 24))
        parts = split(clean(data, audit(data, size=32)))
        tested = ImageClassifier(SMALL).fit(parts.train, parts.valid).evaluate(parts.test)
        yield Trained(folder / "heat", tested, load(tested.save(folder / "heat.bundle")))


def test_the_pictures_of_a_data_set_have_one_white(tmp_path: Path) -> None:
    data = read(draw(tmp_path / "heat", 4))
    result = audit(data, size=32)
    assert result.bits == clean(data, result).bits == 13
    store = pixel_store(SHAPE, 13)
    for name, checked in result.pictures.items():
        levels = heat(name[:4], 2 * int(name[5]) + (name[:4] == "warm"))
        assert np.array_equal(store.read([checked.digest])[0, ..., 0], levels >> 5)


def test_an_audit_says_which_picture_told_white(tmp_path: Path) -> None:
    result = audit(read(draw(tmp_path / "heat", 4)), size=32)
    (found,) = (finding for finding in result.findings if finding.issue == "unclear depth")
    assert (found.name[:4], found.related[:4], found.set_aside) == ("warm", "cool", False)
    assert found.detail == (
        "its brightest level needs 13 bits, that of others 12; 8,191 is white in all 8 pictures "
        "of more than 8 bits"
    )


def test_pictures_that_agree_on_their_depth_need_no_word(tmp_path: Path) -> None:
    root = draw(tmp_path / "heat", 3)
    for file in (root / "warm").iterdir():
        Image.fromarray(heat("cool", int(file.stem) + 50)).save(file)
    result = audit(read(root), size=32)
    assert result.bits == 12
    assert {finding.issue for finding in result.findings} == {"few pictures"}


def test_pictures_of_8_bits_look_the_same_beside_deeper_ones(tmp_path: Path) -> None:
    root = draw(tmp_path / "heat", 2)
    picture(7, 32).save(root / "cool" / "photo.png")
    result = audit(read(root), size=32)
    digest = result.pictures["cool/photo.png"].digest
    expected = decode((root / "cool/photo.png").read_bytes(), SHAPE).pixels
    assert np.array_equal(pixel_store(SHAPE, 13).read([digest])[0], expected)


def test_bands_beside_the_colours_are_mentioned_once(tmp_path: Path) -> None:
    for place, label in enumerate(("field", "town")):
        (tmp_path / label).mkdir()
        for i in range(2):
            colours = np.asarray(picture(2 * i + place, 32).convert("RGBA"))
            (tmp_path / label / f"{i}.tif").write_bytes(tiff(colours, 2, {338: 0}))
    result = audit(read(tmp_path), size=32)
    (found,) = (finding for finding in result.findings if finding.issue == "extra bands")
    assert found.detail == "one band beside its colours is left out; so in 4 pictures"
    assert not result.reasons


def test_a_bundle_keeps_the_depth_that_it_was_trained_at(trained: Trained) -> None:
    assert trained.predictor.bundle.facts["preprocess"]["bits"] == 13
    assert trained.predictor.bundle.bits == 13
    assert Bundle(Path(), {"preprocess": {"shape": [32, 32, 3]}}).bits == 0


def test_a_bundle_answers_for_files_as_its_network_was_tested(trained: Trained) -> None:
    predictions = trained.evaluation.predictions
    paths = [trained.root / sample.name for sample in predictions.dataset.samples]
    opened = [Image.fromarray(np.asarray(Image.open(path))) for path in paths]
    for pictures in (paths, [path.read_bytes() for path in paths], opened):
        p_NK = [
            list((answer.probabilities or {}).values())
            for answer in trained.predictor.predict(pictures)
        ]
        assert np.array(p_NK) == pytest.approx(predictions.probabilities_NK, abs=1e-5)


def test_a_server_answers_as_the_bundle_does(trained: Trained) -> None:
    paths = [sample.path for sample in trained.evaluation.predictions.dataset.samples]

    async def ask() -> list[Any]:
        with ThreadPoolExecutor(2) as pool:
            plan = BatchPlan(1, 8, 0.0, 1.0)
            batcher = Batcher(trained.predictor, pool, 10**6, lambda outputs: None, plan)
            outputs = await asyncio.gather(*(batcher.infer(path.read_bytes()) for path in paths))
            batcher.retire()
            return [output.p_K for output in outputs]

    expected = trained.evaluation.predictions.probabilities_NK
    assert np.array(asyncio.run(ask())) == pytest.approx(expected, abs=1e-5)


def test_what_a_heatmap_lies_on_is_as_bright_as_what_the_network_was_given(
    trained: Trained,
) -> None:
    path = trained.root / "warm" / "0.png"
    (explained,) = Explainer(trained.predictor).stream([path])
    assert explained.heatmap is not None and explained.overlay is not None
    picture = decode(path.read_bytes(), (256, 256, 3), 13).pixels
    assert np.array_equal(explained.overlay, overlay(picture, explained.heatmap))


def test_new_pictures_are_scored_at_the_depth_of_the_bundle(
    trained: Trained, tmp_path: Path
) -> None:
    # By themselves, these need 12 bits and would look twice as bright.
    root = draw(tmp_path / "heat", 6, start=1_000)
    for file in (root / "warm").iterdir():
        levels = np.asarray(Image.open(file))
        Image.fromarray(np.minimum(levels, 4_095)).save(file)
    scored = trained.predictor.evaluate(root)
    paths = [sample.path for sample in scored.dataset.samples]
    p_NK = [
        list((answer.probabilities or {}).values()) for answer in trained.predictor.predict(paths)
    ]
    assert scored.probabilities_NK == pytest.approx(np.array(p_NK), abs=1e-5)


def test_what_is_shipped_says_which_level_is_white(trained: Trained) -> None:
    bundle = trained.predictor.bundle
    for page in (bundle.read("README.md").decode(), readme(bundle, [], "")):
        assert "more than 8 bits 8,191 is white: a level is divided by 32." in page


def test_the_script_of_an_export_answers_as_the_bundle_does(
    trained: Trained, tmp_path: Path
) -> None:
    bundle = trained.predictor.bundle
    (tmp_path / "heat.onnx").write_bytes(bundle.read("model.onnx"))
    script = tmp_path / "example.py"
    script.write_text(example("onnx", "fp32", "heat", bundle), encoding="utf-8")
    for name in ("cool/3.png", "warm/3.png"):
        picture = trained.root / name
        command = [sys.executable, str(script), str(picture)]
        said = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
        (answer,) = trained.predictor.predict(picture)
        likeliest = "none of these"
        if answer.probability is not None:
            likeliest = f"{answer.label} {answer.probability:.3f}"
        assert said.stdout.strip() == likeliest


def test_a_picture_of_another_depth_is_refused_rather_than_white(
    trained: Trained, tmp_path: Path
) -> None:
    Image.fromarray(heat("warm", 5) * 15).save(tmp_path / "deep.png")
    (answer,) = trained.predictor.predict(tmp_path / "deep.png")
    assert answer.error is not None
    assert "brighter than 8,191" in answer.error


def test_pictures_that_nobody_audited_are_trained_on_at_one_depth_too(tmp_path: Path) -> None:
    parts = split(read(draw(tmp_path / "heat", 8)))
    classifier = ImageClassifier(SMALL).fit(parts.train, parts.valid)
    tested = classifier.evaluate(parts.test)
    assert tested.parts.train.bits == tested.parts.valid.bits == tested.parts.test.bits == 13
    expected = tested.predictions.probabilities_NK
    paths = [sample.path for sample in parts.test.samples]
    assert classifier.predict_proba(paths) == pytest.approx(expected, abs=1e-5)


def test_what_goes_on_from_a_bundle_keeps_its_white(trained: Trained, tmp_path: Path) -> None:
    root = draw(tmp_path / "heat", 12, start=2_000)
    for file in (root / "warm").iterdir():
        Image.fromarray(np.asarray(Image.open(file)) // 2).save(file)
    data = read(root)
    parts = split(clean(data, audit(data, size=32)))
    assert parts.train.bits == 12
    recipe = SMALL.replace(weights=str(trained.predictor.bundle.path))
    tested = ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(parts.test)
    assert [part.bits for part in tested.parts] == [13, 13, 13]
