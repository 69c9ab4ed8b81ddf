import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from diptych.gathering import Limits, guard
from diptych.gathering.addresses import web_address
from diptych.gathering.client import Client
from diptych.gathering.failures import Failure
from diptych.gathering.fetching import Arrival, fetch
from web import QUICK, Visitor, Web, body, photo, redirect, web_server

# Of this machine, which no test leaves: one that is taken for public, and one that is not.
PUBLIC, PRIVATE = "127.0.0.1", "127.0.0.2"


@pytest.fixture(autouse=True)
def one_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "is_public", lambda address: address == PUBLIC)


@pytest.fixture
def inside() -> Iterator[Web]:
    """A server that nobody outside may ask."""
    with web_server(PRIVATE) as server:
        server.pages["/a.jpg"] = body(photo(2))
        yield server


STRICT = Limits(**{**vars(QUICK), "allow_private": False})


def test_a_redirect_to_a_private_address_is_not_followed(web: Web, inside: Web) -> None:
    web.pages["/a.jpg"] = redirect(inside.url("/a.jpg", PRIVATE))
    client = Client(STRICT)
    there = fetch(client, web_address(web.url("/a.jpg")), 10**6)
    assert not isinstance(there, Arrival)
    with pytest.raises(Failure, match="private address"):
        fetch(client, there, 10**6)
    client.close()
    assert not inside.asked


def test_the_address_that_was_looked_at_is_the_one_that_is_asked(inside: Web) -> None:
    """A name that leads elsewhere the second time, as in DNS rebinding."""
    with web_server(PUBLIC) as web:
        web.pages["/a.jpg"] = body(photo(1))
        answers = iter([[PUBLIC], [PRIVATE], [PRIVATE]])
        client = Client(STRICT, lambda host, port: next(answers))
        address = web_address(f"http://pictures.example:{web.port}/a.jpg")
        arrival = fetch(client, address, 10**6)
        assert isinstance(arrival, Arrival)
        assert arrival.data == photo(1)
        # The name, not the address, is what the server hears.
        assert web.asked[0].headers["Host"] == f"pictures.example:{web.port}"
        client.close()
        client = Client(STRICT, lambda host, port: next(answers))
        with pytest.raises(Failure, match="private address"):
            fetch(client, web_address(inside.url("/a.jpg", "pictures.example")), 10**6)
        client.close()
    assert not inside.asked


def test_of_several_addresses_the_next_is_asked_where_one_does_not_answer(web: Web) -> None:
    web.pages["/a.jpg"] = body(photo(1))
    client = Client(QUICK, lambda host, port: ["127.0.0.3", PUBLIC])
    arrival = fetch(client, web_address(web.url("/a.jpg", "pictures.example")), 10**6)
    client.close()
    assert isinstance(arrival, Arrival)


def test_a_connection_serves_several_requests(web: Web) -> None:
    web.pages["/a.jpg"] = body(photo(1))
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC]

    client = Client(QUICK, resolve)
    for _ in range(3):
        fetch(client, web_address(web.url("/a.jpg", "pictures.example")), 10**6)
    client.close()
    assert asked == ["pictures.example"]


def test_names_of_other_letters_are_asked_for_as_the_web_writes_them(web: Web) -> None:
    web.pages["/b%C3%A4r%20%F0%9F%90%BB.jpg"] = body(photo(1))
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC]

    client = Client(QUICK, resolve)
    address = web_address(f"http://bücher.example:{web.port}/bär 🐻.jpg")
    assert isinstance(fetch(client, address, 10**6), Arrival)
    client.close()
    assert asked == ["xn--bcher-kva.example"]


def certificate(folder: Path, name: str) -> Path:
    """A certificate for a name, that its own key signed, with the key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_over_tls_the_certificate_is_that_of_the_name(tmp_path: Path) -> None:
    web = Web()
    web.pages["/a.jpg"] = body(photo(1))
    pem = certificate(tmp_path, "pictures.example")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(pem)
    names: list[str | None] = []
    own.sni_callback = lambda connection, name, context: names.append(name)
    server = ThreadingHTTPServer((PUBLIC, 0), type("Own", (Visitor,), {"web": web}))
    server.socket = own.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    trusted = ssl.create_default_context(cafile=str(pem))
    client = Client(STRICT, lambda host, port: [PUBLIC], trusted)
    try:
        port = server.server_address[1]
        arrival = fetch(client, web_address(f"https://pictures.example:{port}/a.jpg"), 10**6)
        assert isinstance(arrival, Arrival)
        assert names == ["pictures.example"]
        with pytest.raises(Failure, match="bad certificate"):
            fetch(client, web_address(f"https://other.example:{port}/a.jpg"), 10**6)
    finally:
        client.close()
        server.shutdown()
        thread.join()
        server.server_close()
    assert len(web.asked) == 1


def test_the_address_of_this_machine_in_ipv6_is_seen() -> None:
    assert ipaddress.ip_address("::1").is_loopback
    with pytest.raises(Failure, match="private address"):
        fetch(Client(STRICT), web_address("http://[::1]:9/a.jpg"), 10**6)
