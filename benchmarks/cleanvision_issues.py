"""cleanvision's side of bench_quality.py; runs in an environment that has it and not Diptych.

Usage: cleanvision_issues.py FOLDER
"""

import contextlib
import json
import sys
import time
from pathlib import Path

from cleanvision import Imagelab

CHECKS = (
    *("dark", "light", "blurry", "low_information"),
    *("odd_size", "odd_aspect_ratio", "grayscale"),
)

folder = Path(sys.argv[1]).resolve()
started = time.process_time()
with contextlib.redirect_stdout(sys.stderr):
    lab = Imagelab(data_path=str(folder))
    lab.find_issues({check: {} for check in CHECKS}, n_jobs=1)
flags = lab.issues.filter(like="is_").filter(regex="_issue$")
print(
    json.dumps(
        {
            "seconds": time.process_time() - started,
            "issues": {
                column.removeprefix("is_").removesuffix("_issue"): [
                    str(Path(path).relative_to(folder)) for path in flags.index[flags[column]]
                ]
                for column in flags
            },
        }
    )
)
