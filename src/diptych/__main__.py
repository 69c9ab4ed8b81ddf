"""`python -m diptych` is `diptych`."""

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line, also where it is stopped before it is there."""
    try:
        from diptych.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("diptych: stopped\n")
        os._exit(130)
    run()


if __name__ == "__main__":
    main()
