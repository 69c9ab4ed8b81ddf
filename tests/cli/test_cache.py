from pathlib import Path

from command import answer_of


def test_the_cache_is_seen_and_cleared(bundle: Path, own_cache: Path) -> None:
    held = answer_of("cache")
    assert held["folder"] == str(own_cache)
    assert held["rows"] >= 60
    answer_of("cache", "--clear")
    assert answer_of("cache")["rows"] == 0
