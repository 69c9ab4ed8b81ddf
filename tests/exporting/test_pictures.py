from collections.abc import Iterator
from pathlib import Path

from diptych.bundles.format import Bundle
from diptych.exporting.pictures import calibration_keys


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
