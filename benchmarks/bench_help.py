"""How long does `diptych --help` take, beside a Python that does nothing?"""

import statistics
import subprocess
import sys
import time

from measuring import machine


def seconds(*command: str) -> float:
    """The median of eleven runs."""
    times = []
    for _ in range(11):
        started = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.monotonic() - started)
    return statistics.median(times)


def main() -> None:
    nothing = seconds(sys.executable, "-c", "pass")
    ours = seconds(sys.executable, "-m", "diptych", "--help")
    print(f"diptych --help: {ours:.3f} s, {ours / nothing:.1f} times `python -c pass`")
    print(machine())


main()
