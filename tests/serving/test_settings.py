import subprocess
from pathlib import Path

from served import command


def test_numbers_that_make_no_sense_are_refused(bundle: Path) -> None:
    for option in ("--workers", "--queue", "--max-files", "--timeout"):
        done = subprocess.run(command(bundle, option, "0"), capture_output=True, text=True)
        assert done.returncode == 2
        assert f"{option} 0" in done.stderr
        assert done.stderr.count("\n") == 1
