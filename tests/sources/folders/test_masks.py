import pytest

from diptych.sources.folders.masks import masks_among


@pytest.mark.parametrize(
    "mask",
    [
        "benign (1)_mask.png",
        "benign (1)_mask_1.png",
        "benign (1)-Mask.jpg",
        "benign (1)_seg.png",
        "benign (1)_segmentation.png",
        "benign (1)_gt.bmp",
        "benign (1)_label.tif",
        "benign (1)_annotation.png",
        "benign (1).mask.png",
        "mask_benign (1).png",
    ],
)
def test_a_mask_is_called_after_its_picture(mask: str) -> None:
    picture = "benign (1).png"
    assert list(masks_among(["benign (2).png", picture, mask])) == [(mask, picture)]


@pytest.mark.parametrize(
    "files",
    [
        ["00000_Mask.jpg", "00001_Mask.jpg"],  # people with masks on: no picture without
        ["a.png", "a_1.png", "a_copy.png", "amask.png"],
        ["mask.png", "label.png", "seg.png"],
        ["0.png", "0_masked man.png"],
        [],
    ],
)
def test_other_files_are_none(files: list[str]) -> None:
    assert list(masks_among(files)) == []


def test_a_mask_of_a_mask_is_one_too() -> None:
    files = ["a.png", "a_mask.png", "a_mask_label.png"]
    assert dict(masks_among(files)) == {"a_mask.png": "a.png", "a_mask_label.png": "a_mask.png"}
