"""Pictures as people have them: odd depths and sizes, and copies that augmentation made."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.auditing import audit
from diptych.auditing.cleaning import clean
from diptych.data.splitting import split
from diptych.errors import InputError
from diptych.sources import read

pytestmark = pytest.mark.realdata
Field = Callable[[str], Path]


@pytest.mark.parametrize("script", ["43_multiband_tiff", "43b_int32_tiff_all_white"])
def test_what_has_no_agreed_colours_is_called_what_it_is(field: Field, script: str) -> None:
    data = read(field(script))
    found = audit(data, size=64)
    assert found.set_aside == {"unreadable": len(data)}
    why = {f.name.rpartition("/")[2].partition("_")[0]: f.detail for f in found.findings}
    if script.startswith("43_"):
        assert why["ms13"].startswith("13 bands of 16 bits; say which are red, green and blue")
        assert "floating-point" in why["f32"]
        assert why["u32"].startswith("levels from ")
    assert not any("not an image" in detail for detail in why.values())


def test_photographs_of_a_hundred_megapixels_are_read(field: Field) -> None:
    found = audit(read(field("50_large")), size=64)
    assert found.used == found.files == 11
    assert max(one.width * one.height for one in found.pictures.values()) > 100e6


def test_one_white_for_a_data_set(field: Field) -> None:
    found = audit(read(field("75_16bit_depth")), size=64, checks=())
    assert [f.issue for f in found.findings if not f.name.endswith("/")] == ["unclear depth"]
    assert clean(found.dataset, found).bits == found.bits == 13


def test_changed_copies_of_test_pictures_are_not_trained_on(field: Field) -> None:
    data = read(field("73_flips_of_test_in_train"))
    found = audit(data)
    assert found.set_aside == {"across parts": 24}
    copies = {f.name for f in found.findings if f.set_aside}
    originals = {s.path.name for s in data.samples if s.part == "test"}
    assert all(name.replace("_aug", "").rpartition("/")[2] in originals for name in copies)


def test_copies_that_augmentation_made_stay_together(field: Field) -> None:
    data = read(field("44_roboflow_copies"))
    parts = split(clean(data, audit(data)))
    sides: dict[str, set[str]] = {}
    for part in parts:
        for sample in part.samples:
            sides.setdefault(sample.name.partition(".rf.")[0], set()).add(sample.part)
    assert len(sides) == 60
    assert Counter(map(len, sides.values())) == {1: 60}


def test_one_of_several_possible_labels_is_asked_for(field: Field) -> None:
    table = field("27_utkface") / "age_gender.csv"
    with pytest.raises(InputError, match="labels may be in age or ethnicity or gender; say where"):
        read(table)
    assert read(table, label="gender").classes == ("0", "1")
