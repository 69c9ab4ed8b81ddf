import importlib
import sys

import pytest

from diptych.errors import MissingExtra


def test_without_pytorch_its_files_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "diptych.networks.torch_files", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"PyTorch is not installed; .*'diptych\[torch\]'"):
        importlib.import_module("diptych.networks.torch_files")
