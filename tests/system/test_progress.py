import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from diptych.system import progress
from diptych.system.progress import shown


class Notebook(types.ModuleType):
    """What IPython gives in a notebook: a shell with a kernel, and bars that can be changed."""

    def __init__(self, kernel: object) -> None:
        super().__init__("IPython")
        self.states: list[Any] = []
        self.get_ipython = lambda: types.SimpleNamespace(kernel=kernel)

    def display(self, value: Any, display_id: bool) -> "Notebook":
        assert display_id
        self.states.append(value)
        return self

    def update(self, value: Any) -> None:
        self.states.append(value)


def in_notebook(monkeypatch: pytest.MonkeyPatch, kernel: object) -> Notebook:
    notebook = Notebook(kernel)
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    return notebook


class Epoch:
    def describe(self) -> str:
        return "loss <0.5"


def test_a_notebook_shows_a_bar_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = in_notebook(monkeypatch, object())
    monkeypatch.setattr(progress, "BAR_EVERY", -1.0)
    assert len(list(shown((Epoch() for _ in range(3)), "training", 5))) == 3
    assert [repr(state) for state in notebook.states] == [
        "training: 0 of 5",
        *(f"training, loss <0.5: {i} of 5" for i in (1, 2, 3)),
        "training: 3 of 3",
    ]
    assert "loss &lt;0.5: 1 of 5" in notebook.states[1]._repr_html_()
    assert "width:20.0%" in notebook.states[1]._repr_html_()
    assert capsys.readouterr() == ("", "")


def test_ipython_in_a_terminal_is_no_notebook(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = in_notebook(monkeypatch, None)
    assert list(shown([1, 2], "counting", 2)) == [1, 2]
    assert notebook.states == []
    assert capsys.readouterr() == ("", "counting: 2 done\n")


def test_work_that_fails_is_not_shown_as_done(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = in_notebook(monkeypatch, object())

    def failing() -> Iterator[int]:
        yield 1
        raise RuntimeError

    with pytest.raises(RuntimeError):
        list(shown(failing(), "counting", 2))
    assert [state.done for state in notebook.states] == [0]


def test_nothing_is_imported_to_find_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    list(shown([1], "counting", 1))
    assert "IPython" not in sys.modules
