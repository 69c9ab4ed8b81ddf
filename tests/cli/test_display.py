import io

import pytest

from diptych.cli import display


def printed(capsys: pytest.CaptureFixture[str], head: list[str], *rows: list[str]) -> list[str]:
    display.print_table(head, rows)
    return capsys.readouterr().out.splitlines()


def test_nothing_in_a_table_is_cut_or_coloured_where_it_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    path = f"{'deep/' * 60}a.onnx"
    head, row = printed(capsys, ["file", "p50"], [path, "1,234.56 ms"])
    assert row.split() == [path, "1,234.56", "ms"]
    assert head.split() == ["file", "p50"]
    assert head.endswith("p50")


def test_brackets_and_colons_in_a_table_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    _, row = printed(capsys, ["", "accuracy"], ["[bold]", "0.9 [0.8] :pizza:"])
    assert row.split() == ["[bold]", "0.9", "[0.8]", ":pizza:"]


def test_columns_line_up_also_where_letters_are_wide(capsys: pytest.CaptureFixture[str]) -> None:
    _, narrow, wide = printed(capsys, ["class", "n"], ["pizza", "1"], ["披萨", "20"])
    # Each of these letters takes two places of a terminal.
    assert len(narrow) == len(wide) + 2


def test_a_table_fits_a_stream_that_knows_ascii_only(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, "ascii", "backslashreplace")
    monkeypatch.setattr("sys.stdout", stream)
    display.print_table(["", "Δ"], [["5–6", "1"]])
    stream.flush()
    assert written.getvalue().decode().split() == ["\\u0394", "5\\u20136", "1"]
