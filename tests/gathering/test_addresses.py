import pytest

from diptych.gathering.addresses import web_address, without_secrets
from diptych.gathering.failures import Failure


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:sesame@example.com/a.jpg", "https://example.com/a.jpg"),
        ("https://ann@example.com/a.jpg", "https://example.com/a.jpg"),
        ("https://ann:ses@me@example.com/a.jpg", "https://example.com/a.jpg"),
        ("ann:sesame@example.com/a.jpg", "example.com/a.jpg"),
        ("//ann:sesame@example.com/a.jpg", "//example.com/a.jpg"),
        ("https://a.com/?w=9&token=x.y&h=1", "https://a.com/?w=9&token=***&h=1"),
        ("https://a.com/?X-Amz-Signature=0f&id=1", "https://a.com/?X-Amz-Signature=***&id=1"),
        ("https://a.com/?sig=0f#top", "https://a.com/?sig=***#top"),
        ("https://a.com/?APIKEY=0f", "https://a.com/?APIKEY=***"),
        ("https://a.com/?monkey=1&design=2", "https://a.com/?monkey=1&design=2"),
        ("https://a.com/@ann/a.jpg?mail=a@b.c", "https://a.com/@ann/a.jpg?mail=a@b.c"),
        ("write to ann@example.com", "write to ann@example.com"),
        ("CC BY: 4.0", "CC BY: 4.0"),
    ],
)
def test_secrets_are_not_shown(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "a.jpg", "/a.jpg", "//example.com/a.jpg", "www.example.com/a.jpg", "mailto:a@b.c"),
        *("file:///etc/passwd", "ftp://example.com/a.jpg", "data:image/png;base64,AAAA", "http://"),
        *(
            "http:///a.jpg",
            "http://[::1",
            "http://a.com:99999/",
            "http://a.com/\x00",
            "javascript:1",
        ),
        "https://example.com/" + "a" * 9000,
    ],
)
def test_what_is_no_address_of_the_web_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="no address"):
        web_address(text)


def test_an_address_has_one_key_whoever_asks() -> None:
    key = web_address("https://example.com/a.jpg").key
    for same in (
        "https://ann:sesame@example.com/a.jpg",
        "HTTPS://EXAMPLE.com:443/a.jpg#top",
    ):
        assert web_address(same).key == key
    others = ("http://example.com/a.jpg", "https://example.com/A.jpg", "https://example.com/a.jpg?")
    assert key not in {web_address(other).key for other in others}


def test_a_password_does_not_follow_to_another_server() -> None:
    address = web_address("https://ann:sesame@example.com/a.jpg")
    assert address.login
    assert address.redirected("/b.jpg").login == address.login
    for elsewhere in ("https://other.com/b.jpg", "http://example.com/b.jpg"):
        assert not address.redirected(elsewhere).login
        assert not address.redirected(elsewhere.replace("//", "//eve:x@")).login
