import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from command import complaint, diptych
from diptych.system import interrupts


@pytest.mark.parametrize("said", [[], ["--help"], ["--version"], ["sample"]])
def test_what_there_is_is_said_without_numpy_or_a_framework(said: list[str]) -> None:
    code = (
        "import sys; from diptych.cli import main\n"
        f"try: main({said!r})\n"
        "except SystemExit as end: assert not end.code\n"
        "print(sorted({'numpy', 'torch', 'PIL', 'onnxruntime', 'rich'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.endswith("[]\n")


def test_the_name_alone_shows_the_help() -> None:
    alone, asked = diptych(), diptych("--help")
    assert alone.returncode == asked.returncode == 0
    assert alone.stdout == asked.stdout
    assert "train" in asked.stdout
    assert diptych("sample").stdout == diptych("sample", "--help").stdout


def test_the_version_is_that_of_the_package() -> None:
    assert diptych("--version").stdout == f"diptych {importlib.metadata.version('diptych')}\n"


def test_what_is_no_verb_is_one_line() -> None:
    assert "invalid choice: 'trian'" in complaint("trian")
    assert "unrecognized arguments: --json" in complaint("--json")


def test_a_reader_that_has_seen_enough_is_no_failure_to_speak_of() -> None:
    command = [sys.executable, "-m", "diptych", "cache"]
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (run.returncode, run.stderr) == (1, "")


def test_ctrl_c_before_anything_is_there_is_one_line() -> None:
    code = """
import runpy, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "diptych.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
runpy.run_module("diptych", run_name="__main__")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "diptych: stopped\n")


@pytest.mark.parametrize(
    "failing",
    [
        "os.kill(os.getpid(), signal.SIGINT)",
        "raise ImportError('cannot import name')",
        "raise GateError('no')",
    ],
    ids=["as it is", "an error of an import", "an error of ours"],
)
def test_an_interrupt_that_became_another_error_is_one_line(failing: str) -> None:
    code = f"""
import os, signal, sys
from diptych.images import cache
from diptych.system import interrupts
from diptych.errors import GateError
signal.signal(signal.SIGINT, signal.default_int_handler)
def usage():
    # What native code makes of an interrupt: an error that knows nothing of it.
    try:
        os.kill(os.getpid(), signal.SIGINT)
        import time; time.sleep(1)
    except KeyboardInterrupt:
        pass
    {failing}
cache.usage = usage
interrupts.watch()
from diptych.cli import main
main(["cache"])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    said = "diptych: stopped; the same command goes on where it was\n"
    assert (run.returncode, run.stdout, run.stderr) == (130, "", said)


def test_an_interrupt_after_the_work_is_done_stops_nothing() -> None:
    code = """
import os, signal
from diptych.system import interrupts
from diptych.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
interrupts.watch()
interrupts.ignore()
os.kill(os.getpid(), signal.SIGINT)
main(["cache"])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert "rows" in run.stdout


def test_an_error_long_after_an_interrupt_is_what_it_says() -> None:
    assert interrupts.caused(_raised_from(KeyboardInterrupt()))
    assert not interrupts.caused(_raised_from(ValueError()))
    assert not interrupts.caused(ImportError())


def _raised_from(cause: BaseException) -> BaseException:
    error = ImportError()
    error.__context__ = OSError()
    error.__context__.__cause__ = cause
    return error


def test_a_bundle_is_no_folder_to_write_into(folder_of: Callable[..., Path], bundle: Path) -> None:
    other = folder_of(5, name="other", start=300)
    verbs: list[list[str | Path]] = [["evaluate", bundle, other], ["audit", other]]
    verbs.append(["explain", bundle, other])
    for verb in verbs:
        assert "is a bundle, which stays as it is" in complaint(*verb, "--out", bundle)
    assert diptych("predict", bundle, other).returncode == 0
    assert "a name is empty" in complaint("predict", bundle, "")


def test_a_bundle_is_not_written_among_the_pictures(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    root = folder_of(10)
    inside = root / "deep" / "a.bundle"
    (tmp_path / "link").symlink_to(root)
    lies = "lies in .*photos, and would be taken for pictures of it; name another --out"
    commands: list[list[str | Path]] = [
        ["train", root, "--out", inside],
        ["train", tmp_path / "other", "--test", root, "--out", tmp_path / "link" / "a"],
        ["audit", root, "--out", inside],
        ["evaluate", bundle, root, "--out", inside],
        ["evaluate", bundle, bundle, "--on", root, "--out", inside],
    ]
    for command in commands:
        assert re.search(lies, complaint(*command))
    assert sorted(path.name for path in root.iterdir()) == ["blue", "red"]


def test_an_empty_name_is_no_name_of_this_folder(tmp_path: Path) -> None:
    assert "the name is empty" in complaint("train", "", "--out", tmp_path / "a")
    assert "the name is empty" in complaint("train", tmp_path, "--out", "")
