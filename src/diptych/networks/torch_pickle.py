"""Files of `torch.save` before version 1.6, read without PyTorch and without trust."""

import io
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError

Tensors = dict[str, npt.NDArray[Any]]


def read_torch_pickle(data: bytes) -> Tensors:
    """The tensors of a file that `torch.save` wrote before version 1.6.

    Nothing of it is executed: the unpickler knows ordered dicts, storages and the call that makes
    a tensor, each replaced by ours, and refuses every other name. The format: three small pickles
    (a magic number, a version, facts on the machine), the pickled dict, the pickled list of
    storage keys, then for each key its length and its raw numbers (torch/serialization.py,
    `_legacy_save`). Raises InputError on anything else.
    """
    try:
        return _read(io.BytesIO(data))
    except InputError:
        raise
    except Exception as cause:
        # A damaged pickle raises anything.
        raise InputError("not a file of torch.save in the format of 2020") from cause


def _read(file: io.BytesIO) -> Tensors:
    magic, version, machine = (_Tensors(file).load() for _ in range(3))
    if magic != 0x1950A86A20F9469CFC6C or version != 1001 or not machine["little_endian"]:
        raise InputError("not a file of torch.save in the format of 2020")
    reader = _Tensors(file)
    tensors = reader.load()
    for key in _Tensors(file).load():
        storage = reader.storages[key]
        length = int.from_bytes(file.read(8), "little")
        raw = file.read(length * storage.dtype.itemsize)
        storage.resize(length, refcheck=False)
        storage[:] = np.frombuffer(raw, storage.dtype)
    return {name: tensor() for name, tensor in tensors.items()}


_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class _Tensors(pickle.Unpickler):
    """Builds functions that give arrays, once the numbers have been read."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.storages: dict[str, npt.NDArray[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return np.dtype(_DTYPES[name])
        raise InputError(f"a file of weights asks for {module}.{name}; only tensors are admitted")

    def persistent_load(self, pid: Any) -> npt.NDArray[Any]:
        _, dtype, key, _, _, _ = pid
        return self.storages.setdefault(key, np.empty(0, dtype))


def _tensor(
    storage: npt.NDArray[Any],
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_: Any,
) -> Any:
    def values() -> npt.NDArray[Any]:
        # Unlike as_strided, the constructor refuses what lies outside of the storage.
        size = storage.itemsize
        steps = tuple(step * size for step in strides)
        return np.ndarray(shape, storage.dtype, storage.data, offset * size, steps).copy()

    return values
