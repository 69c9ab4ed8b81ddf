from diptych.sources.endings import ending, is_called_picture, stem_of


def test_a_name_ends_behind_its_last_dot() -> None:
    assert [ending(name) for name in ("a/b.c/1.JPG", "a.b/c", ".jpg", "x.tar.gz")] == [
        ".jpg", "", "", ".gz",
    ]  # fmt: skip
    assert [stem_of(name) for name in ("a/b.c/1.JPG", "a.b/c", ".jpg", "x.tar.gz")] == [
        "1", "c", ".jpg", "x.tar",
    ]  # fmt: skip


def test_a_word_is_no_picture() -> None:
    assert not any(map(is_called_picture, ("jpg", ".jpg", "x/png", "1.txt")))
    assert is_called_picture("x/1.Jpeg")
