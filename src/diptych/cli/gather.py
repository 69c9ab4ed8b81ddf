"""`diptych gather`: pictures from the web, by a table of addresses and labels."""

from argparse import Namespace, _ArgumentGroup

from diptych.cli import arguments
from diptych.cli.display import note, print_json, print_line

SHOWN = 10  # failures that are told one by one


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "gather", gather, "fetch the pictures that a table names, into folders of classes"
    )
    verb.add_argument(
        "table", type=arguments.path,
        help="a CSV, TSV, JSON lines or Parquet of addresses, and labels",
    )  # fmt: skip
    verb.add_argument(
        "--out", type=arguments.path, required=True, metavar="FOLDER",
        help="where the pictures go; the same command again fetches what is missing",
    )  # fmt: skip
    said = verb.add_argument_group("what the columns are, where it is not as inferred")
    said.add_argument("--url", metavar="COLUMN", help="the title of the column of addresses")
    said.add_argument("--label", metavar="COLUMN", help="… of the labels")
    _add_limits(verb.add_argument_group("what is asked of servers, and taken from them"))


def _add_limits(limits: _ArgumentGroup) -> None:
    limits.add_argument(
        "--delay", type=float, metavar="SECONDS",
        help="between two requests to one host (0.25); robots.txt may ask for more",
    )  # fmt: skip
    limits.add_argument(
        "--connections", type=arguments.whole, metavar="N", help="to one host at a time (2)"
    )
    limits.add_argument(
        "--at-once", type=arguments.whole, metavar="N", help="requests to all hosts (16)"
    )
    limits.add_argument(
        "--timeout", type=arguments.duration, metavar="TIME", dest="seconds",
        help="of one request, to its last byte (30s)",
    )  # fmt: skip
    limits.add_argument(
        "--tries", type=arguments.whole, metavar="N",
        help="of a request that may do better later (4)",
    )  # fmt: skip
    limits.add_argument(
        "--max-mib", type=arguments.whole, metavar="MIB", help="a larger picture is left out (100)"
    )
    limits.add_argument(
        "--user-agent", metavar="TEXT", help="who asks; some hosts want a way to reach you in it"
    )
    limits.add_argument(
        "--ignore-robots", dest="robots", action="store_const", const=False,
        help="ask for what robots.txt leaves out, where you may",
    )  # fmt: skip
    limits.add_argument(
        "--allow-private", action="store_const", const=True,
        help="ask this machine and its own network too",
    )  # fmt: skip


# The options that are fields of Limits.
_LIMITS = (
    *("delay", "connections", "at_once", "seconds", "tries", "user_agent", "robots"),
    "allow_private",
)


def gather(options: Namespace) -> int:
    """Fetch pictures, say what came and what did not; 1 where some did not."""
    from diptych import gathering
    from diptych.system.progress import shown

    said = {name: value for name in _LIMITS if (value := getattr(options, name)) is not None}
    if options.max_mib is not None:
        said["bytes"] = options.max_mib * 2**20
    limits = gathering.Limits(**said)
    wanted = gathering.read_table(options.table, options.out, options.url, options.label)
    note(wanted.note)
    result = gathering.gather_wanted(wanted, options.out, limits, shown)
    if word := gathering.how_it_is_read(result):
        note(word)
    if options.as_json:
        print_json(
            {
                "folder": str(result.folder),
                "manifest": str(result.manifest),
                "rows": len(result.entries),
                "addresses": result.addresses,
                "fetched": result.fetched,
                "came": result.came,
                "failed": result.failed,
                "copies": result.copies,
                "two_labels": result.two_labels,
            }
        )
    else:
        failures = [entry for entry in result.entries if not entry.path]
        for entry in failures[:SHOWN]:
            print_line(f"{entry.url}  {entry.outcome}: {entry.detail}".rstrip(": "))
        if len(failures) > SHOWN:
            print(f"… and {len(failures) - SHOWN:,} more; {result.manifest} has them all")
        print_line(str(result))
    return int(bool(result.failed))
