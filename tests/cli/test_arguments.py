"""What the command line understands."""

import argparse

import pytest

from diptych.cli import arguments, parser


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


@pytest.mark.parametrize("fold", ["1.0", "", "one"])
def test_a_fold_is_a_whole_number(fold: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(["audit", "d.csv", "--fold", fold])
    assert f"argument --fold: '{fold}' is no whole number" in capsys.readouterr().err


def test_an_option_is_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(["audit", "d.csv", "--lab", "x"])
    assert "--lab" in capsys.readouterr().err


def test_an_option_that_is_given_again_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    said = ["audit", "d.csv", "--label", "x", "--group", "a", "--group", "b", "--json", "--json"]
    parser().parse_args(said)
    assert capsys.readouterr().err == ""
    assert parser().parse_args([*said, "--label=y"]).label == "y"
    assert capsys.readouterr().err == "--label is given 2 times; the last one counts\n"


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400)])
def test_a_time_is_said_in_hours_minutes_and_seconds(text: str, seconds: float) -> None:
    assert arguments.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "0m", "m", "1.5h", "10m1h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no time, such as 90s, 10m or 1h30m"):
        arguments.duration(text)
