import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from diptych.errors import InputError
from diptych.networks.torch_pickle import read_torch_pickle


def legacy(value: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


class Command:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def test_a_torch_pickle_is_read_as_torch_reads_it(package_file: Path) -> None:
    data = package_file.read_bytes()
    actual, expected = read_torch_pickle(data), torch.load(io.BytesIO(data), weights_only=True)
    assert list(actual) == list(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(actual[name], value.numpy(), err_msg=name)
        assert actual[name].dtype == value.numpy().dtype


def test_tensors_that_share_or_skip_numbers_are_read() -> None:
    whole = torch.arange(24.0).reshape(4, 6)
    tensors = {"whole": whole, "turned": whole.T, "part": whole[1:3, ::2], "count": torch.tensor(7)}
    actual = read_torch_pickle(legacy(tensors))
    for name, value in tensors.items():
        np.testing.assert_array_equal(actual[name], value.numpy(), err_msg=name)


@pytest.mark.parametrize("place", ["first", "inside"])
def test_a_pickle_that_runs_a_command_is_refused_unrun(place: str, tmp_path: Path) -> None:
    trap = Command(f"touch {tmp_path / 'sprung'}")
    parts = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, {"weight": trap}, []]
    if place == "first":
        parts[0] = trap
    data = b"".join(pickle.dumps(part, protocol=2) for part in parts)
    with pytest.raises(InputError, match=r"asks for (posix|nt)\.system; only tensors"):
        read_torch_pickle(data)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.999])
def test_a_torch_pickle_cut_short_is_refused(share: float) -> None:
    data = legacy({"weight": torch.ones(1000), "bias": torch.ones(100)})
    with pytest.raises(InputError, match=r"not a file of torch\.save"):
        read_torch_pickle(data[: int(share * len(data))])


def test_a_tensor_larger_than_its_numbers_is_refused() -> None:
    data = legacy({"weight": torch.ones(3, 5)})
    # The pickled shape (3, 5), then the strides (5, 1).
    shape = b"K\x03K\x05\x86"
    assert data.count(shape) == 1
    with pytest.raises(InputError, match=r"not a file of torch\.save"):
        read_torch_pickle(data.replace(shape, b"K\xffK\x05\x86"))
