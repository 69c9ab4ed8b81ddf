"""The notebook of the documentation is run in a kernel, cell by cell."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from pages import DOCS

# What the Jupyter packages say of their own use of asyncio and of platformdirs.
pytestmark = pytest.mark.filterwarnings("default")


def test_the_tour_can_be_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    tour = read_tour()
    NotebookClient(tour, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    assert (tmp_path / "plates.bundle" / "report.html").exists()
    outputs = [output for cell in tour.cells for output in cell.get("outputs", ())]
    assert "new/" in outputs[-2].text  # a line for each picture, and the first answer as a value
    assert outputs[-1].output_type == "execute_result"


def test_the_tour_is_kept_without_answers() -> None:
    tour = read_tour()
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in tour.cells)


def read_tour() -> NotebookNode:
    tour: NotebookNode = nbformat.read(DOCS / "tour.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    return tour
