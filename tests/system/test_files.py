from pathlib import Path

from diptych.system.files import beside, drop_leftovers


def test_only_what_was_left_of_this_name_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "a[1].bundle"
    ours, others = beside(path, "writing"), beside(tmp_path / "a[1].bundle.2", "writing")
    old, named = beside(path, "old"), tmp_path / ".a[1].bundle.mine.writing"
    for folder in (ours, others, old, named):
        folder.mkdir()
        (folder / "half").touch()
    drop_leftovers(path, "writing")
    assert sorted(tmp_path.iterdir()) == sorted([others, old, named])


def test_of_a_long_name_nothing_is_dropped(tmp_path: Path) -> None:
    # Another may begin with the same letters.
    left = beside(tmp_path / f"{'x' * 50}2", "writing")
    left.mkdir()
    drop_leftovers(tmp_path / f"{'x' * 50}1", "writing")
    assert left.exists()
