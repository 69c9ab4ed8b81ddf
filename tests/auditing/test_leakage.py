from collections.abc import Callable
from pathlib import Path

import numpy as np

from diptych import audit, read
from diptych.auditing.leakage import leakage
from diptych.data.dataset import Dataset, Sample
from materials import stored


def test_a_score_that_rests_on_copies_falls_without_them(tmp_path: Path) -> None:
    """Labels that mean nothing are learned by heart, and known again from copies alone."""
    rng = np.random.default_rng(0)
    own_ND = 5 + rng.normal(0, 1, (120, 40))
    labels = rng.integers(0, 2, 120)
    # Of 60 test pictures 30 are copies of training pictures.
    source = np.concatenate([np.arange(60), np.arange(30), np.arange(60, 90)])
    parts = ["train"] * 60 + ["test"] * 60
    samples = tuple(
        Sample(f"{parts[i]}/{i}.jpg", str(labels[of]), Path(f"{i}.jpg"), parts[i], digest=f"{i:04}")
        for i, of in enumerate(source)
    )
    data = Dataset(Path("made-up"), ("0", "1"), samples)
    groups = [[samples[i], samples[60 + i]] for i in range(30)]
    found = leakage(data, groups, stored(tmp_path, own_ND[source]))
    assert found is not None
    assert (found.tested, found.leaked, len(found.pairs)) == (60, 30, 30)
    assert found.pairs[0] == ("train/0.jpg", "test/60.jpg")
    assert found.copies_alone and found.without_copies and found.all_tested
    assert found.copies_alone.value > 0.9
    assert found.without_copies.high < found.copies_alone.low
    assert found.without_copies.value < found.all_tested.value < found.copies_alone.value


def test_an_audit_of_a_data_set_that_came_split_names_the_pairs(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    for part, start in (("train", 0), ("test", 20)):
        folder_of(8, f"split/{part}", start=start)
    root = tmp_path / "split"
    copy = root / "train" / "red" / "copy.png"
    copy.write_bytes((root / "test" / "red" / "red020.png").read_bytes())
    found = audit(read(root), size=64, checks=())
    assert found.leakage is not None
    assert found.leakage.pairs == (("train/red/copy.png", "test/red/red020.png"),)
    assert "1 of 16 test pictures have a copy to learn from" in str(found)
    copy.unlink()
    assert "no picture of one part has a copy in another" in str(
        audit(read(root), size=64, checks=())
    )


def test_data_that_did_not_come_split_have_none(folder_of: Callable[..., Path]) -> None:
    assert audit(read(folder_of(3)), size=64, checks=()).leakage is None
