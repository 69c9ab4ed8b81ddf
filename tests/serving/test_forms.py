"""Forms as programs and browsers send them."""

import base64

import pytest

from conftest import GREEN, picture
from served import SMALL, Response, Server, encoded

FILE = ('name="files"; filename="a.png"', SMALL)
# An input for a file into which nothing was put.
NONE = ('name="more"; filename=""\nContent-Type: application/octet-stream', b"")


def detail(response: Response, status: int = 400) -> str:
    assert response.status == status, response.body
    return str(response.json["detail"])


def test_a_part_without_a_file_name_is_a_setting(server: Server) -> None:
    setting = ('name="model"', b"others")
    for parts in ([setting, FILE], [FILE, setting], [FILE, setting, setting]):
        answer = server.post_parts("/predict", *parts)
        assert answer.status == 200
        assert (answer.json["model"], len(answer.json["predictions"])) == ("others", 1)
        assert answer.json["predictions"][0]["path"] == "a.png"
    assert server.post_form("/predict", ("a.png", SMALL), model="").json["model"] == "colours"
    missing = server.post_form("/predict", ("a.png", SMALL), model="nothing")
    assert detail(missing, 404) == "no model 'nothing'; there are: colours, others"


def test_a_setting_that_there_is_not_is_refused_by_its_name(server: Server) -> None:
    for name, hint in (("modle", "did you mean 'model'?"), ("files", "curl -F files=@lunch.jpg")):
        said = detail(server.post_parts("/predict", (f'name="{name}"', b"others"), FILE))
        assert said.startswith(f"no setting '{name}'; ")
        assert hint in said
    assert "no setting 'class'" in detail(
        server.post_parts("/predict", ('name="class"', b"x"), FILE)
    )
    assert "no setting ''" in detail(server.post_parts("/predict", ("filenames=a", b"x"), FILE))


def test_a_setting_has_one_value_in_the_address_and_the_form(server: Server) -> None:
    def ask(query: str, *models: bytes) -> Response:
        return server.post_parts(f"/predict{query}", *(('name="model"', m) for m in models), FILE)

    assert ask("?model=others", b"others").json["model"] == "others"
    assert ask("?model=others", b"").json["model"] == "others"
    said = "model is both 'others' and 'colours'; give it once"
    assert detail(ask("?model=others", b"colours")) == said
    assert detail(ask("", b"others", b"colours")) == said
    assert detail(ask("?model=nothing", b"colours"), 404)


@pytest.mark.parametrize(
    ("head", "value"),
    [
        ('name="model"\nContent-Type: text/plain; charset=utf-16', "others".encode("utf-16")),
        ('name="model"\nContent-Type: text/plain; charset="UTF-8"', b"others"),
    ],
)
def test_a_setting_may_say_how_it_is_encoded(server: Server, head: str, value: bytes) -> None:
    assert server.post_parts("/predict", (head, value), FILE).json["model"] == "others"


def test_a_form_may_say_how_its_settings_are_encoded(server: Server) -> None:
    parts = ('name="model"', "others".encode("utf-16")), ('name="_charset_"', b"utf-16"), FILE
    assert server.post_parts("/predict", *parts).json["model"] == "others"
    # A name that is there by no means, but as it was meant.
    latin = ('name="model"\nContent-Type: text/plain; charset=latin-1', "müsli".encode("latin-1"))
    assert "no model 'müsli'" in detail(server.post_parts("/predict", latin, FILE), 404)


@pytest.mark.parametrize(
    ("head", "value", "says"),
    [
        ('name="model"', b"\xff", "the setting 'model' is no text in 'utf-8'"),
        ('name="model"\nContent-Type: text/plain; charset=klingon', b"a", "no text in 'klingon'"),
        ('name="model"\nContent-Type: text/plain; charset="u\0x"', b"a", "no text in 'u"),
        ('name="model"\nContent-Type: text/plain; charset=zip', b"a", "no text in 'zip'"),
        ('name="_charset_"', b"klingon", None),
        ('name="model"', b"x" * 1001, "the setting 'model' has more than 1,000 bytes"),
    ],
)
def test_a_setting_that_is_none_is_refused(
    server: Server, head: str, value: bytes, says: str | None
) -> None:
    answer = server.post_parts("/predict", (head, value), FILE)
    if says is None:  # there is no text that it concerns
        assert answer.status == 200
    else:
        assert says in detail(answer)


def test_an_input_without_a_file_is_none(server: Server) -> None:
    answer = server.post_parts("/predict", NONE, FILE, NONE)
    assert [one["path"] for one in answer.json["predictions"]] == ["a.png"]
    assert "no picture in the form" in detail(server.post_parts("/predict", NONE))
    # A file without bytes is not the same as no file.
    empty = server.post_parts("/predict", ('name="files"; filename="b.png"', b""))
    assert "empty" in detail(empty, 422)


def test_inputs_without_a_file_do_not_count(narrow: Server) -> None:
    assert narrow.post_parts("/predict", NONE, FILE, NONE, FILE, NONE).status == 200
    assert narrow.post_parts("/predict", FILE, FILE, FILE).status == 413
    empty = ('name="files"; filename="b.png"', b"")
    assert narrow.post_parts("/predict", FILE, FILE, empty).status == 413


@pytest.mark.parametrize(
    ("head", "path"),
    [
        ('name="f"\nContent-Type: image/png', "picture"),
        ('name="f"\nContent-Type: application/octet-stream', "picture"),
        ('name="f"; filename=""', "picture"),
        ("name=\"f\"; filename*=UTF-8''gr%C3%BCn.png", "grün.png"),
        ('name="f"; filename="grün.png"', "grün.png"),
    ],
)
def test_what_is_called_a_file_in_any_way_is_a_picture(
    server: Server, head: str, path: str
) -> None:
    answer = server.post_parts("/predict", (head, SMALL))
    assert [one["path"] for one in answer.json["predictions"]] == [path]


def test_a_part_in_base64_is_decoded_and_in_other_ways_refused(server: Server) -> None:
    coded = base64.encodebytes(SMALL)
    head = f"{FILE[0]}\nContent-Transfer-Encoding: "
    assert server.post_parts("/predict", (head + "base64", coded)).status == 200
    assert "the part 'a.png' is no base64" in detail(
        server.post_parts("/predict", (head + "base64", b"*"))
    )
    assert "'quoted-printable' is not taken" in detail(
        server.post_parts("/predict", (head + "quoted-printable", coded)), 415
    )


def test_an_explanation_takes_a_form(server: Server) -> None:
    data = encoded(picture(705, 100, hue=GREEN))
    by_query = server.post("/explain?model=others&class=green", data)
    by_form = server.post_form("/explain", ("a.png", data), **{"model": "others", "class": "green"})
    assert by_form.headers["content-type"] == "image/png"
    assert by_form.body == by_query.body
    two = server.post_form("/explain", ("a.png", data), ("b.png", data))
    assert detail(two) == "2 pictures; send one at a time"
    wrong = server.post_form("/explain", ("a.png", data), **{"class": "rad"})
    assert detail(wrong) == "no class 'rad'; did you mean 'red'?"
    both = server.post_parts("/explain?class=red", ('name="class"', b"blue"), FILE)
    assert detail(both) == "class is both 'red' and 'blue'; give it once"


def test_other_kinds_of_many_parts_are_refused(server: Server) -> None:
    answer = server.post("/predict", b"--a--", Content_Type="multipart/mixed; boundary=a")
    assert detail(answer, 415) == "multipart/mixed is not taken; send multipart/form-data"
