from pathlib import Path

from command import answer_of


def test_plates_are_drawn_with_and_without_defects(tmp_path: Path) -> None:
    plain = answer_of("sample", "plates", tmp_path / "plain", "--count", "4", "--no-defects")
    assert plain == {"folder": str(tmp_path / "plain"), "pictures": 4}
    defects = answer_of("sample", "plates", tmp_path / "defects", "--count", "4")
    assert defects["pictures"] > 4
    assert (tmp_path / "defects" / "planted.csv").exists()


def test_digits_are_a_table(tmp_path: Path) -> None:
    answer = answer_of("sample", "digits", tmp_path / "digits.csv")
    assert answer == {"file": str(tmp_path / "digits.csv"), "pictures": 1797}
    assert len((tmp_path / "digits.csv").read_text().splitlines()) == 1798
