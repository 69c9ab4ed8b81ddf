import collections
import datetime
import email.utils
import gzip
import itertools
import shutil
import time
import zlib
from pathlib import Path

import pytest

from diptych import gather, read
from diptych.gathering import Limits, running
from diptych.system.files import write_file
from web import (
    QUICK,
    Web,
    body,
    broken_off,
    endless,
    in_turn,
    manifest,
    photo,
    redirect,
    status,
    table,
    web_server,
)


def one(web: Web, folder: Path, path: str = "/a.jpg", **changes: object) -> dict[str, str]:
    """The row of the manifest that comes of one address."""
    urls = table(folder / "urls.csv", ["url", "label"], [web.url(path), "cat"])
    limits = Limits(**({**vars(QUICK)} | changes))
    gather(urls, folder / "photos", limits=limits)
    (row,) = manifest(folder / "photos")
    written = [p for p in (folder / "photos").rglob("*") if p.is_file()]
    assert len(written) == 1 + (row["outcome"] == "came")
    return row


def of_pictures(web: Web, folder: Path, count: int = 6) -> Path:
    """A table of pictures of cats and dogs, by two authors."""
    rows = []
    for i in range(count):
        web.pages[f"/{i}.jpg"] = body(photo(i))
        rows.append([web.url(f"/{i}.jpg"), ("cat", "dog")[i % 2], ("Ann", "Bob")[i // 3 % 2]])
    return table(folder / "urls.csv", ["url", "label", "author"], *rows)


def test_pictures_come_into_the_folders_of_their_labels(web: Web, tmp_path: Path) -> None:
    result = gather(of_pictures(web, tmp_path), tmp_path / "photos", limits=QUICK)
    assert (result.came, result.fetched, result.failed) == (6, 6, {})
    rows = manifest(tmp_path / "photos")
    assert [row["label"] for row in rows] == ["cat", "dog"] * 3
    for i, row in enumerate(rows):
        assert (tmp_path / "photos" / row["path"]).read_bytes() == photo(i)
        assert row["path"].startswith(row["label"] + "/")
        assert row["author"] == ("Ann", "Bob")[i // 3 % 2]
        assert (row["outcome"], row["status"], row["final_url"]) == ("came", "200", row["url"])


def test_what_was_gathered_is_read_by_its_folders_with_what_the_table_says_besides(
    web: Web, tmp_path: Path
) -> None:
    gather(of_pictures(web, tmp_path, 24), tmp_path / "photos", limits=QUICK)
    data = read(tmp_path / "photos")
    assert data.counts() == {"cat": 12, "dog": 12}
    assert set(data.columns["author"].values()) == {"Ann", "Bob"}
    assert [(s.name, s.reason) for s in data.strays] == [("gathered.csv", "table")]


def test_what_came_is_not_asked_for_again(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path)
    web.pages["/3.jpg"] = in_turn(status(404), body(photo(3)))
    first = gather(urls, tmp_path / "photos", limits=QUICK)
    assert (first.came, first.failed) == (5, {"status 404": 1})
    web.asked.clear()
    second = gather(urls, tmp_path / "photos", limits=QUICK)
    assert web.paths == ["/3.jpg"]
    assert (second.came, second.fetched) == (6, 1)
    assert len({row["sha256"] for row in manifest(tmp_path / "photos")}) == 6


def test_pictures_without_a_manifest_are_known_by_their_names(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path)
    gather(urls, tmp_path / "photos", limits=QUICK)
    before = manifest(tmp_path / "photos")
    (tmp_path / "photos" / "gathered.csv").unlink()
    web.asked.clear()
    gather(urls, tmp_path / "photos", limits=QUICK)
    assert not web.asked
    after = manifest(tmp_path / "photos")
    for title in ("path", "sha256", "bytes", "outcome"):
        assert [row[title] for row in after] == [row[title] for row in before]


def test_another_table_adds_to_a_folder_and_loses_nothing(web: Web, tmp_path: Path) -> None:
    gather(of_pictures(web, tmp_path), tmp_path / "photos", limits=QUICK)
    first = manifest(tmp_path / "photos")
    web.pages["/new.jpg"] = body(photo(99))
    more = table(
        tmp_path / "more.csv", ["url", "label", "licence", "path"],
        [web.url("/new.jpg"), "cat", "CC0", "mine"], [web.url("/1.jpg"), "dog", "CC BY", ""],
    )  # fmt: skip
    assert gather(more, tmp_path / "photos", limits=QUICK).came == 2
    new, again, *rest = manifest(tmp_path / "photos")
    assert (new["licence"], new["author"], new["path (table)"]) == ("CC0", "", "mine")
    assert (again["licence"], again["path"]) == ("CC BY", first[1]["path"])
    assert [row["url"] for row in rest] == [row["url"] for row in first if row is not first[1]]
    assert [row["author"] for row in rest] == ["Ann", "Ann", "Bob", "Bob", "Bob"]
    assert gather(more, tmp_path / "photos", limits=QUICK).fetched == 0
    assert len(manifest(tmp_path / "photos")) == 7


def test_the_last_row_of_a_killed_run_may_be_cut(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path)
    gather(urls, tmp_path / "photos", limits=QUICK)
    whole = (tmp_path / "photos" / "gathered.csv").read_bytes()
    for left in (len(whole) - 30, len(whole) - 90, whole.index(b"\n") + 1):
        (tmp_path / "photos" / "gathered.csv").write_bytes(whole[:left])
        web.asked.clear()
        gather(urls, tmp_path / "photos", limits=QUICK)
        assert not web.asked
        assert [row["outcome"] for row in manifest(tmp_path / "photos")] == ["came"] * 6


def test_a_picture_that_came_as_the_run_was_stopped_is_known(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls, out = of_pictures(web, tmp_path), tmp_path / "photos"

    def stopped_after(path: Path, data: bytes) -> None:
        write_file(path, data)
        if path.suffix == ".jpg":
            raise KeyboardInterrupt

    monkeypatch.setattr(running, "write_file", stopped_after)
    with pytest.raises(KeyboardInterrupt):
        gather(urls, out, limits=QUICK)
    [came] = [row for row in manifest(out) if row["outcome"] == "came"]
    assert came["final_url"] == came["url"]
    assert (out / came["path"]).exists()


def test_nothing_half_written_stays(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path, 1)
    gather(urls, tmp_path / "photos", limits=QUICK)
    (came,) = (tmp_path / "photos" / "cat").iterdir()
    left = came.with_name(f".{came.name}.0123abcd.writing")
    left.write_bytes(b"half")
    mine = came.with_name(".mine.0123abcd.writing")
    mine.write_bytes(b"of somebody else")
    gather(urls, tmp_path / "photos", limits=QUICK)
    assert not left.exists()
    assert mine.exists()


def test_where_a_label_changed_the_picture_moves(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path)
    gather(urls, tmp_path / "photos", limits=QUICK)
    urls.write_text(urls.read_text().replace("dog", "wolf"))
    web.asked.clear()
    gather(urls, tmp_path / "photos", limits=QUICK)
    assert not web.asked
    assert read(tmp_path / "photos").counts() == {"cat": 3, "wolf": 3}
    for row in manifest(tmp_path / "photos"):
        assert row["path"].startswith(row["label"])
        assert row["final_url"] == row["url"]


def test_where_somebody_moved_a_picture_it_stays(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path)
    gather(urls, tmp_path / "photos", limits=QUICK)
    moved = sorted((tmp_path / "photos" / "cat").iterdir())
    for path in moved:
        path.rename(tmp_path / "photos" / "dog" / path.name)
    web.asked.clear()
    gather(urls, tmp_path / "photos", limits=QUICK)
    assert not web.asked
    assert len(list((tmp_path / "photos" / "dog").iterdir())) == 6
    assert read(tmp_path / "photos").counts() == {"cat": 0, "dog": 6}  # folders, not the manifest


def test_the_same_address_twice_is_asked_for_once(web: Web, tmp_path: Path) -> None:
    web.pages["/a.jpg"] = body(photo(1))
    here = web.url("/a.jpg")
    urls = table(tmp_path / "urls.csv", ["url", "label"], [here, "cat"], [f"{here}#top", "cat"])
    result = gather(urls, tmp_path / "photos", limits=QUICK)
    assert web.paths == ["/a.jpg"]
    assert (result.addresses, result.came, result.copies, result.two_labels) == (1, 2, 0, 0)
    assert len({row["path"] for row in manifest(tmp_path / "photos")}) == 1


def test_a_picture_with_two_labels_is_said_and_not_guessed(web: Web, tmp_path: Path) -> None:
    web.pages |= {"/a.jpg": body(photo(1)), "/b.jpg": body(photo(2)), "/c.jpg": body(photo(2))}
    rows = [("/a.jpg", "cat"), ("/a.jpg", "dog"), ("/b.jpg", "cat"), ("/c.jpg", "dog")]
    urls = table(
        tmp_path / "urls.csv", ["url", "label"], *[(web.url(path), label) for path, label in rows]
    )
    result = gather(urls, tmp_path / "photos", limits=QUICK)
    assert collections.Counter(web.paths) == {"/a.jpg": 1, "/b.jpg": 1, "/c.jpg": 1}
    assert (result.came, result.copies, result.two_labels) == (4, 2, 2)
    first, again, _, other = manifest(tmp_path / "photos")
    assert again["detail"] == f"the same bytes as {first['path']}, which has another label"
    assert "another label" in other["detail"]
    assert [Path(row["path"]).parts[0] for row in (first, again)] == ["cat", "dog"]


def test_without_labels_pictures_lie_in_no_class_folder(web: Web, tmp_path: Path) -> None:
    for i in range(12):
        web.pages[f"/{i}.jpg"] = body(photo(i))
    urls = table(
        tmp_path / "urls.csv",
        ["image_url", "licence"],
        *[(web.url(f"/{i}.jpg"), ("by", "cc0")[i % 2]) for i in range(12)],
    )
    result = gather(urls, tmp_path / "photos", limits=QUICK)
    assert "no labels" in result.note
    data = read(tmp_path / "photos")
    assert not data.samples  # a licence is no label
    assert sum(stray.name.endswith(".jpg") for stray in data.strays) == 12


@pytest.mark.parametrize(
    ("refusal", "at_least"),
    [
        (status(429), 0),
        (status(429, retry_after="1"), 0.9),
        (status(503), 0),
        (status(500), 0),
        (status(408), 0),
        (broken_off(photo(1), 200), 0),
        # Without a length, only the picture tells that it was cut.
        (body(photo(1)[:200], content_length="", connection="close"), 0),
    ],
    ids=["429", "429 with seconds", "503", "500", "408", "broken off", "cut"],
)
def test_what_may_pass_is_asked_again(
    refusal: object, at_least: float, web: Web, tmp_path: Path
) -> None:
    web.pages["/a.jpg"] = in_turn(refusal, body(photo(1)))  # type: ignore[arg-type]
    row = one(web, tmp_path)
    assert (row["outcome"], row["status"]) == ("came", "200")
    first, second = (asked.at for asked in web.asked if asked.path == "/a.jpg")
    assert second - first >= at_least


def test_a_date_to_come_back_is_waited_for(web: Web, tmp_path: Path) -> None:
    def closed(visitor: object) -> None:
        soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
        when = email.utils.format_datetime(soon, usegmt=True)
        status(503, retry_after=when)(visitor)  # type: ignore[arg-type]

    web.pages["/a.jpg"] = in_turn(closed, body(photo(1)))
    assert one(web, tmp_path)["outcome"] == "came"
    first, second = (asked.at for asked in web.asked if asked.path == "/a.jpg")
    assert second - first > 0.9  # dates have whole seconds


def test_nobody_waits_longer_than_is_sensible(web: Web, tmp_path: Path) -> None:
    web.pages["/a.jpg"] = status(429, retry_after="7200")
    row = one(web, tmp_path)
    assert (row["outcome"], web.paths) == ("status 429", ["/a.jpg"])
    assert "it asks to wait for 7,200 seconds" in row["detail"]
    # And whoever says so is asked for nothing else.
    urls = of_pictures(web, tmp_path, 9)
    web.pages = {path: status(503, retry_after="7200") for path in web.pages}
    web.pages["/robots.txt"] = status(404)
    web.asked.clear()
    limits = Limits(**{**vars(QUICK), "connections": 1})
    assert gather(urls, tmp_path / "others", limits=limits).failed == {"status 503": 9}
    assert len(web.paths) == 1


def test_what_does_not_pass_is_not_asked_again(web: Web, tmp_path: Path) -> None:
    for code in (404, 410, 403, 204, 304):
        web.pages[f"/{code}"] = status(code)
        shutil.rmtree(tmp_path / "photos", ignore_errors=True)
        assert one(web, tmp_path, f"/{code}")["outcome"] == f"status {code}"
    assert len(web.paths) == 5


def test_tries_come_to_an_end(web: Web, tmp_path: Path) -> None:
    web.pages["/a.jpg"] = status(500)
    assert one(web, tmp_path, tries=3)["outcome"] == "status 500"
    assert len(web.paths) == 3


def test_a_host_that_never_answers_is_left_alone_soon(tmp_path: Path, web: Web) -> None:
    web.pages |= {f"/{i}.jpg": status(503) for i in range(60)}
    urls = table(
        tmp_path / "urls.csv", ["url", "label"], *[(web.url(f"/{i}.jpg"), "cat") for i in range(60)]
    )
    result = gather(urls, tmp_path / "photos", limits=QUICK)
    assert result.failed == {"status 503": 60}
    assert 20 <= len(web.paths) < 30


@pytest.mark.parametrize(
    ("page", "outcome", "words"),
    [
        (body(b"<html><body>log in</body></html>"), "not an image", "web page"),
        (body(b""), "empty", "no bytes"),
        (body(photo(1)[:300]), "truncated", ""),
        (body(photo(1), content_length="300"), "truncated", ""),
        (body(b"x" * 3000), "too large", "3,000 bytes"),
        (body(photo(1), content_length="5000"), "too large", "5,000 bytes"),
        (endless(b"x" * 999), "too large", "more than 2,000"),
        (body(gzip.compress(bytes(10**6)), content_encoding="gzip"), "too large", "more than"),
        (body(photo(1), content_encoding="gzip"), "unreadable", "no gzip"),
        (body(photo(1), content_encoding="br"), "unreadable", "br"),
    ],
)
def test_what_is_no_picture_is_left_out(
    page: object, outcome: str, words: str, web: Web, tmp_path: Path
) -> None:
    web.pages["/a.jpg"] = page  # type: ignore[assignment]
    row = one(web, tmp_path, bytes=2000)
    assert row["outcome"] == outcome
    assert words in row["detail"]
    assert web.paths == ["/a.jpg"]
    assert row["status"] == "200"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_packed_picture_is_unpacked(pack: object, web: Web, tmp_path: Path) -> None:
    packed = pack(photo(1))  # type: ignore[operator]
    web.pages["/a.jpg"] = body(packed, content_encoding="gzip")
    row = one(web, tmp_path)
    assert (tmp_path / "photos" / row["path"]).read_bytes() == photo(1)


def test_a_file_is_called_by_what_it_is(web: Web, tmp_path: Path) -> None:
    for kind, ending in (("PNG", ".png"), ("WEBP", ".webp"), ("TIFF", ".tif"), ("JPEG", ".jpg")):
        web.pages["/a.php"] = body(photo(1, kind), "text/html")
        shutil.rmtree(tmp_path / "photos", ignore_errors=True)
        assert Path(one(web, tmp_path, "/a.php")["path"]).suffix == ending


def test_one_request_takes_no_longer_than_it_may(web: Web, tmp_path: Path) -> None:
    # A byte now and then: no single wait is long.
    web.pages["/a.jpg"] = endless(b"x", 0.05)
    began = time.monotonic()
    row = one(web, tmp_path, seconds=0.4, tries=2)
    assert (row["outcome"], row["detail"]) == ("no answer", "not within 0.4 seconds")
    assert len(web.paths) == 2
    assert time.monotonic() - began < 4


def test_headers_without_an_end_are_no_answer(web: Web, tmp_path: Path) -> None:
    def drip(visitor: object) -> None:
        for _ in range(200):
            visitor.wfile.write(b"H")  # type: ignore[attr-defined]
            time.sleep(0.05)

    web.pages["/a.jpg"] = drip
    assert one(web, tmp_path, seconds=0.4, tries=1)["outcome"] == "no answer"


def test_redirects_are_followed(web: Web, tmp_path: Path) -> None:
    web.pages |= {
        "/a.jpg": redirect("/b%20c.jpg?size=1", 301),
        "/b%20c.jpg": redirect(web.url("/c.jpg"), 307),
        "/c.jpg": body(photo(1)),
    }
    row = one(web, tmp_path)
    assert (row["outcome"], row["final_url"]) == ("came", web.url("/c.jpg"))
    assert web.paths == ["/a.jpg", "/b%20c.jpg?size=1", "/c.jpg"]


def test_redirects_come_to_an_end(web: Web, tmp_path: Path) -> None:
    web.pages |= {"/a.jpg": redirect("/b.jpg"), "/b.jpg": redirect("/a.jpg")}
    row = one(web, tmp_path)
    assert (row["outcome"], row["detail"]) == ("too many redirects", "they lead in a circle")
    assert web.paths == ["/a.jpg", "/b.jpg"]
    shutil.rmtree(tmp_path / "photos")
    web.pages |= {f"/{i}": redirect(f"/{i + 1}") for i in range(9)}
    web.asked.clear()
    row = one(web, tmp_path, "/0", redirects=3)
    assert (row["outcome"], row["detail"]) == ("too many redirects", "more than 3")
    assert web.paths == ["/0", "/1", "/2", "/3"]


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/a.jpg", "", "http://[::1"]
)
def test_redirects_lead_nowhere_else(location: str, web: Web, tmp_path: Path) -> None:
    web.pages["/a.jpg"] = redirect(location)
    row = one(web, tmp_path)
    assert (row["outcome"], row["status"]) == ("bad redirect", "302")


def test_no_private_address_is_asked(web: Web, tmp_path: Path) -> None:
    web.pages["/a.jpg"] = body(photo(1))
    row = one(web, tmp_path, allow_private=False)
    assert row["outcome"] == "private address"
    assert "--allow-private" in row["detail"]
    assert not web.asked


def test_passwords_are_sent_to_their_host_alone_and_written_nowhere(
    web: Web, tmp_path: Path
) -> None:
    with web_server() as other:
        other.pages["/b.jpg"] = body(photo(1))
        web.pages["/a.jpg"] = redirect("/c.jpg?token=hush&n=1")
        web.pages["/c.jpg"] = redirect(other.url("/b.jpg?X-Amz-Signature=hush&n=2"))
        secret = web.url("/a.jpg").replace("//", "//ann:sesame@")
        urls = table(
            tmp_path / "urls.csv", ["url", "label", "page"],
            [secret, "cat", "https://ann:sesame@example.com/?api_key=hush"],
            [secret.replace("http", "gopher"), "cat", "ann:sesame@example.com"],
        )  # fmt: skip
        result = gather(urls, tmp_path / "photos", limits=QUICK)
        assert (result.came, len(web.paths), len(other.paths)) == (1, 2, 1)
        headers = [one.headers for one in web.asked if one.path != "/robots.txt"]
        assert all(one["Authorization"] == "Basic YW5uOnNlc2FtZQ==" for one in headers)
        assert not any("Authorization" in one.headers for one in other.asked)
    written = (tmp_path / "photos" / "gathered.csv").read_text()
    for hidden in ("sesame", "hush"):
        assert hidden not in written
        assert hidden not in repr(result)
    assert "n=2" in written


def test_robots_are_heard(web: Web, tmp_path: Path) -> None:
    web.pages |= {
        "/robots.txt": body(b"User-agent: diptych\nDisallow: /private/\nCrawl-delay: 0.3\n"),
        "/private/a.jpg": body(photo(1)),
        "/b.jpg": body(photo(2)),
        "/c.jpg": body(photo(3)),
    }
    paths = ("/private/a.jpg", "/b.jpg", "/c.jpg")
    urls = table(tmp_path / "urls.csv", ["url", "label"], *[(web.url(p), "cat") for p in paths])
    limits = Limits(**{**vars(QUICK), "connections": 1})
    result = gather(urls, tmp_path / "photos", limits=limits)
    assert result.failed == {"forbidden by robots.txt": 1}
    rules, first, second = web.asked
    assert (rules.path, first.path, second.path) == ("/robots.txt", "/b.jpg", "/c.jpg")
    assert second.at - first.at > 0.28
    ignoring = Limits(**{**vars(QUICK), "robots": False})
    assert gather(urls, tmp_path / "photos", limits=ignoring).came == 3


def test_a_server_whose_rules_cannot_be_read_is_not_asked(web: Web, tmp_path: Path) -> None:
    web.pages |= {"/robots.txt": status(503), "/a.jpg": body(photo(1))}
    row = one(web, tmp_path, tries=2)
    assert (row["outcome"], row["detail"]) == ("status 503", "/robots.txt")
    assert not web.paths


def test_requests_say_who_asks(web: Web, tmp_path: Path) -> None:
    web.pages["/a.jpg"] = body(photo(1))
    one(web, tmp_path)
    assert all(asked.headers["User-Agent"].startswith("diptych/") for asked in web.asked)
    shutil.rmtree(tmp_path / "photos")
    web.asked.clear()
    one(web, tmp_path, user_agent="herbarium/1 (ann@example.com)")
    assert {asked.headers["User-Agent"] for asked in web.asked} == {"herbarium/1 (ann@example.com)"}


def test_requests_to_one_host_keep_their_distance(web: Web, tmp_path: Path) -> None:
    urls = of_pictures(web, tmp_path, 4)
    gather(urls, tmp_path / "photos", limits=Limits(**{**vars(QUICK), "delay": 0.1}))
    at = [asked.at for asked in web.asked if asked.path != "/robots.txt"]
    assert all(later - earlier > 0.08 for earlier, later in itertools.pairwise(at))


def test_labels_of_all_kinds_become_folders_of_their_own(web: Web, tmp_path: Path) -> None:
    labels = ["../../evil", "a/b", "a-b", "Cat", "cat", "CON", ".hidden", "café", "x.", "x?"]
    for i in range(len(labels)):
        web.pages[f"/{i}.jpg"] = body(photo(i))
    urls = table(
        tmp_path / "urls.csv", ["url", "label"],
        *[(web.url(f"/{i}.jpg"), label) for i, label in enumerate(labels)],
    )  # fmt: skip
    result = gather(urls, tmp_path / "deep" / "photos", limits=QUICK)
    assert result.came == len(labels)
    folders = {path.name.casefold() for path in (tmp_path / "deep" / "photos").iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == {"urls.csv", "deep"}
    assert len(folders) == len(labels) + 1  # and gathered.csv
    assert len(read(tmp_path / "deep" / "photos")) == len(labels)
    assert (
        "'../../evil' is evil, '.hidden' is hidden, 'CON' is CON-class, and 4 more" in result.note
    )
