"""The graph that resizes for itself does what `preprocess` does."""

import io

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from diptych.graphs.resizing import PICTURE, any_size
from diptych.images.preprocess import decode
from diptych.runtimes import Predict, open_graph

Pixels = npt.NDArray[np.uint8]

# Width and height: less and more than what is asked for, odd, long, of a single row or column.
SIZES = (
    *((32, 24), (31, 23), (33, 25), (16, 12), (64, 48), (65, 47), (63, 97)),
    *((1, 1), (1, 500), (500, 1), (2, 2), (3, 7), (7, 3), (32, 1), (1, 24)),
    *((512, 384), (384, 512), (511, 513), (1023, 767), (2500, 40), (40, 2500), (3001, 2003)),
)


def drawn(width: int, height: int) -> Pixels:
    """Noise: every pixel counts, and none is like its neighbour."""
    rng = np.random.default_rng((width, height))
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def identity(shape: tuple[int, int, int]) -> onnx.ModelProto:
    """A network that gives back its pixels."""
    given, seen = (
        helper.make_tensor_value_info(name, TensorProto.UINT8, ["N", *shape])
        for name in ("images", "seen")
    )
    node = helper.make_node("Identity", ["images"], ["seen"])
    graph = helper.make_graph([node], "identity", [given], [seen])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def resizing(shape: tuple[int, int, int]) -> Predict:
    """From a picture to what a network of this shape would be given."""
    return open_graph(any_size(identity(shape).SerializeToString()), "onnxruntime")


def png(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    return file.getvalue()


@pytest.mark.parametrize("channels", [3, 1])
@pytest.mark.parametrize("asked", [(24, 32), (1, 1), (57, 57)])
def test_every_size_is_squashed_as_pillow_does_to_one_grey_level(
    asked: tuple[int, int], channels: int
) -> None:
    shape = (*asked, channels)
    run = resizing(shape)
    same = total = 0
    for size in SIZES:
        picture = drawn(*size)
        actual = run(picture)
        assert actual.shape == (1, *shape)
        off = np.abs(actual[0].astype(int) - decode(png(picture), shape).pixels)
        assert off.max() <= 1, size
        same, total = same + int((off == 0).sum()), total + off.size
    assert same > 0.9 * total


def test_a_picture_of_the_right_size_stays_as_it_is() -> None:
    picture = drawn(32, 24)
    np.testing.assert_array_equal(resizing((24, 32, 3))(picture)[0], picture)


def test_black_and_white_stay_black_and_white() -> None:
    run = resizing((24, 32, 3))
    for level in (0, 255):
        flat = np.full((301, 199, 3), level, np.uint8)
        assert (run(flat) == level).all()


def test_metadata_stay_and_a_picture_is_the_only_input() -> None:
    model = identity((8, 8, 3))
    helper.set_model_props(model, {"classes": '["a", "b"]'})
    actual = onnx.load_from_string(any_size(model.SerializeToString()))
    assert {p.key: p.value for p in actual.metadata_props} == {"classes": '["a", "b"]'}
    assert [value.name for value in actual.graph.input] == [PICTURE]
