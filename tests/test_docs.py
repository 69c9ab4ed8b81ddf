"""What the documentation shows is run."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from diptych import ImageClassifier, Recipe, audit, clean, read, split
from diptych.cli import VERBS
from diptych.metrics.probabilities import softmax
from diptych.samples.digits import write_digits
from diptych.samples.plates import draw_plates
from diptych.serving.keys import add_key
from pages import PAGES, Block, blocks, reader, unlike

# What lies in the folder of a reader before the first block; everything else a page makes itself.
PICTURES = ["photos", "other_photos", "folder", "new", "more", "new1.jpg", "picture.jpg"]
TABLES = ["digits.csv", "mnist_train.csv.gz", "mnist_test.csv.gz"]
GIVEN = {
    "README.md": [*PICTURES, *TABLES[1:], "urls.csv", "a.bundle", "b.bundle"],
    "answers.md": [*PICTURES, "digits.csv", "a.bundle"],
    "cli.md": [*PICTURES, "pizza.bundle"],
    "deploying.md": [*PICTURES, "names.txt", "pizza.bundle"],
    "exports.md": ["pizza.bundle"],
    "findings.md": PICTURES,
    "howto/cluster.md": [*PICTURES, "pizza.bundle"],
    "howto/csv.md": ["photos", "pizza.bundle", *TABLES[1:]],
    "howto/folders.md": PICTURES,
    "howto/gather.md": PICTURES,
    "howto/no-gpu.md": PICTURES,
    "howto/photos.md": PICTURES,
    "howto/production.md": [*PICTURES, "pizza.bundle"],
    "howto/python.md": PICTURES,
    "serving.md": ["pizza.bundle", "digits.bundle", "keys.txt", "lunch.jpg", "dinner.jpg"],
    "twice.md": ["digits.bundle"],
}


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that pages are given: pictures, tables, bundles, and their cache."""
    root = tmp_path_factory.mktemp("things")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(root / "cache"))
        list(draw_plates(root / "photos", 30))
        list(draw_plates(root / "other_photos", 8, seed=1, defects=False))
        pictures = sorted((root / "other_photos").glob("*/*.jpg"))
        for folder in ("folder", "new", "more"):
            (root / folder).mkdir()
            shutil.copy(pictures[0], root / folder / "1.jpg")
        for name in ("new1.jpg", "picture.jpg", "lunch.jpg", "dinner.jpg"):
            shutil.copy(pictures[-1], root / name)
        (root / "names.txt").write_text("new1.jpg\nnew/1.jpg\n")
        address = "https://pictures.example.org/pizza/pizza_0000.jpg"
        (root / "urls.csv").write_text(f"url,label\n{address},pizza\n")
        write_digits(root / "digits.csv")
        head, *rows = (root / "digits.csv").read_text().splitlines(keepends=True)
        for name, few in (("mnist_train.csv.gz", rows[:300]), ("mnist_test.csv.gz", rows[300:400])):
            (root / name).write_bytes(gzip.compress("".join([head, *few]).encode()))
        train(root / "photos", root / "pizza.bundle", "torch", "cnn")
        for copy in ("a.bundle", "b.bundle"):
            shutil.copytree(root / "pizza.bundle", root / copy)
        train(root / "mnist_train.csv.gz", root / "digits.bundle", "linear", "linear")
        add_key(root / "keys.txt", "tests")
    return root


def train(data: Path, bundle: Path, engine: str, network: str) -> None:
    """A small bundle of pictures or of a table."""
    recipe = Recipe(engine=engine, network=network, image_size=16, epochs=3, seed=1)
    pictures = read(data)
    parts = split(clean(pictures, audit(pictures, size=16)))
    ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(parts.test).save(bundle)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_followed(
    page: str, things: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    for name in GIVEN.get(page, ()):
        copy = shutil.copytree if (things / name).is_dir() else shutil.copy
        copy(things / name, folder / name)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DIPTYCH_CACHE", str(things / "cache"))
    # What is exported in int8 has to have convolutions.
    trained = ("torch", "cnn") if page in ("README.md", "answers.md") else ("linear", "linear")
    with reader(folder, *trained) as somebody:
        if page == "deploying.md":  # it begins where a server runs
            somebody.shell(Block(page, 0, "sh", "", "diptych serve pizza.bundle\n", ""))
        somebody.run(page)


@pytest.mark.parametrize("page", PAGES)
def test_no_command_stands_in_a_block_that_is_never_run(page: str) -> None:
    for block in blocks(page):
        if block.language in ("", "text"):
            assert "diptych " not in block.code, f"say `sh` for {block}"


def test_an_example_is_unlike_an_answer_that_has_other_keys() -> None:
    example = {"n": 1, "files": [{"name": "a", "speed": {"p50": 1}}], "test": {"…": "as above"}}
    same = {"n": 2, "files": [{"name": "b", "speed": None}], "test": {"accuracy": 1}}
    assert not unlike(example, same)
    assert not unlike(example, {**same, "files": []})
    assert unlike(example, {**same, "extra": 1}) == {("extra",)}
    assert unlike(example, {**same, "files": [{"name": "b"}]}) == {
        ("files", "[]", "speed"),
        ("files", "[]", "speed", "p50"),
    }


def test_every_verb_has_an_example_of_its_answer() -> None:
    page = PAGES["answers.md"].read_text(encoding="utf-8")
    for verb in VERBS:
        assert f"diptych {verb.__name__.rpartition('.')[2]} " in page


def run(page: str, title: str, built: Callable[[Any], None]) -> dict[str, Any]:
    """The names that the blocks of one title leave behind; `built` gets the new network."""
    data, model, *rest = (block.code for block in blocks(page) if block.title == title)
    names: dict[str, Any] = {}
    exec(data + model, names)
    built(names["network"])
    exec("".join(rest), names)
    return names


@pytest.mark.usefixtures("one_thread")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_same_classifier_twice_answers_the_same() -> None:
    taken: list[np.ndarray] = []

    def keep(network: Any) -> None:
        for layer in network.layers:
            taken.extend(np.array(weight) for weight in layer.get_weights())

    def put(network: torch.nn.Module) -> None:
        """The starting weights that Keras drew, in PyTorch's layout."""
        names = [n for n in network.state_dict() if not n.endswith("num_batches_tracked")]
        values = [array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T for array in taken]
        start = {n: torch.from_numpy(v.copy()) for n, v in zip(names, values, strict=True)}
        network.load_state_dict(start, strict=False)

    in_keras = run("twice.md", "Keras", keep)
    in_torch = run("twice.md", "PyTorch", put)
    assert in_keras["accuracy"] > 0.7
    assert in_torch["accuracy"] == pytest.approx(in_keras["accuracy"], abs=0.03)
    apart = np.abs(softmax(in_torch["logits"].numpy()) - softmax(in_keras["logits"]))
    assert apart.mean() < 0.02
