import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from command import LINEAR, answer_of, diptych
from conftest import RED, picture


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_may_be_closed(bundle: Path, tmp_path: Path, stream: str) -> None:
    picture(900, hue=RED).save(tmp_path / "new.png")
    script = f'"$@" {stream}'
    command = [sys.executable, "-m", "diptych", "predict", str(bundle)]
    named = [*command, str(tmp_path / "new.png")]
    run = subprocess.run(["sh", "-c", script, "sh", *named], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.count("  red  ") == (">&-" not in stream.replace("2>&-", ""))
    run = subprocess.run(["sh", "-c", '"$@" <&-', "sh", *command], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (2, "")
    assert "diptych: no picture was named" in run.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["cache"], ["cache", "--json"]])
def test_a_full_disk_under_the_answer_is_one_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "diptych", *arguments]
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 2
    assert run.stderr == "diptych: reading or writing failed: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_progress_that_cannot_be_shown_stops_nothing(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "diptych"]
    with Path("/dev/full").open("w") as full:

        def unseen(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
            line = [*command, *map(str, arguments)]
            return subprocess.run(line, stdout=subprocess.PIPE, stderr=full, text=True)

        out = tmp_path / "a.bundle"
        run = unseen("train", folder_of(30), "--out", out, *LINEAR, "--json")
        assert (run.returncode, json.loads(run.stdout)["used"]) == (0, 60)
        assert (out / "bundle.json").exists()
        assert unseen("train", tmp_path / "absent", "--out", tmp_path / "b.bundle").returncode == 2


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_any_name_can_be_said(
    bundle: Path, tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", f"{encoding}:strict")
    names = [os.fsdecode(b"bad\xff.png"), "two\nlines.png", "пицца.png", "\U0001f355.png"]
    for name in names:
        picture(900, hue=RED).save(tmp_path / name)
    paths = [str(tmp_path / name) for name in names]
    assert [answer["path"] for answer in answer_of("predict", bundle, *paths)] == paths
    run = diptych("predict", bundle, *paths)
    assert run.returncode == 0
    assert [line.endswith("%") for line in run.stdout.splitlines()] == [True] * len(names)
    listed = "\0".join(paths).encode(errors="surrogateescape")
    command = [sys.executable, "-m", "diptych", "predict", str(bundle), "-", "--json"]
    piped = subprocess.run(command, input=listed, capture_output=True, timeout=300)
    expected = paths if encoding == "utf-8" else paths[:2]
    answered = [answer["path"] for answer in json.loads(piped.stdout) if not answer["error"]]
    assert answered[: len(expected)] == expected
