"""What a trained classifier answered for the test part: to look at, to report on, to save."""

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from diptych.auditing import Audit
from diptych.bundles.destinations import refuse_unwritable_bundle
from diptych.bundles.facts import TestedModel, bundle_facts
from diptych.bundles.format import open_facts
from diptych.bundles.writing import write_bundle
from diptych.errors import first_line
from diptych.reporting.advice import Advice
from diptych.reporting.advice import advice as advice_on
from diptych.reporting.evidence import from_training, gather
from diptych.reporting.report import Report
from diptych.reporting.report_page import can_write_reports, report_page
from diptych.reporting.summary import summary_html
from diptych.system.arguments import require
from diptych.system.files import path_of


class Evaluation(TestedModel):
    """A trained classifier with its answers for the test part, to report on and to save."""

    def report(self) -> Report:
        """How good it is, where it fails and why, as far as that is known without delay.

        Raises MissingExtra without the extra "report".
        """
        report = gather(from_training(self), self.predictions)
        vars(self)["_told"] = advice_on(report)
        return report

    def advice(self) -> list[Advice]:
        """What to do first, the most worthwhile first; nothing where no report can be made.

        What the last report said is known still.
        """
        if "_told" not in vars(self) and can_write_reports():
            with suppress(Exception):  # as in `save`, which tells of it
                self.report()
        told: list[Advice] = vars(self).get("_told", [])
        return told

    def save(
        self,
        path: str | Path,
        *,
        audit: Audit | None = None,
        force: bool = False,
        log: Callable[[str], object] = warnings.warn,
    ) -> Path:
        """Write the bundle, aside and then into place; with a report where its extra is installed.

        Where no report can be made, `log` is told and the bundle goes without. Raises InputError
        when the path exists and `force` is not given, or cannot be written.
        """
        path = path_of(path, "the bundle")
        if audit is not None:
            require(audit, Audit, "audit", "give what audit(data) found")
        refuse_unwritable_bundle(path, force)
        facts, report, failure = self._reported(path.name)
        write_bundle(
            path,
            self,
            facts,
            report=report,
            audit=audit.to_csv() if audit else None,
            force=force,
        )
        if self.tracking:
            content = open_facts(path).content_sha256
            self.tracking.end(self.predictions.scores().to_json(), path, content)
        if failure:
            # Now that the bundle is there: a warning may be an error.
            log(f"{path.name}: report.html could not be made ({failure})")
        return path

    def _reported(self, title: str) -> tuple[Mapping[str, Any], str | None, str]:
        """What the bundle says, the page with its report, and why there is none if it failed."""
        if not can_write_reports():
            return bundle_facts(self), None, ""
        try:
            report = self.report()
            return report.facts, report_page(report, title), ""
        except Exception as cause:
            # Whatever it is that statistics and plots stumble over: the network is worth more.
            return bundle_facts(self), None, first_line(cause)

    def __repr__(self) -> str:
        right, n = int(self.predictions.right().sum()), len(self.parts.test)
        return f"<Evaluation of {self.recipe.network}: {right:,} of {n:,} test pictures right>"

    def _repr_html_(self) -> str:
        return summary_html(self.predictions, self.baseline)
