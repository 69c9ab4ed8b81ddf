from html.parser import HTMLParser

from diptych.system.html import Html, bar, block, inline, picture, table


class Tags(HTMLParser):
    """Raises where a tag is closed that is not open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_text_stays_text_and_tags_are_closed() -> None:
    odd = "<script>\"&'</script>\udcff"
    html = block(odd, table((odd, ""), [(odd, bar(0.5)), (picture(b"jpeg", 3, 4), "x")]))
    tags = Tags(html)
    assert tags.open == []
    assert tags.text.count("<script>\"&'</script>\\udcff") == 3
    assert html.encode("utf-8")
    assert inline(Html("<b>")) == "<b>"


def test_a_bar_is_never_longer_than_its_track() -> None:
    assert "width:100.0%" in bar(7)
    assert "width:0.0%" in bar(-1)


def test_no_colour_is_that_of_a_light_page_alone() -> None:
    html = block("title", table(("a",), [("b",)]))
    for colour in ("black", "white", "#000", "#fff"):
        assert colour not in html
