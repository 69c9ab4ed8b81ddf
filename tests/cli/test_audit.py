import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from absent import without
from command import answer_of, complaint, diptych
from conftest import picture
from diptych.data.plan import Plan, Row


def test_audit_counts_every_file(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    root = folder_of(5)
    (root / "red" / "bad.jpg").write_text("no picture")
    answer = answer_of("audit", root, "--out", tmp_path / "looked")
    assert answer["files"] == 11
    assert answer["used"] + sum(answer["set_aside"].values()) == 11
    rows = (tmp_path / "looked" / "audit.csv").read_text().splitlines()
    assert len(rows) == 1 + len(answer["findings"])


def test_there_is_a_page_to_look_at(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "looked"
    command = [sys.executable, "-m", "diptych", "audit", str(folder_of(5)), "--out", str(out)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1] == f"look at {out / 'audit.html'}"
    assert "Of 10 files in 2 classes all can be used." in (out / "audit.html").read_text()


def test_without_the_extra_the_table_is_there_and_a_line(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "looked"
    (tmp_path / "absent").mkdir()
    run = without("jinja2", tmp_path / "absent", "audit", folder_of(5), "--out", out)
    assert run.returncode == 0
    assert "audit.html: Jinja2 is not installed; run: pip install 'diptych[report]'" in run.stderr
    assert {file.name for file in out.iterdir()} == {"audit.csv", "plan.csv"}
    assert "look at" not in run.stdout


def test_an_audit_is_refused_before_the_look_at_the_data(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    absent = tmp_path / "absent"
    said = complaint("audit", absent, "--out", tmp_path / "file")
    assert "file is a file; name a folder" in said
    assert "between 8 and 1024, not 0" in complaint("audit", absent, "--size", "0")


def test_what_may_not_be_opened_is_said(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    root = folder_of(10)
    # Root may open everything, unless it gives that up.
    powers = "-dac_override,-dac_read_search"
    humbly = ["setpriv", "--bounding-set", powers, "--inh-caps", powers]
    if not shutil.which("setpriv"):
        pytest.skip("giving up the powers of root needs setpriv")

    def audited() -> subprocess.CompletedProcess[str]:
        command = [*humbly, sys.executable, "-m", "diptych", "audit", str(root), "--json"]
        return subprocess.run(command, capture_output=True, text=True)

    (root / "blue" / "blue000.png").chmod(0)
    assert json.loads(audited().stdout)["set_aside"] == {"permission denied": 1}
    closed = tmp_path / "closed"
    (closed / "deep").mkdir(parents=True)
    (closed / "deep" / "1.png").touch()
    (root / "blue" / "folder").symlink_to(closed)
    (root / "blue" / "file.png").symlink_to(closed / "deep" / "1.png")
    (root / "blue" / "more").symlink_to(closed / "deep")
    (root / "red" / "half").mkdir()
    (root / "red" / "red001.png").rename(root / "red" / "half" / "red001.png")
    closed.chmod(0)
    (root / "red" / "half").chmod(0o444)
    answer = json.loads(audited().stdout)
    assert (answer["files"], answer["set_aside"]) == (23, {"permission denied": 5})
    closed.chmod(0o755)
    (root / "red" / "half").chmod(0o755)
    (root / "red").chmod(0)
    run = audited()
    (root / "red").chmod(0o755)
    assert run.returncode == 2
    assert "red: Permission denied" in run.stderr


def test_a_folder_of_which_no_file_is_used_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "README.md").write_text("none")
    said = complaint("audit", tmp_path / "photos")
    assert "none of its files is a picture with a label: 1 no class; README.md, for one" in said


def test_a_pile_without_labels_is_pointed_to_where_it_gets_them(tmp_path: Path) -> None:
    (tmp_path / "pile").mkdir()
    picture(0).save(tmp_path / "pile" / "one.png")
    said = complaint("audit", tmp_path / "pile")
    assert "none of its files is a picture with a label: 1 no class; one.png" in said
    assert "to label them: diptych review" in said


def test_a_decision_on_a_picture_that_has_changed_is_asked_for_again(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root, out = folder_of(4), tmp_path / "looked"
    Plan((Row("red/red001.png", "drop", "keep", sha256="0" * 64),)).write(out / "plan.csv")
    (root / "red" / "red001.png").write_bytes((root / "blue" / "blue001.png").read_bytes())
    said = diptych("audit", root, "--out", out).stderr
    assert "red/red001.png: changed since it was decided about; decide again" in said
    assert not Plan.read(out / "plan.csv").decided
