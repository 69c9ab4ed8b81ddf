import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import picture
from diptych.bundles.format import Bundle
from diptych.errors import InputError
from diptych.exporting.pictures import calibration_keys, pictures
from diptych.sources import read


def test_calibration_never_sees_the_validation_pictures(tmp_path: Path) -> None:
    rows = [f"{i}.jpg,{'ab'[i % 7 > 4]},{part},g,{i:064x}" for part, i in parts()]
    (tmp_path / "splits.csv").write_text("\n".join(["path,label,part,group,sha256", *rows]))
    bundle = Bundle(tmp_path, {"classes": ["a", "b"]})
    keys = calibration_keys(bundle)
    numbers = [int(key, 16) for key in keys]
    assert len(set(keys)) == len(keys) == 200
    assert {part for part, i in parts() if i in numbers} == {"train"}
    assert sum(i % 7 > 4 for i in numbers) == 100
    assert keys == calibration_keys(bundle)


def parts() -> Iterator[tuple[str, int]]:
    for i in range(900):
        yield ("train", "train", "valid", "test")[i % 4], i


@pytest.mark.parametrize("packed", [False, True])
def test_pictures_are_brought_from_data_whose_labels_have_to_be_said(
    tmp_path: Path, packed: bool
) -> None:
    data = tmp_path / "people"
    rows = []
    for i in range(8):
        file = data / f"{'pq'[i // 4]}/{'ab'[i % 2]}/{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture(i, 8).save(file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        rows.append(f"{i}.png,{'ab'[i % 2]},{'train' if i > 3 else 'valid'},g,{digest}")
    if packed:
        data = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", data))
    with pytest.raises(InputError, match="--label folder:1"):
        read(data)
    (tmp_path / "splits.csv").write_text("\n".join(["path,label,part,group,sha256", *rows]))
    bundle = Bundle(tmp_path, {"classes": ["a", "b"], "preprocess": {"shape": [8, 8, 3]}})
    with pytest.raises(InputError, match="the pixels of 4 of 4 pictures"):
        pictures(bundle, None, calibrate=False)
    assert pictures(bundle, data, calibrate=False).validation.pixels[:].shape == (4, 8, 8, 3)
    assert len(pictures(bundle, data, calibrate=True).calibration) == 4


def test_data_that_cannot_be_read_and_has_no_such_picture_is_refused_as_it_is(
    tmp_path: Path,
) -> None:
    (tmp_path / "splits.csv").write_text(f"path,label,part,group,sha256\n0.png,a,valid,g,{0:064x}")
    bundle = Bundle(tmp_path, {"classes": ["a"], "preprocess": {"shape": [8, 8, 3]}})
    with pytest.raises(InputError, match="absent: no such file or folder"):
        pictures(bundle, tmp_path / "absent", calibrate=False)
