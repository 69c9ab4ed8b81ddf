from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from diptych.serving.models import Models
from diptych.serving.monitoring import Monitor
from diptych.serving.settings import Limits
from served import Server, serving, small_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that tells blue from red."""
    return small_bundle(tmp_path_factory.mktemp("bundles") / "colours.bundle")


@pytest.fixture(scope="session")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of that bundle and of another one, which tells green from red."""
    other = small_bundle(bundle.with_name("others.bundle"), ("green", "red"))
    log = tmp_path_factory.mktemp("logs") / "log"
    with serving(log, bundle, other, "--cors", "https://shop.example") as server:
        yield server


@pytest.fixture(scope="session")
def narrow(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes little."""
    limits = ("--max-bytes", "40000", "--max-pixels", "10000", "--max-files", "2")
    patience = ("--queue", "2", "--timeout", "1")
    log = tmp_path_factory.mktemp("logs") / "log"
    with serving(log, bundle, *limits, *patience) as server:
        yield server


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two bundles of the same classes, and one of others."""
    folder = tmp_path_factory.mktemp("bundles")
    return {
        "first": small_bundle(folder / "first"),
        "second": small_bundle(folder / "second", seed=1),
        "green": small_bundle(folder / "green", ("green", "red")),
    }


@pytest.fixture
def open_models() -> Iterator[Callable[..., Models]]:
    """Opens bundles as a server does; their threads end with the test."""
    with ExitStack() as stack:

        def opened(paths: Sequence[Path], monitor: Monitor | None = None) -> Models:
            models = Models(paths, Limits(), monitor or Monitor())
            return stack.enter_context(closing(models))

        yield opened
