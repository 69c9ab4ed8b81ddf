import shlex

import pytest

from diptych.sources.folders.kinds_in_names import fields_in, kinds_in
from diptych.sources.name_patterns import name_pattern


@pytest.mark.parametrize(
    ("pattern", "option"),
    [
        ("{}_{}.jpg", "--label name:_"),
        ("train/{}.{}.jpg", "--label name:."),
        ("{}-{:04d}.png", "--label name:-"),
        ("{}{}.jpg", r"--label 'name:^(\D+)\d'"),
        ("{} ({}).jpg", r"--label 'name:^(.+?) \('"),
        ("{} {}.jpg", "--label 'name: '"),
    ],
)
def test_the_option_that_is_named_reads_the_words(pattern: str, option: str) -> None:
    words = ["american_bulldog", "pug"]
    names = [pattern.format(word, i) for word in words for i in range(3)]
    kinds = kinds_in([*names, "17.jpg", "list.txt"])
    assert kinds and (kinds.words, kinds.option) == (words, option)
    label_of = name_pattern(shlex.split(option)[1])
    assert label_of and {label_of(name) for name in names} == set(words)


def test_words_may_stand_after_the_number() -> None:
    names = [f"train/{i}_{word}.png" for word in ("frog", "truck") for i in range(3)]
    kinds = kinds_in(names)
    assert kinds and kinds.words == ["frog", "truck"]
    label_of = name_pattern(shlex.split(kinds.option)[1])
    assert label_of and label_of("train/7_frog.png") == "frog"


def test_names_of_pictures_are_no_kinds() -> None:
    assert kinds_in(["IMG_1.jpg", "IMG_2.jpg"]) is None
    assert kinds_in(["a1.jpg", "b2.jpg"]) is None
    assert kinds_in([f"x{chr(97 + k)}{chr(97 + j)}_{i}.jpg" for k in range(20) for j in range(5)
                     for i in range(2)]) is None  # fmt: skip
    assert kinds_in([f"IMG_{20240101 + i}_{i}.jpg" for i in range(5)]) is None


def test_a_few_pictures_may_be_called_otherwise() -> None:
    names = [f"{kind}{i}.jpg" for kind in ("cat", "dog") for i in range(20)]
    assert kinds_in([*names, "cover page.jpg"]) is not None
    assert kinds_in([*names, *(f"what is it {chr(97 + i)}.jpg" for i in range(5))]) is None


def test_fields_that_come_again_may_be_the_class() -> None:
    names = [f"{age}_{sex}_{race}_2017{age}{sex}{race}.jpg.chip.jpg" for age in range(20, 32)
             for sex in (0, 1) for race in (0, 1, 2)]  # fmt: skip
    told = fields_in(names)
    assert "20_0_0_20172000.jpg.chip.jpg and others have 4 fields in their names" in told
    assert "2 with 0, 1, 3 with 0, 1, 2): if field 2 is the class, --label " in told
    label_of = name_pattern(shlex.split(told.partition("--label ")[2])[0])
    assert label_of and label_of("25_1_2_2017.jpg.chip.jpg") == "1"
    assert fields_in([f"IMG_{20240101 + i}_{i}.jpg" for i in range(9)]) == ""
    assert fields_in([]) == ""
