"""`diptych review`: a local page on which a person keeps, drops and relabels, by one key each."""

import getpass
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.cli import arguments
from diptych.cli.display import note, print_json
from diptych.cli.preparing import read_pictures, refuse_inside
from diptych.errors import InputError

if TYPE_CHECKING:
    from diptych.data.dataset import Dataset
    from diptych.reviewing.server import Opened

# Options that say how data are meant, as `diptych train` takes them too.
_OPTIONS = {"value_range": arguments.RANGE}


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "review", review, "a local page to put data right: keep, drop, relabel by a key"
    )
    arguments.add_source(verb)
    verb.add_argument(
        "--plan", type=arguments.path, metavar="FILE",
        help="the plan.csv to decide in; it is made where it is missing",
    )  # fmt: skip
    verb.add_argument(
        "--out", type=arguments.path, metavar="FOLDER",
        help="… or the folder of an audit (beside the data: photos-audit)",
    )  # fmt: skip
    verb.add_argument(
        "--bundle", type=arguments.path, metavar="BUNDLE",
        help="also show whose label would teach it most, and which it doubts",
    )  # fmt: skip
    verb.add_argument("--name", help="of who decides (your user name)")
    verb.add_argument(
        "--port", type=arguments.whole, default=0, help="0 takes any that is free (0)"
    )
    verb.add_argument("--no-browser", action="store_true", help="only print the address")
    verb.add_argument(
        "--size", type=arguments.whole, metavar="PIXELS", help="that the audit decoded at (288)"
    )


def review(options: Namespace) -> None:
    """Answer at an address of this machine until Ctrl-C."""
    from diptych.recipe import Recipe
    from diptych.reviewing import server

    server.require_packages()
    if options.plan and options.out:
        raise InputError("--plan names the file and --out its folder; leave one of them out")
    size = (Recipe() if options.size is None else Recipe(image_size=options.size)).image_size
    plan = options.plan or (options.out or _beside(options.data)) / "plan.csv"
    refuse_inside(plan, options.data, options.test)
    pictures = read_pictures(options.data, options, options.test)
    if not plan.exists():
        _first_audit(pictures, plan, size)
    settings = server.Settings(
        plan,
        tuple(_words(options)),
        _bundle_beside(options.data),
        (options.name or _user()).strip() or _user(),
        size,
        options.bundle,
        options.port,
        not options.no_browser and not options.as_json,
    )
    note(server.review(pictures, settings, lambda opened: _announce(opened, plan, options.as_json)))


def _first_audit(pictures: "Dataset", plan: Path, size: int) -> None:
    """Audit, and write what was found and a plan."""
    from diptych import auditing
    from diptych.auditing.proposing import proposed
    from diptych.bundles.destinations import refuse_unwritable_folder
    from diptych.reviewing.server import first_plan
    from diptych.system.files import write_file
    from diptych.system.progress import shown

    refuse_unwritable_folder(plan.parent)
    if not pictures.samples:
        first_plan(pictures).write(plan)
        note(f"{plan}: no picture has a label yet; the page takes them")
        return
    result = auditing.audit(pictures, size=size, track=shown)
    table = result.to_csv().encode(errors="surrogateescape")
    write_file(plan.with_name("audit.csv"), table)
    proposal = proposed(result)
    proposal.write(plan)
    note(f"{plan}: {proposal}")


def _announce(opened: "Opened", plan: Path, as_json: bool) -> None:
    if opened.gone:
        more = f" and {len(opened.gone) - 1:,} more" if len(opened.gone) > 1 else ""
        note(f"{plan}: {opened.gone[0].path}{more} is no longer there; its row stays as it is")
    if as_json:
        counts = {"pictures": opened.pictures, "undecided": len(opened.plan.undecided)}
        print_json({"url": opened.url, "plan": str(plan), **counts})
    else:
        print(f"{opened.pictures:,} pictures, {opened.plan}")
        print(f"{opened.url}  Ctrl-C ends it")
    sys.stdout.flush()  # a pipe would keep it


def _beside(data: object) -> Path:
    """The folder of an audit where none is named: beside the data."""
    if isinstance(data, Path):
        whole = data.absolute()
        return whole.with_name(f"{whole.name}-audit")
    return Path(f"{getattr(data, 'name', '') or 'data'}-audit")


def _bundle_beside(data: object) -> Path:
    folder = _beside(data)
    stem = folder.name.removesuffix("-audit")
    return next(
        path
        for number in range(1, 1000)
        if not (path := Path(f"{stem}{f'-{number}' if number > 1 else ''}.bundle")).exists()
    )


def _words(options: Namespace) -> list[str]:
    """The data as a command line names them."""
    words = [str(options.data)]
    if options.test:
        words += ["--test", str(options.test)]
    for name in arguments.MEANING:
        value = getattr(options, name)
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                words.append(f"{_OPTIONS.get(name, f'--{name}')}={one}")
    return words


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "somebody"
