"""A bundle for others: `export` and `serve`."""

from pathlib import Path

from diptych.cli.streams import note, print_json
from diptych.errors import InputError


def export(
    bundle: Path,
    to: str,
    out: Path | None,
    data: Path | None,
    int8: bool,
    bf16: bool,
    max_drop: float,
    force: bool,
    as_json: bool,
) -> int:
    """Write a bundle in other formats, each checked by its own runtime."""
    from diptych.bundles.format import open_bundle
    from diptych.cli.display import printable, table
    from diptych.exporting import export as written
    from diptych.exporting import export_weights, page

    formats = [name.strip() for name in to.split(",") if name.strip()]
    opened = open_bundle(bundle)
    if formats == ["torch"] and out is not None and out.suffix in (".pt", ".pth"):
        export_weights(opened, out, force)
        if as_json:
            print_json({"file": str(out), "format": "torch", "bytes": out.stat().st_size})
        else:
            print(f"{out} written")
        return 0
    kinds = [kind for kind, wanted in (("int8", int8), ("bf16", bf16)) if wanted]
    folder = out or Path(f"{bundle.resolve().name.removesuffix('.bundle')}.exports")
    found = written(
        opened, formats, folder, data=data, kinds=kinds, max_drop=max_drop, force=force, tell=note
    )
    if as_json:
        print_json(found.to_json())
        return 1 if found.refused else 0
    if lines := list(page.cells(found.rows)):
        print(table(page.HEAD, lines))
    for row in found.rows:
        if row.refusal or row.fidelity:
            print(printable(str(row)))
    print(f"compared with {found.reference}")
    if advice := page.recommendation(found.rows):
        print(advice)
    print(f"{folder / 'README.md'} says how to use them")
    return 1 if found.refused else 0


def serve(
    bundles: list[Path],
    host: str,
    port: int,
    workers: int,
    keys: Path | None,
    new_key: str | None,
    cors: list[str],
    max_bytes: int,
    max_pixels: int,
    max_files: int,
    timeout: float,
    queue: int,
    as_json: bool,
) -> None:
    """Answer by HTTP until it is told to stop, or only make a key."""
    from diptych.serving import Limits, Settings
    from diptych.serving import serve as answer

    if new_key is not None:
        from diptych.serving.keys import added

        if keys is None:
            raise InputError("--new-key: say with --keys FILE where its hash is kept")
        key = added(keys, new_key)
        if as_json:
            print_json({"name": new_key, "key": key, "file": str(keys)})
        else:
            print(key)
        return
    limits = Limits(max_bytes, max_pixels, max_files, timeout)
    settings = Settings(tuple(bundles), host, port, workers, keys, tuple(cors), limits, queue)
    answer(settings, as_json)
