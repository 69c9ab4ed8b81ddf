"""`python -m diptych` is `diptych`."""

from typing import NoReturn

from diptych.system import interrupts


def main() -> NoReturn:
    """Run the command line, also where it is stopped before it is there."""
    interrupts.watch()
    try:
        from diptych.cli import main as run
    except BaseException as error:
        if interrupts.caused(error):
            interrupts.stop()
        raise
    run()


if __name__ == "__main__":
    main()
