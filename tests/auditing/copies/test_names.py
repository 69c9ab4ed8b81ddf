from pathlib import Path

from diptych.auditing.copies.names import named_copies
from diptych.data.dataset import Sample


def positions(*names: str) -> list[tuple[int, int]]:
    return list(named_copies([Sample(name, name.split("/")[-2], Path(name)) for name in names]))


def test_copies_of_roboflow_share_what_is_before_the_hash() -> None:
    hashes = ["0a1b2c3d4e5f60718293a4b5c6d7e8f9", "f9e8d7c6b5a4938271605f4e3d2c1b0a"]
    assert positions(
        f"train/cat/IMG_1_jpg.rf.{hashes[0]}.jpg",
        f"train/cat/IMG_2_jpg.rf.{hashes[0]}.jpg",
        f"test/cat/IMG_1_jpg.rf.{hashes[1]}.jpg",
    ) == [(0, 2)]


def test_another_class_may_have_a_picture_of_that_name() -> None:
    assert positions("cat/1_jpg.rf.aa11.jpg", "dog/1_jpg.rf.bb22.jpg") == []


def test_other_names_say_nothing() -> None:
    assert positions("cat/a.rf.jpg", "cat/a.rf.jpg", "cat/a_1.jpg", "cat/a_2.jpg") == []
