import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from diptych.data.dataset import Stray
from diptych.sources.trees.folder import FolderTree
from diptych.sources.trees.walking import walk


def files(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def regular_files(root: Path) -> tuple[list[str], list[Stray]]:
    tree = FolderTree(root)
    return tree.names, tree.strays


def links(root: Path) -> dict[str, str]:
    return {stray.name: stray.detail for stray in regular_files(root)[1]}


def test_a_link_never_takes_what_lies_in_another_folder(tmp_path: Path) -> None:
    files(tmp_path, "cat/1", "dog/1", "dog/deep/2")
    (tmp_path / "cat" / "all").symlink_to("../dog")
    (tmp_path / "ape").symlink_to("dog")
    names, strays = regular_files(tmp_path)
    assert names == ["cat/1", "dog/1", "dog/deep/2"]
    assert {stray.name for stray in strays} == {"ape", "cat/all"}
    assert {stray.reason for stray in strays} == {"link"}
    assert f"leads to {tmp_path / 'dog'}" in strays[0].detail


@pytest.mark.parametrize("target", [".", "..", "../..", "../cat/../cat"])
def test_a_link_to_where_it_lies_is_not_followed(tmp_path: Path, target: str) -> None:
    root = files(tmp_path / "data", "cat/1", "dog/1")
    (root / "cat" / "round").symlink_to(target)
    assert regular_files(root)[0] == ["cat/1", "dog/1"]
    assert links(root).keys() == {"cat/round"}


def test_a_folder_outside_is_followed_from_every_link(tmp_path: Path) -> None:
    root = files(tmp_path / "data", "dog/1")
    far = files(tmp_path / "far", "2", "deep/3")
    (far / "deep" / "up").symlink_to(far)
    (far / "home").symlink_to(root)
    for name in ("cat", "ape"):
        (root / name).symlink_to(far)
    names, strays = regular_files(root)
    assert names == ["ape/2", "ape/deep/3", "cat/2", "cat/deep/3", "dog/1"]
    turns = ["ape/deep/up", "ape/home", "cat/deep/up", "cat/home"]
    assert sorted(stray.name for stray in strays) == turns


def test_a_link_that_leads_to_no_file_is_said(tmp_path: Path) -> None:
    files(tmp_path, "cat/1")
    (tmp_path / "cat" / "gone").symlink_to("absent")
    (tmp_path / "cat" / "self").symlink_to("self")
    assert links(tmp_path) == {"cat/gone": "leads to no file", "cat/self": "leads to no file"}


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A folder in a folder, 1,500 times."""
    here = Path.cwd()
    os.chdir(tmp_path)
    for _ in range(1500):
        Path("a").mkdir()
        os.chdir("a")
    Path("file").touch()
    os.chdir(here)
    yield tmp_path
    # shutil.rmtree calls itself for every level.
    subprocess.run(["rm", "-rf", tmp_path / "a"], check=True)


def test_no_depth_is_too_deep(deep: Path) -> None:
    top, *folders = walk(deep)
    assert len(folders) == 1500
    assert top.files == []
    assert folders[-1].files == ["file"]


def test_folders_outside_that_link_to_each_other_have_an_end(tmp_path: Path) -> None:
    for i in range(10):
        folder = tmp_path / "farm" / str(i)
        folder.mkdir(parents=True)
        (folder / "1.jpg").touch()
        for k in range(10):
            if k != i:
                (folder / f"to{k}").symlink_to(tmp_path / "farm" / str(k))
    (tmp_path / "data" / "a").mkdir(parents=True)
    (tmp_path / "data" / "a" / "x").symlink_to(tmp_path / "farm" / "0")
    names, strays = regular_files(tmp_path / "data")
    assert len(names) == 10
    assert all(stray.reason == "link" for stray in strays)
