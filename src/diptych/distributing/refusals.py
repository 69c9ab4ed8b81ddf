"""What is said where a worker cannot start, would answer otherwise, or fails."""

from collections.abc import Mapping

from diptych.distributing.worker import Arrival, Failure
from diptych.errors import DiptychError, InputError, first_line


def about_start(error: Exception) -> str:
    """Why a worker does not start, in a line."""
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return (
        f"a worker cannot start ({lines[-1].strip() if lines else first_line(error)}); install the "
        "same version of Diptych, with its extras, on every node"
    )


def refuse_others(arrival: Arrival, versions: Mapping[str, str]) -> None:
    """Raise InputError where a worker would answer otherwise than this machine."""
    for package, version in versions.items():
        there = arrival.versions.get(package, "none")
        if there != version:
            raise InputError(
                f"node {arrival.node}: it has {package} {there}, and this machine {version}: the "
                "answers would differ; install the same on every node"
            )


def failed(failure: Failure) -> DiptychError:
    """What to raise here for what went wrong there."""
    return failure.error or DiptychError(f"a worker failed:\n{failure.said}")
