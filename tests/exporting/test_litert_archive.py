from diptych.exporting.litert_archive import members_of, with_members


def test_what_is_packed_behind_a_model_is_read_again() -> None:
    file = with_members(b"a model", {"diptych.json": "{}", "labels.txt": "red"})
    assert file.startswith(b"a model")
    assert members_of(file) == {"diptych.json": "{}", "labels.txt": "red"}
    assert members_of(b"a model") == {}
