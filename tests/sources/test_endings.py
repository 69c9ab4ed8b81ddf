"""What a file is by how its name ends."""

from diptych.sources.endings import but_pictures


def test_what_is_no_picture_is_found_among_many() -> None:
    pictures = ["a/1.jpg", "a/2.JPG", "b.x/3.jpeg", "4.Png", "5.tiff"]
    others = ["README", "b.x/none", "c.jpg/list.csv", "6.jpg.txt"]
    assert but_pictures(pictures) == []
    assert but_pictures(["a/1.jpg", "a/2.PNG"]) == []
    assert but_pictures([*pictures, *others]) == others
