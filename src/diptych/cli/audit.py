"""`diptych audit`: look at every picture; broken, doubled, out of place, labelled wrong."""

from argparse import Namespace
from collections import Counter
from typing import TYPE_CHECKING

from diptych.cli import arguments
from diptych.cli.display import note, print_json, print_line, printable
from diptych.cli.preparing import read_pictures, refuse_inside
from diptych.errors import InputError

if TYPE_CHECKING:
    from diptych.data.dataset import Dataset


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs,
        "audit",
        audit,
        "look at every picture: broken, doubled, out of place, labelled wrong",
    )
    arguments.add_data(verb, needed=False)
    verb.add_argument(
        "--splits", type=arguments.path, metavar="FILE",
        help="check a split that was written down, of these data or of the files that it names",
    )  # fmt: skip
    verb.add_argument(
        "--out",
        type=arguments.path,
        metavar="FOLDER",
        help="where audit.html and audit.csv go, and plan.csv to decide in",
    )
    verb.add_argument(
        "--size", type=arguments.whole, metavar="PIXELS", help="decode at this many pixels (288)"
    )
    arguments.add_workplace(verb)


def audit(options: Namespace) -> None:
    """Say what is wrong with the data, a line a finding."""
    from diptych import auditing
    from diptych.auditing.proposing import proposed
    from diptych.bundles.destinations import refuse_unwritable_folder
    from diptych.data.parts_file import with_parts
    from diptych.data.plan import Plan
    from diptych.recipe import Recipe
    from diptych.reporting.audit_page import PAGE, save_audit
    from diptych.system.progress import shown

    if options.out:
        refuse_unwritable_folder(options.out)
        refuse_inside(options.out, options.data, options.test)
        # What somebody decided is kept, and a plan that cannot be read is not written over.
        there = options.out / "plan.csv"
        earlier = Plan.read(there) if there.exists() else Plan(())
    # A recipe refuses what is too small or too large.
    size = (Recipe() if options.size is None else Recipe(image_size=options.size)).image_size
    if options.data is None:
        if not options.splits:
            raise InputError("audit what? Name a folder, a table, or --splits splits.csv")
        options.data, options.splits = options.splits, None
    pictures = read_pictures(options.data, options, options.test)
    if options.splits:
        pictures = with_parts(pictures, options.splits)
    if not pictures.samples:
        raise InputError(_unused(pictures))
    result = auditing.audit(pictures, size=size, track=shown)
    without_page = ""
    if options.out:
        proposal = proposed(result)
        plan = proposal.with_decisions_of(earlier)
        plan.write(options.out / "plan.csv")
        if changed := proposal.outdated(earlier):
            more = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
            note(f"{changed[0].path}{more}: changed since it was decided about; decide again")
        note(f"{options.out / 'plan.csv'}: {plan}")
        if without_page := save_audit(result, options.out, track=shown):
            note(printable(without_page))
    if options.as_json:
        findings = [{**f._asdict(), "severity": f.severity} for f in result.findings]
        counts = {"files": result.files, "used": result.used, "set_aside": result.set_aside}
        leaks = result.leakage and result.leakage.to_json()
        page = str(options.out / PAGE) if options.out and not without_page else None
        print_json({**counts, "findings": findings, "leakage": leaks, "page": page})
        return
    for finding in result.findings:
        related = f" ({finding.related})" if finding.related else ""
        print_line(f"{finding.name}  {finding.issue}: {finding.detail}{related}")
    print(result)
    if options.out and not without_page:
        print_line(f"look at {options.out / PAGE}")


def _unused(pictures: "Dataset") -> str:
    """What to say of a data set of which no file can be used."""
    from diptych.auditing.planned import UNLABELLED

    if not pictures.strays:
        return f"{pictures.root}: there is no picture in it"
    counts = Counter(stray.reason for stray in pictures.strays)
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in counts.most_common(4))
    name, _, detail = pictures.strays[0]
    hint = "; to label them: diptych review" if set(counts) <= set(UNLABELLED) else ""
    return (
        f"{pictures.root}: none of its files is a picture with a label: {reasons}; {name}, for "
        f"one: {detail}{hint}"
    )
