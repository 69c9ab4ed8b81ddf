from pathlib import Path

import pytest

from diptych.bundles.format import open_bundle
from diptych.exporting import folder
from diptych.exporting.folder import put_in_place
from diptych.exporting.row import Row
from served import small_bundle


def test_a_file_never_stands_beside_those_of_another_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = open_bundle(small_bundle(tmp_path / "a.bundle"))
    task, out = tmp_path / "task", tmp_path / "out"
    row = Row("openvino", "fp32", ("a.xml", "a.bin"))

    def put(version: str) -> None:
        for place in (task, out):
            place.mkdir(exist_ok=True)
        for name in row.files:
            (task / name).write_text(version)
        put_in_place(bundle, "a", [row], [], "the network", task, out)

    put("first")
    move, moved = folder._move, list[str]()

    def stopped_after_one(source: Path, place: Path) -> None:
        if moved:
            raise KeyboardInterrupt
        moved.append(place.name)
        move(source, place)

    monkeypatch.setattr(folder, "_move", stopped_after_one)
    with pytest.raises(KeyboardInterrupt):
        put("second")
    assert moved == ["a.bin"]
    assert not (out / "a.xml").exists()
    monkeypatch.undo()
    put("third")
    assert {(out / name).read_text() for name in row.files} == {"third"}
