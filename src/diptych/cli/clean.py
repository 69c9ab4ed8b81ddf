"""`diptych clean`: the data without what is wrong, as a plan decides, written anew."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from diptych.cli import arguments
from diptych.cli.display import note, print_json
from diptych.cli.preparing import read_pictures, refuse_inside

if TYPE_CHECKING:
    from diptych.data.dataset import Dataset


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "clean", clean, "write the data anew, put right as a plan decides"
    )
    arguments.add_data(verb)
    verb.add_argument(
        "--out", type=arguments.path, required=True, metavar="FOLDER",
        help="a new folder of class folders, or a table of files (cleaned.csv)",
    )  # fmt: skip


def clean(options: Namespace) -> None:
    """Write what is left, and say how much that is; the originals stay as they are."""
    from diptych import auditing
    from diptych.auditing import cleaning, rewriting
    from diptych.system.progress import shown

    refuse_inside(options.out, options.data, options.test)
    pictures = read_pictures(options.data, options, options.test)
    found = auditing.audit(pictures, checks=(), track=shown)
    note(str(found))
    cleaned = cleaning.clean(pictures, found)
    answer: dict[str, Any] = {"linked": 0, "copied": 0}
    if options.out.suffix.lower() == ".csv":
        rewriting.write_manifest(cleaned, options.out)
    else:
        answer = rewriting.write_folder(cleaned, options.out, shown)._asdict()
    answer = {"out": str(options.out), **_counts(cleaned), "set_aside": found.set_aside} | answer
    if options.as_json:
        print_json(answer)
        return
    classes = ", ".join(f"{count:,} {label}" for label, count in cleaned.counts().items())
    print(f"{options.out}: {len(cleaned):,} pictures, {classes}")


def _counts(cleaned: "Dataset") -> dict[str, Any]:
    return {"files": len(cleaned), "classes": cleaned.counts()}
