from pathlib import Path

from diptych.comparing.code_lines import code_lines
from diptych.engines import linear


def test_lines_of_code_are_those_without_comments_and_docstrings() -> None:
    source = Path(linear.__file__).read_text().splitlines()
    written = [line for line in source if line.strip() and not line.strip().startswith("#")]
    assert 0.8 * len(written) < code_lines("linear") < len(written)
    assert code_lines("linear") < code_lines("torch")
