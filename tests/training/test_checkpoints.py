import threading
from pathlib import Path

import pytest

from diptych.training.checkpoints import alone_in, forget


def test_who_comes_second_waits_and_finds_what_the_first_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run, found = tmp_path / "runs" / "a", list[list[str]]()

    def second() -> None:
        with alone_in(run):
            found.append([path.name for path in run.iterdir()])

    with alone_in(run):
        waiting = threading.Thread(target=second)
        waiting.start()
        while "another run trains the same" not in caplog.text:
            assert waiting.is_alive()
        run.mkdir()
        (run / "epoch-00001").mkdir()
    waiting.join()
    assert found == [["epoch-00001"]]


def test_one_who_is_alone_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with alone_in(tmp_path / "a"), alone_in(tmp_path / "b"):
        pass
    assert not caplog.text


def test_what_another_works_in_is_not_deleted(tmp_path: Path) -> None:
    run = tmp_path / "a"
    run.mkdir()
    with alone_in(run):
        forget(run)
        assert run.exists()
    forget(run)
    assert not list(tmp_path.iterdir())
