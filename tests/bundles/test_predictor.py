from pathlib import Path

import pytest

from conftest import RED, picture
from diptych import load


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
