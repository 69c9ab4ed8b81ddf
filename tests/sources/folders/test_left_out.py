from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read
from layouts import each, laid, reasons, told

WASTE = ("glass", "metal", "paper")
WASTE_COUNTS = dict.fromkeys(WASTE, 3)


@pytest.mark.parametrize(
    ("figures", "of"),
    [
        (["docs/figures/1.png", "docs/figures/2.png"], "RealWaste"),
        (["assets/logo.png"], "dataset"),
        (["figures/1.png", "screenshots/2.png"], "RealWaste"),
    ],
)
def test_figures_beside_the_folder_of_all_classes_are_none(
    tmp_path: Path, figures: list[str], of: str
) -> None:
    names = ["README.md", *figures, *each(of + "/{}", WASTE)]
    root = laid(tmp_path, *(f"waste-main/{name}" for name in names))
    data = read(root)
    assert told(data) == WASTE_COUNTS
    assert {s.name for s in data.strays if s.reason == "figure"} == {
        f"waste-main/{name}" for name in figures
    }
    top = figures[0].partition("/")[0]
    assert f"waste-main/{top} is set aside: {top} lies beside {of}" in data.note
    assert {of, top} <= set(told(read(root, label="folder:2")))


def test_many_figures_or_no_page_are_asked_for_and_the_answer_leaves_them_out(
    tmp_path: Path,
) -> None:
    figures = [f"docs/figures/{i}.png" for i in range(5)]
    root = laid(tmp_path / "many", "README.md", *figures, *each("RealWaste/{}", WASTE))
    with pytest.raises(InputError, match=r"RealWaste holds folders \(glass, metal, paper\) and"):
        read(root)
    assert told(read(root, label="folder:2")) == WASTE_COUNTS
    bare = laid(tmp_path / "bare", "figures/1.png", *each("RealWaste/{}", WASTE))
    with pytest.raises(InputError, match="--label folder:1 says RealWaste, figures"):
        read(bare)


def test_one_folder_of_folders_beside_one_of_pictures_is_asked_for(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("proj/crops/{}", ("cat", "dog")), "proj/scans/1.jpg")
    with pytest.raises(InputError, match="--label folder:3 says cat, dog, --label folder:2 says"):
        read(root)
    laid(root, *each("proj/{}", ("birds", "fish")))
    assert set(told(read(root))) == {"birds", "crops", "fish", "scans"}


def test_texts_in_the_same_folders_as_the_pictures_are_no_classes(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("forms-jpg/{}", WASTE), *(f"forms-OCR/{k}/1.txt" for k in WASTE))
    data = read(root)
    assert told(data) == WASTE_COUNTS
    assert set(reasons(data).values()) == {"no class"}


def test_masks_in_the_same_folders_as_the_pictures_are_no_classes(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("birds/images/{}", WASTE), *each("segmentations/{}", WASTE))
    data = read(root)
    assert told(data) == WASTE_COUNTS
    assert set(reasons(data).values()) == {"mask"}


def test_annotations_are_told_from_masks(tmp_path: Path) -> None:
    dogs = ("n02085620-Chihuahua", "n02085782-Japanese_spaniel")
    texts = [f"Annotation/{dog}/{dog}_{i}" for dog in dogs for i in range(3)]
    data = read(laid(tmp_path, *each("Images/{}", dogs), *texts, "Annotation/trimaps/1.png"))
    assert told(data) == dict.fromkeys(dogs, 3)
    assert reasons(data) == {
        **dict.fromkeys(texts, "annotation"),
        "Annotation/trimaps/1.png": "mask",
    }


@pytest.mark.parametrize(
    "name", ["New folder", "New Folder (2)", "untitled folder", "Neuer Ordner"]
)
def test_an_empty_folder_without_a_name_of_its_own_is_no_class(tmp_path: Path, name: str) -> None:
    data = read(laid(tmp_path, *each("{}", ("cat", "dog")), f"{name}/"))
    assert data.classes == ("cat", "dog")
    assert read(laid(tmp_path, "cow/")).classes == ("cat", "cow", "dog")


def test_a_folder_of_several_texts_is_no_class(tmp_path: Path) -> None:
    for name in ("cat/0.png", "dog/0.png", "lable/0.xml", "lable/1.xml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    data = read(tmp_path)
    assert data.classes == ("cat", "dog")
    assert {stray.detail for stray in data.strays} == {"lable has no pictures in it"}
