"""How long after the last epoch is the bundle of the photographs ready, its report included?

And is its calibration error on the test part what chance makes of exactly true probabilities?
"""

import json
import subprocess
import tempfile
import time
from pathlib import Path

from measuring import cold_cache, diptych, machine, need_photos


def main() -> None:
    with cold_cache() as env, tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "photos.bundle"
        command = [str(part) for part in diptych("train", need_photos(), "--out", bundle)]
        trained, started = 0.0, time.monotonic()
        with subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as run:
            assert run.stderr is not None
            for line in run.stderr:
                # The last line about the training comes with its last epoch.
                if line.startswith("training"):
                    trained = time.monotonic()
        done = time.monotonic()
        assert run.returncode == 0
        facts = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
        size = (bundle / "report.html").stat().st_size / 2**20
        print(
            f"ready {done - trained:.1f} s after the last epoch, {done - started:.1f} s in all; "
            f"the report has {size:.2f} MiB"
        )
        error = facts["calibration"]
        print(
            f"calibration error {error['test_error']:.4f}; exactly true probabilities are below "
            f"{error['test_error_by_chance']:.4f} in 95 % of test sets"
        )
    print(machine())


main()
