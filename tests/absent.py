"""Diptych where packages are absent, in its child processes too."""

import os
import subprocess
import sys
from pathlib import Path

CUSTOMISE = """
import os, sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, *more):
        absent = name.partition(".")[0] in os.environ["ABSENT"].split(",")
        return None if absent else super().find_spec(name, *more)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""


def without(
    packages: str, folder: Path, *arguments: str | Path
) -> "subprocess.CompletedProcess[str]":
    """Run the command line where these packages, parted by commas, are not to be found."""
    # Python runs a module of this name whenever it starts.
    (folder / "sitecustomize.py").write_text(CUSTOMISE)
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "ABSENT": packages, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "diptych", *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
