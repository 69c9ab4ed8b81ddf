"""`diptych split`: which pictures are to train, to validate and to test with, as a table."""

from argparse import Namespace

from diptych.cli import arguments
from diptych.cli.display import note, print_json
from diptych.cli.preparing import read_pictures, refuse_inside


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "split", split, "write down a split without leaks, for anyone to use and to check"
    )
    arguments.add_data(verb)
    verb.add_argument(
        "--out",
        type=arguments.path,
        required=True,
        metavar="FILE",
        help="where to write splits.csv",
    )
    verb.add_argument("--valid-share", type=float, metavar="SHARE", help="to validate with (0.15)")
    verb.add_argument("--test-share", type=float, metavar="SHARE", help="to test with (0.15)")
    verb.add_argument("--seed", type=arguments.whole, default=0, help="another split for each (0)")


def split(options: Namespace) -> None:
    """Write path, label, part, group and sha256 of each picture that can be used."""
    from diptych import auditing
    from diptych.auditing import cleaning, rewriting
    from diptych.data import splitting
    from diptych.data.group_counts import describe_groups
    from diptych.system.progress import shown

    refuse_inside(options.out, options.data, options.test)
    pictures = read_pictures(options.data, options, options.test)
    splitting.refuse_small_classes(pictures)
    found = auditing.audit(pictures, checks=(), track=shown)
    note(str(found))
    cleaned = cleaning.clean(pictures, found)
    parts = splitting.split(
        cleaned, valid=options.valid_share, test=options.test_share, seed=options.seed
    )
    samples = [sample for part in parts for sample in part.samples]
    rewriting.write_manifest(cleaned.with_samples(samples), options.out)
    counts = {name: len(part) for name, part in parts._asdict().items()}
    if options.as_json:
        print_json({"out": str(options.out), "parts": counts, "set_aside": found.set_aside})
        return
    print(f"{options.out}: " + ", ".join(f"{count:,} for {part}" for part, count in counts.items()))
    print(describe_groups(parts))
