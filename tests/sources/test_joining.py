from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import picture
from diptych import audit, clean, read
from diptych.errors import InputError


def put(root: Path, *names: str) -> Path:
    for i, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        picture(i).save(root / name)
    return root


def test_labels_of_the_test_part_are_matched_by_name(tmp_path: Path) -> None:
    root = put(tmp_path / "data", "cat/1.png", "dog/1.png", "emu/1.png")
    data = read(root, test=put(tmp_path / "other", "dog/2.png", "emu/2.png"))
    assert data.classes == ("cat", "dog", "emu")
    assert [(s.label, s.part) for s in data.samples][3:] == [("dog", "test"), ("emu", "test")]
    assert data.targets() == [0, 1, 2, 1, 2]


def test_a_test_part_that_is_there_is_not_dropped(tmp_path: Path) -> None:
    names = ("train/cat/1.png", "train/dog/1.png", "test/cat/2.png", "test/dog/2.png")
    data, other = put(tmp_path / "data", *names), put(tmp_path / "b", "cat/3.png", "dog/3.png")
    with pytest.raises(InputError, match=r"it has a test part already \(2 pictures\), and .*/b is"):
        read(data, test=other)


def test_training_pictures_of_another_data_set_are_no_test_part(tmp_path: Path) -> None:
    data = put(tmp_path / "data", "cat/1.png", "dog/1.png")
    names = ("train/cat/1.png", "train/dog/1.png", "test/cat/2.png", "test/dog/2.png")
    other = put(tmp_path / "other", *names)
    with pytest.raises(InputError, match=r"of its own \(train, test\), of which train would be"):
        read(data, test=other)
    assert len(read(data, test=other / "test")) == 4


@pytest.mark.parametrize("test", [".", "cat", ".."])
def test_a_folder_is_no_test_part_of_itself(tmp_path: Path, test: str) -> None:
    data = put(tmp_path / "data", "cat/1.png", "dog/1.png")
    with pytest.raises(InputError, match="its pictures are those of"):
        read(data, test=data / test)


def test_no_picture_takes_the_name_of_another(tmp_path: Path) -> None:
    data = put(tmp_path / "b", "cat/1.png", "b/cat/1.png")
    other = put(tmp_path / "x" / "b", "cat/1.png", "b/cat/1.png", "b/b/cat/1.png")
    joined = read(data, test=other, label="folder:1")
    assert len({sample.name for sample in joined.samples}) == len(joined) == 5


def test_columns_follow_pictures_that_are_called_otherwise(
    folder_of: Callable[..., Path],
) -> None:
    root = folder_of(4)
    rows = [f"{label}/{label}{i:03d}.png" for label in ("blue", "red") for i in range(4)]
    for name, camera in (("a", "old"), ("b", "new")):
        lines = (f"{row},{row.split('/')[0]},{camera}{i % 2}" for i, row in enumerate(rows))
        (root / f"{name}.csv").write_text("\n".join(["file,label,camera", *lines]))
    data = read(root / "a.csv", test=root / "b.csv")
    assert data.columns["camera"][rows[0]] == "old0"
    assert {v for n, v in data.columns["camera"].items() if n not in rows} == {"new0", "new1"}
    # The same files on both sides: those of the test part stay.
    actual = audit(data, size=64)
    assert set(actual.reasons.values()) == {"across parts"}
    with pytest.raises(InputError, match="train has no usable picture"):
        clean(data, actual)
