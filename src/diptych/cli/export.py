"""`diptych export`: a bundle in other formats, each checked by its own runtime."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.cli import arguments
from diptych.cli.display import note, print_json, print_line, print_table

if TYPE_CHECKING:
    from diptych.bundles.format import Bundle
    from diptych.exporting.steps import Export


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "export", export, "write a bundle in other formats, each of them checked"
    )
    verb.add_argument("bundle", type=arguments.path)
    verb.add_argument(
        "--to", required=True, metavar="FORMATS",
        help="such as onnx,litert, parted by commas; docs/exports.md lists them all",
    )  # fmt: skip
    verb.add_argument(
        "--out", type=arguments.path, metavar="FOLDER",
        help="where to write them (BUNDLE's name.exports)",
    )  # fmt: skip
    verb.add_argument(
        "--data", type=arguments.path, help="what it was trained on, if the cache has it no longer"
    )
    verb.add_argument("--int8", action="store_true", help="in int8 as well, where a format can")
    verb.add_argument("--bf16", action="store_true", help="with bfloat16 weights as well")
    verb.add_argument(
        "--max-drop", type=float, default=0.5, metavar="POINTS",
        help="of accuracy that int8 and bf16 may cost (0.5)",
    )  # fmt: skip
    verb.add_argument("--force", action="store_true", help="replace files that exist")


def export(options: Namespace) -> int:
    """Write the files, and say how each compares; 1 where one of them was refused."""
    from diptych import exporting
    from diptych.bundles.format import open_bundle
    from diptych.exporting.selection import format_name

    formats = [format_name(name) for name in options.to.split(",") if name.strip()]
    bundle = open_bundle(options.bundle)
    if formats == ["torch"] and options.out and options.out.suffix in (".pt", ".pth"):
        return _export_weights(bundle, options)
    kinds = [kind for kind in ("int8", "bf16") if getattr(options, kind)]
    name = options.bundle.resolve().name.removesuffix(".bundle")
    folder = options.out or Path(f"{name}.exports")
    exported = exporting.export(
        bundle, formats, folder,
        data=options.data, lighter=kinds, max_drop=options.max_drop, force=options.force, log=note,
    )  # fmt: skip
    if options.as_json:
        print_json(exported.to_json())
    else:
        _tell(exported)
    return 1 if exported.refused else 0


def _tell(exported: "Export") -> None:
    """The table, what was refused and why, which file to take."""
    from diptych.exporting.table import HEAD, cells, recommendation

    if lines := list(cells(exported.rows)):
        print_table(HEAD, lines)
    for row in exported.rows:
        if row.refusal or row.fidelity:
            print_line(str(row))
    print(f"compared with {exported.reference}")
    if advice := recommendation(exported.rows):
        print(advice)
    if exported.written:
        print(f"{exported.folder / 'README.md'} says how to use them")
    else:
        print("nothing was written")


def _export_weights(bundle: "Bundle", options: Namespace) -> int:
    """Only the weights, as a file for torch.load."""
    from diptych.exporting import export_weights

    export_weights(bundle, options.out, options.force)
    if options.as_json:
        size = options.out.stat().st_size
        print_json({"file": str(options.out), "format": "torch", "bytes": size})
    else:
        print(f"{options.out} written")
    return 0
