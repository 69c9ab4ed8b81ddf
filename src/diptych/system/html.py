"""Values as they show themselves in a notebook: small tables of HTML that need nothing else.

They take the colours of the page that they are in, be it light or dark.
"""

import base64
from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """HTML that is complete; any other text is escaped where it is put into some."""


_LINE = "1px solid rgba(128,128,128,.35)"
_CELL = f"padding:2px 10px 2px 0;text-align:left;vertical-align:middle;border-bottom:{_LINE}"
# Colours that can be told from white and from black.
BAR, TRACK = "#3b82c4", "rgba(128,128,128,.25)"


def inline(text: str) -> Html:
    """A text, or HTML as it is; what is no character of a page is replaced."""
    if isinstance(text, Html):
        return text
    return Html(escape(text.encode("utf-8", "backslashreplace").decode()))


def block(title: str, *pieces: Html) -> Html:
    """A title with pieces below it."""
    inner = "".join(pieces)
    return Html(f'<div style="max-width:60em"><div><b>{inline(title)}</b></div>{inner}</div>')


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """Rows in columns."""
    titles = "".join(f'<th style="{_CELL}">{inline(title)}</th>' for title in head)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{inline(cell)}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return Html(
        '<table style="border-collapse:collapse;background:none;color:inherit">'
        f"<tr>{titles}</tr>{body}</table>"
    )


def bar(share: float) -> Html:
    """A share of one as the length of a bar."""
    width = f"{100 * min(max(share, 0.0), 1.0):.1f}%"
    return Html(
        f'<div style="width:8em;background:{TRACK}"><div style="width:{width};height:.7em;'
        f'background:{BAR}"></div></div>'
    )


def picture(jpeg: bytes, width: int, height: int) -> Html:
    """A picture that lies in the page itself, so many pixels wide and high."""
    data = base64.b64encode(jpeg).decode()
    return Html(
        f'<img src="data:image/jpeg;base64,{data}" width="{width}" height="{height}" alt="">'
    )
