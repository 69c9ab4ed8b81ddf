import copy
import io
import multiprocessing
import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from conftest import RED, picture
from diptych import load
from diptych.bundles.predictor import Prediction, Predictor
from diptych.errors import BundleError, ImageError, InputError


def test_a_saved_classifier_answers_in_words(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "new.png")
    (answer,) = load(bundle).predict([tmp_path / "new.png"])
    assert answer.label == "red"
    assert answer.probabilities is not None
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert answer.probability == answer.probabilities["red"]
    assert str(answer).startswith(f"{tmp_path / 'new.png'}  red  ")


def test_a_bad_picture_does_not_stop_the_rest(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_text("no picture")
    names = [tmp_path / name for name in ("good.png", "bad.jpg", "absent.jpg", "good.png")]
    answers = load(bundle).predict(names)
    assert [answer.label for answer in answers] == ["red", None, None, "red"]
    assert answers[1].error is not None
    assert answers[1].error.startswith("not an image")
    assert answers[2].error == "unreadable: no such file or directory"


def test_a_picture_has_the_same_answer_in_every_way_to_give_it(
    bundle: Path, tmp_path: Path
) -> None:
    file = tmp_path / "new.png"
    image = picture(900, hue=RED)
    image.save(file)
    predictor = load(bundle)
    (expected,) = predictor.predict(str(file))
    assert (expected.path, expected.label) == (str(file), "red")
    data = file.read_bytes()
    many = np.stack([np.asarray(image)] * 3)
    some: Any = [file, data, bytearray(data), io.BytesIO(data), image, many[0], many, [image, data]]
    for given in some:
        for answer in predictor.predict(given):
            assert answer[1:] == expected[1:]
    assert [len(predictor.predict(given)) for given in (many, many[0], tmp_path / "*.png")] == [
        3, 1, 1,
    ]  # fmt: skip


def test_a_bad_picture_in_memory_does_not_stop_the_rest(bundle: Path) -> None:
    good = picture(900, hue=RED)
    answers = load(bundle).predict([b"", good, io.BytesIO(b"text"), "http://127.0.0.1/x.jpg"])
    assert [answer.label for answer in answers] == [None, "red", None, None]
    assert [str(answer.error)[:10] for answer in answers if answer.error] == [
        "empty: the", "not an ima", "not a file",
    ]  # fmt: skip


def test_a_predictor_travels_as_its_path(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(900, hue=RED).save(tmp_path / "new.png")
    monkeypatch.chdir(bundle.parent)
    predictor = load(bundle.name)
    monkeypatch.chdir("/")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        answers = pool.submit(predictor.predict, tmp_path / "new.png").result(60)
    assert answers == predictor.predict(tmp_path / "new.png")
    assert len(pickle.dumps(predictor)) < 1000
    joblib.dump(predictor, tmp_path / "predictor.joblib")
    assert joblib.load(tmp_path / "predictor.joblib").classes == ("blue", "red")
    assert copy.deepcopy({"model": predictor})["model"].predict(b"")[0].error
    assert copy.copy(predictor).classes == predictor.classes


def test_a_predictor_whose_bundle_is_gone_says_so(bundle: Path) -> None:
    travelling = pickle.dumps(load(bundle))
    bundle.rename(bundle.with_name("moved.bundle"))
    with pytest.raises(BundleError, match=r"red\.bundle: no such bundle"):
        pickle.loads(travelling)
    moved = load(bundle.with_name("moved.bundle"))
    again = pickle.dumps(moved)
    shutil.copytree(moved.bundle.path, bundle)
    seal = bundle / "bundle.json.sha256"
    assert pickle.loads(travelling).classes == moved.classes
    other = pickle.dumps(load(bundle)).replace(seal.read_bytes()[:8], b"0" * 8)
    with pytest.raises(BundleError, match="another bundle than the one that was sent"):
        pickle.loads(other)
    assert isinstance(pickle.loads(again), Predictor)


def test_a_network_is_open_before_many_threads_ask_it(bundle: Path) -> None:
    for several in (Predictor.spread, Predictor.on_one_core):
        predictor = load(bundle)
        several(predictor)
        assert "_run_on_one_core" in vars(predictor)


def test_errors_travel_too() -> None:
    for error in (ImageError("empty", "no bytes"), InputError("x"), BundleError("y")):
        copied = pickle.loads(pickle.dumps(error))
        assert (type(copied), str(copied)) == (type(error), str(error))


def test_a_bundle_is_scored_on_a_folder_or_on_pictures_and_labels(
    bundle: Path, tmp_path: Path
) -> None:
    predictor = load(bundle)
    for label, hue in (("red", RED), ("blue", (60, 70, 190))):
        (tmp_path / "other" / label).mkdir(parents=True)
        for i in range(4):
            picture(700 + i, hue=hue).save(tmp_path / "other" / label / f"{i}.png")
    scored = predictor.evaluate(str(tmp_path / "other"))
    assert (len(scored.dataset), scored.scores().accuracy.value) == (8, 1.0)
    images = [picture(700 + i, hue=RED) for i in range(4)]
    assert predictor.evaluate(images, ["red"] * 4).scores().accuracy.value == 1.0


def test_answers_show_themselves(bundle: Path, tmp_path: Path) -> None:
    picture(900, hue=RED).save(tmp_path / "<b>new.png")
    answers = load(bundle).predict([tmp_path / "<b>new.png", b""])
    assert isinstance(answers, list)
    assert (
        repr(answers[1]) == "<Prediction picture 2  cannot be read: empty: the file has no bytes>"
    )
    for html in (answers._repr_html_(), answers[0]._repr_html_()):
        assert "&lt;b&gt;new.png" in html
        assert "<b>new.png" not in html
        assert "data:image/jpeg;base64," in html
        assert "http" not in html
        assert len(html) < 10_000
    many = type(answers)([Prediction("x", "red", 0.5, {"red": 0.5})] * 1000)
    assert "… and 980 more" in many._repr_html_()
