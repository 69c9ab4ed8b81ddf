"""Does any request make the server fail? Schemathesis by its OpenAPI description, and odd files.

Every file of `dirty/` is posted to /predict, alone and then ten in a form; no answer may be a 5xx.
`pip install schemathesis` first. `bench_fuzz.py [EXAMPLES]`, for each way to ask.
"""

import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from load import BOUNDARY, KIND
from measuring import SHARED, machine, served

EXAMPLES = sys.argv[1] if len(sys.argv) > 1 else "100"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def posted(url: str, body: bytes, kind: str) -> int:
    """The status of an answer."""
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def form(files: list[Path]) -> bytes:
    """The body of a form with files."""
    head = 'Content-Disposition: form-data; name="files"; filename='
    parts = [
        f'--{BOUNDARY}\r\n{head}"{i}"\r\n\r\n'.encode() + path.read_bytes() + b"\r\n"
        for i, path in enumerate(files)
    ]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "digits.bundle"
        table = Path(folder) / "digits.csv"
        for command in (
            ["sample", "digits", table],
            ["train", table, "--out", bundle, "--epochs", "5", "--network", "cnn"],
        ):
            subprocess.run([sys.executable, "-m", "diptych", *map(str, command)], check=True)
        serve = [sys.executable, "-m", "diptych", "serve", bundle, "--port", "PORT"]
        with served(serve, "/readyz") as url:
            run = subprocess.run(
                [
                    Path(sys.executable).with_name("schemathesis"), "run", f"{url}/openapi.json",
                    "--max-examples", EXAMPLES, "--checks", ",".join(CHECKS), "--seed", "1",
                ],
                cwd=folder,
            )  # fmt: skip
            files = sorted(path for path in (SHARED / "dirty").rglob("*") if path.is_file())
            alone = Counter(
                posted(f"{url}/predict", path.read_bytes(), "application/octet-stream")
                for path in files
            )
            tens = [files[at : at + 10] for at in range(0, len(files), 10)]
            together = Counter(posted(f"{url}/predict", form(ten), KIND) for ten in tens)
            print(
                f"dirty/, {len(files)} files alone: {dict(alone)}; ten in a form: {dict(together)}"
            )
        assert run.returncode == 0
        assert all(status < 500 for status in (*alone, *together))
    print(machine())


main()
