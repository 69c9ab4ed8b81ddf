"""`diptych cache`: see or clear the cache of decoded pictures and features."""

from argparse import Namespace

from diptych.cli import arguments
from diptych.cli.display import print_json


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "cache", cache, "see or clear the cache of decoded pictures and features"
    )
    verb.add_argument("--clear", action="store_true", help="delete what it holds")


def cache(options: Namespace) -> None:
    """Say where it is and how full, or was before it was cleared."""
    from diptych.images import cache

    usage = cache.clear() if options.clear else cache.usage()
    if options.as_json:
        facts = {"folder": str(usage.folder), "bytes": usage.bytes, "rows": usage.rows}
        print_json({**facts, "limit": usage.limit, "cleared": options.clear})
        return
    done = "cleared" if options.clear else f"of at most {usage.limit / 2**30:g} GiB"
    print(f"{usage.folder}: {usage.rows:,} rows, {usage.bytes / 2**20:,.0f} MiB {done}")
