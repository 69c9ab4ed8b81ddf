"""What an earlier bundle's network has learned, and where it is looked for."""

from pathlib import Path

import numpy as np
import pytest

from diptych import Recipe
from diptych.networks import choosing, earlier
from diptych.networks.initialisation import initial


@pytest.mark.parametrize("word", ["pretrained", "none"])
def test_a_bundle_that_is_called_as_a_word_is_not_gone_on_from(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / word
    folder.mkdir()
    (folder / "bundle.json").write_text('{"classes": ["blue", "red"]}')
    (folder / "model.safetensors").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    recipe = Recipe(engine="linear", network="linear", weights=word)
    start = choosing.start(recipe, (32, 32, 3), ("blue", "red"))
    for name, value in initial(start.network, recipe.seed).items():
        np.testing.assert_array_equal(start.weights[name], value)
    assert earlier.earlier_path(word) is None
    assert earlier.weights_hash(word) == ""
    # By its path it is one.
    assert earlier.earlier_path(f"./{word}") == Path(word)
    assert earlier.weights_hash(f"./{word}")
