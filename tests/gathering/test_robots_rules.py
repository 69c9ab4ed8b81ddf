import pytest

from diptych.gathering.robots_rules import Rules, rules_for


def anybody(*lines: str) -> Rules:
    return rules_for("diptych", "\n".join(["User-agent: *", *lines]))


@pytest.mark.parametrize(
    ("pattern", "fits", "others"),
    [
        ("/", ["/", "/a.jpg", "/a?b"], []),
        ("/fish", ["/fish", "/fish.jpg", "/fishes/1.jpg", "/fish?id=1"], ["/Fish", "/a/fish"]),
        ("/fish/", ["/fish/", "/fish/1.jpg"], ["/fish", "/fish.jpg"]),
        ("/*.jpg", ["/a.jpg", "/b/a.jpg", "/a.jpg?x", "/a.jpgs"], ["/a.png", "/a.JPG"]),
        ("/*.jpg$", ["/a.jpg", "/b/a.jpg.jpg"], ["/a.jpg?x", "/a.jpgs"]),
        ("/a*b*c", ["/abc", "/a1b2c3", "/abbc"], ["/acb", "/a"]),
        ("/*", ["/", "/a"], []),
        ("*", ["/", "/a"], []),
        ("/a$", ["/a"], ["/a/", "/ab"]),
        ("/*?", ["/a?b"], ["/a"]),
        ("/b%C3%A4r", ["/b%C3%A4r.jpg", "/b%c3%a4r"], ["/bar"]),
        ("/bär", ["/b%C3%A4r.jpg"], ["/bar"]),
        ("/aba*aba$", ["/abaaba", "/aba-aba"], ["/aba"]),
    ],
)
def test_a_pattern_fits_as_the_standard_says(
    pattern: str, fits: list[str], others: list[str]
) -> None:
    rules = anybody(f"Disallow: {pattern}")
    assert [path for path in fits if rules.allow(path)] == []
    assert [path for path in others if not rules.allow(path)] == []


def test_the_longest_rule_counts_whatever_their_order() -> None:
    for rules in (
        anybody("Disallow: /", "Allow: /photos/"),
        anybody("Allow: /photos/", "Disallow: /"),
    ):
        assert rules.allow("/photos/1.jpg")
        assert not rules.allow("/else/1.jpg")
    assert anybody("Disallow: /a", "Allow: /a").allow("/a")


def test_a_program_has_its_own_rules_or_those_for_anybody() -> None:
    text = """
        User-agent: other
        User-agent: Diptych/9   # however it is written

        Disallow: /ours
        User-agent: *
        Disallow: /all
        Crawl-delay: 2.5
        user-agent: diptych
        DISALLOW: /more
    """
    ours = rules_for("diptych", text)
    assert [ours.allow(path) for path in ("/ours", "/more", "/all")] == [False, False, True]
    assert ours.delay == 0
    others = rules_for("herbarium", text)
    assert [others.allow(path) for path in ("/ours", "/more", "/all")] == [True, True, False]
    assert others.delay == 2.5


@pytest.mark.parametrize(
    "text", ["", "<html>no such page</html>", "Disallow: /", "User-agent: *", ":::\n#\n\ufeff"]
)
def test_what_says_nothing_forbids_nothing(text: str) -> None:
    assert rules_for("diptych", text).allow("/a.jpg")
    assert anybody("Disallow:", "Crawl-delay: soon").allow("/a.jpg")


def test_a_delay_is_within_reason() -> None:
    assert anybody("Crawl-delay: 86400").delay == 60
    assert anybody("Crawl-delay: -1").delay == 0
    assert anybody("Crawl-delay: nan").delay == 0


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert anybody("Disallow: /" + "*a" * 2000 + "$").allow("/" + "a" * 8000 + "b")
