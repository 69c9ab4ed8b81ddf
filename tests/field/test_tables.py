"""Tables as people have them, one after the other."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych import audit, clean, read, split
from diptych.data.dataset import Dataset
from diptych.errors import InputError

pytestmark = pytest.mark.realdata
Field = Callable[[str], Path]


def parts(data: Dataset) -> dict[str, int]:
    return dict(Counter(sample.part for sample in data.samples))


def reasons(data: Dataset) -> dict[str, int]:
    return dict(Counter(stray.reason for stray in data.strays))


def test_a_missing_picture_is_not_the_one_of_another_part(field: Field) -> None:
    data = read(field("02_wrong_twin") / "trainLabels.csv")
    assert (len(data), reasons(data)) == (30, {"missing": 30})
    assert {Path(str(s.path)).parent.name for s in data.samples} == {"train"}
    assert len(read(field("02_wrong_twin"))) == 30


def test_a_missing_picture_is_not_the_one_of_another_class(field: Field) -> None:
    data = read(field("02b_path_in_other_folder") / "labels.csv")
    assert (len(data), reasons(data)) == (40, {"missing": 20})
    assert all(s.label == Path(str(s.path)).parent.name for s in data.samples)


@pytest.mark.parametrize(
    ("script", "table"),
    [
        ("03_colab_paths", "labels.csv"),
        ("03b_windows_paths", "labels.csv"),
        ("03d_case_of_ending", "labels.csv"),
        ("03f_images_elsewhere", "csv/train.csv"),
    ],
)
def test_names_of_another_machine_are_found(field: Field, script: str, table: str) -> None:
    for where in (field(script) / table, field(script)):
        data = read(where)
        assert (len(data), data.classes) == (40, ("cat", "dog"))
        assert all(s.label in str(s.path) for s in data.samples)
        assert "missing" not in reasons(data)


def test_a_running_number_is_no_name(field: Field) -> None:
    data = read(field("04_id_before_image_name") / "labels.csv")
    assert len(data) == 40
    assert all((int(Path(str(s.path)).stem) <= 20) == (s.label == "cat") for s in data.samples)
    assert "named in image_name" in data.note


def test_lesions_stay_together_where_that_is_said(field: Field) -> None:
    table = field("05_ham10000") / "HAM10000_metadata.csv"
    data = read(table)
    assert (len(data), data.classes) == (72, ("mel", "nv"))
    assert "--group 'lesion_id'" in data.note
    assert len({s.group for s in read(table, group="lesion_id").samples}) == 24


def test_one_hot_tables_are_labels(field: Field) -> None:
    data = read(field("06_one_hot") / "GroundTruth.csv")
    assert data.counts() == {"BCC": 15, "MEL": 15, "NV": 15}
    data = read(field("06b_roboflow_multiclass"))
    assert data.classes == ("bird", "cat", "dog")
    assert parts(data) == {"train": 30, "valid": 9, "test": 9}


def test_a_fold_is_no_part_until_one_is_said(field: Field) -> None:
    table = field("07_fold") / "train_folds.csv"
    assert parts(read(table)) == {"": 60}
    assert parts(read(table, fold=3)) == {"train": 48, "test": 12}


@pytest.mark.parametrize(("script", "without"), [("08_missing_label", 1), ("08b_nan_label", 4)])
def test_rows_without_a_label_are_set_aside(field: Field, script: str, without: int) -> None:
    data = read(field(script) / "labels.csv")
    assert (data.classes, reasons(data)) == (("cat", "dog"), {"no label": without})


def test_labels_are_kept_as_they_were_typed(field: Field) -> None:
    assert len(read(field("09_case_of_labels") / "labels.csv")) == 80
    assert read(field("10_semicolon_decimal_comma") / "labels.csv").classes == (
        'Br"ot',
        "Käse, „alt“ 🧀",
    )
    assert len(read(field("14_multilabel") / "train.csv").classes) == 7


def test_each_part_of_hugging_face_has_its_metadata(field: Field) -> None:
    assert parts(read(field("40_hf_train_metadata"))) == {"train": 40, "test": 12}
    for where in (field("40b_hf_jsonl"), field("40b_hf_jsonl") / "metadata.jsonl"):
        assert read(where).counts() == {"cat": 20, "dog": 20}


@pytest.mark.parametrize("table", ["birds.csv", "birds_renamed.csv", ""])
def test_birds_have_words_and_parts(field: Field, table: str) -> None:
    data = read(field("62_birds") / table)
    assert data.classes == ("ABBOTTS BABBLER", "CRESTED AUKLET")
    assert parts(data) == {"train": 60, "valid": 12, "test": 12}


def test_titles_of_contests_need_not_be_known(field: Field) -> None:
    tables = sorted(field("64_headers").glob("*.csv"))
    assert len(tables) == 16
    for table in tables:
        assert read(table).counts() == {"a": 20, "b": 20}, table.name
    with pytest.raises(InputError, match="several tables name its pictures"):
        read(field("64_headers"))


def test_groups_that_a_program_set_are_kept(field: Field) -> None:
    data = read(field("15_python_groups"))
    own = {sample.name: sample.name.rsplit("_", 1)[0] for sample in data.samples}
    grouped = data.with_samples(s._replace(group=own[s.name]) for s in data.samples)
    cleaned = clean(grouped, audit(grouped, size=32))
    assert {s.group for s in cleaned.samples} <= set(own.values())
    homes: dict[str, set[str]] = {}
    for part in split(cleaned, seed=0):
        for sample in part.samples:
            homes.setdefault(own[sample.name], set()).add(sample.part)
    assert len(homes) == 24
    assert all(len(parts_of_one) == 1 for parts_of_one in homes.values())
