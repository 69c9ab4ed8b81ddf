import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest

from archives import pictures, write_tar, write_zip
from diptych.data.places import Address
from diptych.errors import ImageError, InputError, MissingExtra
from diptych.images.decoding import read_file
from diptych.sources import read
from diptych.sources.inputs import input_pictures

FILES = pictures("cat/1.png", "cat/2.png", "dog/3.png")
SECRET = "hunter2"


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    """A server of S3 on this machine, and how it is reached."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    own = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": SECRET}
    reached = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
    client = boto3.client(
        "s3",
        endpoint_url=reached["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket="pictures")
    client.put_object(Bucket="pictures", Key="photos/", Body=b"")  # as the console makes folders
    for name, data in FILES.items():
        client.put_object(Bucket="pictures", Key=f"photos/{name}", Body=data)
    yield own | reached
    client.close()
    server.stop()


@pytest.fixture
def s3(bucket: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    import s3fs

    for name, value in bucket.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    return s3fs.S3FileSystem()


def put(files: Any, root: str, contents: Mapping[str, bytes]) -> None:
    for name, data in contents.items():
        files.pipe_file(f"{root}/{name}", data)


def test_a_folder_at_an_address_is_a_folder(memory: Any) -> None:
    put(memory, "/photos", FILES)
    data = read("memory://photos")
    assert [s[:2] for s in data.samples] == [
        ("cat/1.png", "cat"), ("cat/2.png", "cat"), ("dog/3.png", "dog"),
    ]  # fmt: skip
    assert [read_file(s.path) for s in data.samples] == list(FILES.values())
    assert str(data.root) == "memory://photos"


def test_a_bucket_of_s3(s3: Any) -> None:
    data = read("s3://pictures/photos")
    assert {(s.name, s.label, read_file(s.path)) for s in data.samples} == {
        (name, name[:3], content) for name, content in FILES.items()
    }
    assert data.strays == ()


def test_pictures_in_a_bucket_are_answered_for(s3: Any) -> None:
    given = list(input_pictures("s3://pictures/photos", (24, 24, 3)))
    assert [one.name for one in given] == [f"s3://pictures/photos/{name}" for name in FILES]
    assert [one.encoded() for one in given] == list(FILES.values())


@pytest.mark.parametrize("name", ["data.zip", "data.tar", "data.tar.gz"])
def test_an_archive_at_an_address(memory: Any, tmp_path: Path, name: str) -> None:
    if name == "data.zip":
        file = write_zip(tmp_path / name, FILES)
    else:
        file = write_tar(tmp_path / name, FILES, "w:gz" if name.endswith("gz") else "w")
    put(memory, "/b", {name: file.read_bytes()})
    data = read(f"memory://b/{name}")
    assert [read_file(s.path) for s in data.samples] == list(FILES.values())
    assert (str(data.root), str(data.samples[0].path)) == (
        f"memory://b/{name}", f"memory://b/{name}/cat/1.png",
    )  # fmt: skip


def test_an_archive_that_changes_at_its_address_is_fetched_anew(
    memory: Any, tmp_path: Path
) -> None:
    put(memory, "/b", {"a.zip": write_zip(tmp_path / "a.zip", FILES).read_bytes()})
    assert len(read("memory://b/a.zip")) == 3
    more = {**FILES, **pictures("owl/4.png")}
    put(memory, "/b", {"a.zip": write_zip(tmp_path / "a.zip", more).read_bytes()})
    assert read("memory://b/a.zip").classes == ("cat", "dog", "owl")


def test_parquet_and_shards_in_a_bucket(s3: Any, tmp_path: Path) -> None:
    file = io.BytesIO()
    rows = [{"bytes": data, "path": None} for data in FILES.values()]
    pl.DataFrame({"image": rows, "label": ["cat", "cat", "dog"]}).write_parquet(file)
    put(s3, "pictures/pq", {"train-0.parquet": file.getvalue(), "test-0.parquet": file.getvalue()})
    data = read("s3://pictures/pq")
    assert (data.parts(), len(data)) == (("train", "test"), 6)
    assert read_file(data.samples[0].path) == FILES["cat/1.png"]
    records = {
        "0.png": FILES["cat/1.png"],
        "0.cls": b"1",
        "1.png": FILES["dog/3.png"],
        "1.cls": b"0",
    }
    shard = write_tar(tmp_path / "a.tar", records).read_bytes()
    put(s3, "pictures/wds", {"train-0.tar": shard, "val-0.tar": shard})
    assert read("s3://pictures/wds").parts() == ("train", "valid")


def test_a_table_at_an_address_names_files_beside_it(memory: Any) -> None:
    table = b"file,label\ncat/1.png,a\ndog/3.png,b\n"
    put(memory, "/b", {**FILES, "labels.csv": table})
    data = read("memory://b/labels.csv")
    assert [(s.name, s.label) for s in data.samples] == [("cat/1.png", "a"), ("dog/3.png", "b")]
    assert read_file(data.samples[1].path) == FILES["dog/3.png"]


def test_a_table_of_pixels_at_an_address(memory: Any) -> None:
    lines = ["label," + ",".join(f"p{i}" for i in range(16))]
    lines += [f"{i % 2}," + ",".join(str((i * 37 + j) % 256) for j in range(16)) for i in range(9)]
    put(memory, "/b", {"train.csv": "\n".join(lines).encode()})
    data = read("memory://b/train.csv")
    assert (len(data), data.shape, str(data.root)) == (9, (4, 4, 1), "memory://b/train.csv")


def test_a_second_data_set_at_the_same_address_is_refused(memory: Any) -> None:
    put(memory, "/photos", FILES)
    for test in ("memory://photos", "memory://photos/cat"):
        with pytest.raises(InputError, match="its pictures are those of memory://photos too"):
            read("memory://photos", test=test)


def test_what_is_not_there_is_one_line(memory: Any, s3: Any) -> None:
    for address in ("memory://absent/x", "s3://no-such-bucket/photos", "s3://pictures/absent"):
        with pytest.raises(InputError, match=rf"{address}: no such file, folder or bucket"):
            read(address)


def test_who_may_not_read_is_told_so(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    type(s3).clear_instance_cache()
    with pytest.raises(InputError, match=r"^s3://pictures/photos: .*credentials"):
        read("s3://pictures/photos")


def test_a_server_that_is_not_there_is_one_line(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    type(s3).clear_instance_cache()
    with pytest.raises(InputError, match=r"^s3://pictures/photos: cannot be read: .*connect"):
        read("s3://pictures/photos")


def test_a_file_that_goes_while_others_are_read_has_a_reason(memory: Any) -> None:
    put(memory, "/photos", FILES)
    data = read("memory://photos")
    memory.rm_file("/photos/cat/1.png")
    with pytest.raises(ImageError) as error:
        read_file(data.samples[0].path)
    assert error.value.reason == "unreadable"


def test_secrets_of_an_address_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    address = Address(f"s3://me:{SECRET}@bucket/photos?token={SECRET}&x=1")
    assert (str(address), address.name) == ("s3://bucket/photos", "photos")
    assert SECRET not in repr(address)

    def fail(*_: object, **__: object) -> None:
        raise OSError(f"cannot reach me:{SECRET}@bucket with token={SECRET}")

    monkeypatch.setattr(fsspec.core, "url_to_fs", fail)
    with pytest.raises(InputError) as error:
        read(address.text)
    assert SECRET not in str(error.value)
    assert "s3://bucket/photos: cannot be read" in str(error.value)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"gs://b/x: gcsfs .* run: pip install gcsfs$"):
        read("gs://b/x")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"s3://b/x: fsspec .*'diptych\[remote\]'"):
        read("s3://b/x")


def test_addresses_that_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is fetched from the web; download it"):
        read("https://example.org/photos.zip")
    with pytest.raises(InputError, match="no scheme 'nope' is known"):
        read("nope://x/y")


def test_an_address_of_a_file_is_its_path(tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / "my photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "my photos" / name).write_bytes(data)
    assert read((tmp_path / "my photos").as_uri()).root == tmp_path / "my photos"


def test_a_file_that_is_no_data_set_is_one_line(memory: Any) -> None:
    put(memory, "/b", {"readme.md": json.dumps({}).encode()})
    with pytest.raises(InputError, match="neither a folder nor a table"):
        read("memory://b/readme.md")
