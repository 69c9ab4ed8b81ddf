"""What does a search of 40 trials take on the photographs, and is what it finds better?

`diptych tune` with the default recipe and space, then with a space in which the number of backbones
is free as well. Features are computed before, if they are not in the cache, and told apart. The
verdict is the command's own, on folds of seeds that no trial had.
"""

import os
import resource
import tempfile
from pathlib import Path

from measuring import Run, diptych, machine, measured, need_photos

TRIALS = 40
BACKBONES = """
learning_rate = { low = 0.0003, high = 0.01, log = true }
weight_decay = { low = 0.001, high = 0.1, log = true }
label_smoothing = { low = 0.0, high = 0.2 }
network = ["efficientnet_lite0", "efficientnet_lite0+lite1"]
"""


def main() -> None:
    photos = need_photos()
    with tempfile.TemporaryDirectory() as folder:
        space = Path(folder) / "space.toml"
        space.write_text(BACKBONES)
        searches: dict[str, list[str | Path]] = {
            "the default space": [],
            "backbones as well": ["--space", space],
        }
        for name, options in searches.items():
            out = Path(folder) / f"{len(options)}"
            command = diptych("tune", photos, *options)
            features = timed([*command, "--out", f"{out}-first", "--trials", "1"])
            search = timed([*command, "--out", out, "--trials", str(TRIALS)])
            answer = search[0].answer
            pruned = sum(trial["state"] == "pruned" for trial in answer["trials"])
            seconds = sum(trial["seconds"] for trial in answer["trials"])
            print(
                f"{name}: one trial, with features where they were missing, {told(features)}; "
                f"{TRIALS} trials with their verdict {told(search)}, of which the trials "
                f"{seconds:.0f} s; {pruned} stopped early\n  {answer['says']}\n "
                + ", ".join(f" {one['choice']} {one['share']:.0%}" for one in answer["importance"]),
                flush=True,
            )
    print(machine())


def timed(command: list[str | Path]) -> tuple[Run, float]:
    """A command, and the seconds of processors that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = measured(command, dict(os.environ))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return run, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def told(run: tuple[Run, float]) -> str:
    """Seconds by the clock, and of processors."""
    return f"{run[0].seconds:.0f} s ({run[1]:.0f} s of processors)"


if __name__ == "__main__":
    main()
