"""What the command line understands."""

import pytest

from diptych.cli import parser


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        (("--range", "-1-1"), "-1-1"),
        (("--range=-1-1",), "-1-1"),
        (("--range", "-.5:.5"), "-.5:.5"),
        (("--range", "0-4095"), "0-4095"),
    ],
)
def test_a_range_may_begin_with_a_minus(said: tuple[str, ...], understood: str) -> None:
    options = parser().parse_args(["audit", "digits.csv", *said, "--out", "found"])
    assert options.value_range == understood


def test_a_range_is_no_other_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(["audit", "digits.csv", "--range", "--out", "found"])
    assert "--range: expected one argument" in capsys.readouterr().err
