"""From what an audit found to a plan: what it does by itself, and what it proposes."""

from diptych.auditing.planned import UNLABELLED
from diptych.auditing.report import Audit, Finding
from diptych.data.dataset import Stray
from diptych.data.plan import AUDIT, Plan, Row

# What is proposed for a picture with a finding; to look at it, and keep it, where nothing is.
PROPOSALS = {
    "likely wrong label": "relabel",
    "irrelevant": "drop",
    "blank": "drop",
    "placeholder": "drop",
    "screenshot": "drop",
}


def proposed(audit: Audit) -> Plan:
    """A row for each picture that has findings, or no label, the surest first.

    What the audit sets aside is decided, all else is open. Files that are no pictures have no row.
    """
    findings: dict[str, list[Finding]] = {}
    for finding in audit.findings:
        if finding.name in audit.pictures and _matters(finding):
            findings.setdefault(finding.name, []).append(finding)
    rows = [_row(name, of, audit) for name, of in findings.items()]
    unlabelled = [_to_label(stray) for stray in audit.dataset.strays if stray.reason in UNLABELLED]
    return Plan((*sorted(rows, key=_urgency), *unlabelled))


def _matters(finding: Finding) -> bool:
    # Near-duplicates stay together by themselves.
    return finding.set_aside or finding.issue != "near duplicate"


def _row(name: str, findings: list[Finding], audit: Audit) -> Row:
    digest = audit.pictures[name].digest
    reason = "; ".join(dict.fromkeys(finding.issue for finding in findings))
    if any(finding.set_aside for finding in findings):
        return Row(name, "drop", "drop", reason=reason, decided_by=AUDIT, sha256=digest)
    first = max(findings, key=lambda finding: (finding.issue in PROPOSALS, finding.score))
    proposal = PROPOSALS.get(first.issue, "keep")
    label = first.proposal if proposal == "relabel" else ""
    return Row(name, proposal, label=label, reason=reason, score=first.score, sha256=digest)


def _urgency(row: Row) -> tuple[bool, bool, float]:
    """Where a row stands: open ones first, of these what is more than to be looked at."""
    return row.is_safe, row.proposal == "keep", -row.score


def _to_label(stray: Stray) -> Row:
    return Row(stray.name, "relabel", reason=stray.reason)
