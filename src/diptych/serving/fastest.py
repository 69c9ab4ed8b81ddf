"""What answers for a bundle: its own graph, or the fastest of its exports that is accurate enough.

An export counts where its gate measured that it loses no more accuracy on held-back pictures than
was said; which is fastest is measured here, when the server starts.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from diptych.bundles.format import GRAPH, Bundle
from diptych.bundles.predictor import Predictor, load
from diptych.errors import BundleError, InputError, MissingExtra, first_line
from diptych.exporting.folder import TABLE, checked_rows
from diptych.exporting.formats import FORMATS
from diptych.exporting.formats.contract import FLOAT, INT8, LIGHTER
from diptych.exporting.row import Row
from diptych.serving import logs
from diptych.serving.batch_plan import WORTHWHILE, BatchPlan, measure
from diptych.serving.exported import ExportPredictor
from diptych.serving.settings import model_name
from diptych.system.cores import cores


class Opened(NamedTuple):
    """What answers for a bundle."""

    predictor: Predictor
    plan: BatchPlan | None = None  # how it answers most; None where that is not measured yet

    @property
    def row(self) -> Row | None:
        """What the gate measured of the export that answers; None where none does."""
        return self.predictor.row if isinstance(self.predictor, ExportPredictor) else None

    @property
    def file(self) -> str:
        """The name of the file that answers."""
        return self.row.files[0] if self.row else GRAPH

    def to_json(self) -> dict[str, Any]:
        """The file that answers, and how its answers differ, as plain data."""
        row, loss = self.row, self.row and self.row.fidelity
        return {
            "name": self.file,
            "runtime": FORMATS[row.format].runtime if row else "ONNX Runtime",
            "kind": row.kind if row else FLOAT,
            "pictures": row.pictures if row else None,
            "accuracy_drop": loss.drop._asdict() if loss else None,
            "acceptance_drop": loss.acceptance_drop._asdict() if loss else None,
            "agreement": row.agreement if row else None,
            "max_difference": row.max_difference if row else None,
        }


def open_own(path: Path, before: Opened | None = None) -> Opened:
    """A bundle that answers by its own graph, run as it was `before`; raises BundleError."""
    return Opened(load(path), before.plan if before else None)


class Fastest:
    """Opens bundles so that they answer as fast as they can within a limit of accuracy."""

    def __init__(self, max_drop: float, shared_folder: Path | None = None) -> None:
        """`max_drop` is in percentage points; workers that share a folder choose the same."""
        self._max_drop = max_drop
        self._shared_folder = shared_folder

    def __call__(self, path: Path, before: Opened | None = None) -> Opened:
        """Open a bundle; nothing is measured where one answered `before`, nor by later workers.

        Raises BundleError where the bundle is not as it was written. Why an export does not answer
        is logged.
        """
        own = load(path)
        chosen = before.file if before else self._chosen_by_others(own.bundle)
        exports = list(self._exports(own.bundle, chosen))
        if before or chosen is not None:
            plan = before.plan if before else None
            return Opened(exports[0] if exports else own, plan)
        fastest = self._fastest([_measured(own), *_measured_exports(exports)])
        self._tell_others(own.bundle, fastest.file)
        return fastest

    def _fastest(self, opened: list[Opened]) -> Opened:
        """The fastest, where it is worth that answers differ; logs all rates."""
        rates = {one.file: one.plan.rate for one in opened if one.plan}
        own, *_ = opened
        best = max(opened, key=lambda one: rates[one.file])
        if rates[best.file] < WORTHWHILE * rates[own.file]:
            best = own._replace(plan=None)  # it may do better on all cores together
        loss = f"; {best.row}" if best.row else ""
        logs.write(
            level="info",
            message=f"answers by {best.file}{loss}",
            model=model_name(own.predictor.bundle.path),
            pictures_per_second={file: round(rate, 1) for file, rate in rates.items()},
        )
        return best

    def _exports(self, bundle: Bundle, chosen: str | None) -> Iterator[ExportPredictor]:
        """The exports that are accurate enough, or that which was chosen already, open."""
        for row, folder in self._rows(bundle):
            if chosen is not None and row.files[0] != chosen:
                continue
            try:
                yield ExportPredictor(bundle, row, folder)
            except ModuleNotFoundError:
                missing = MissingExtra(f"{row.files[0]}: {FORMATS[row.format].package}", "fast")
                _log_unfit(bundle, f"{missing}")
            except BundleError as error:
                _log_unfit(bundle, f"{error}")
            except Exception as error:
                # Each runtime raises classes of its own that share no base.
                _log_unfit(bundle, f"{row.files[0]}: {first_line(error)}")

    def _rows(self, bundle: Bundle) -> list[tuple[Row, Path]]:
        """The exports that may answer, each with its folder; says why where there are none."""
        folder = export_folder(bundle)
        try:
            exports = list(filter(_may_serve, checked_rows(bundle, folder)))
            why = "" if exports else f"there are no exports of it in {folder}"
        except InputError as error:
            exports, why = [], f"{error}"
        good = [row for row in exports if not self._costs_too_much(row)]
        if exports and not good:
            why = f"each export in {folder} costs more than {self._max_drop:g} points of accuracy"
        if not good:
            make = f"diptych export {bundle.path} --to onnx,openvino --int8 --bf16 --out {folder}"
            message = f"answers by its own graph: {why}; `{make}` makes some"
            logs.write(level="warning", message=message, model=model_name(bundle.path))
        return [(row, folder) for row in good]

    def _costs_too_much(self, row: Row) -> bool:
        return row.fidelity is not None and row.fidelity.refusal(self._max_drop) is not None

    def _chosen_by_others(self, bundle: Bundle) -> str | None:
        """The file that the first worker chose; None where this is the first, or the only one."""
        place = self._place(bundle)
        with suppress(OSError):
            return place.read_text(encoding="utf-8") if place else None
        return None

    def _tell_others(self, bundle: Bundle, file: str) -> None:
        if place := self._place(bundle):
            place.write_text(file, encoding="utf-8")

    def _place(self, bundle: Bundle) -> Path | None:
        folder = self._shared_folder
        return folder / f"file-{model_name(bundle.path)}" if folder else None


def _measured(predictor: Predictor) -> Opened:
    return Opened(predictor, measure(predictor.on_one_core(), cores(), predictor.bundle.shape))


def _measured_exports(exports: Iterable[ExportPredictor]) -> Iterator[Opened]:
    """Those that answer pictures in batches; what fails is logged, whatever the runtime raises."""
    for export in exports:
        try:
            yield _measured(export)
        except Exception as error:
            _log_unfit(export.bundle, f"{export.row.files[0]}: {first_line(error)}")


def _log_unfit(bundle: Bundle, why: str) -> None:
    logs.write(level="warning", message=f"not served: {why}", model=model_name(bundle.path))


def export_folder(bundle: Bundle) -> Path:
    """Where exports of a bundle are: beside it, or else where `diptych export` writes them."""
    path = bundle.path.resolve()
    name = f"{path.name.removesuffix('.bundle')}.exports"
    beside, here = path.with_name(name), Path(name)
    return here if (here / TABLE).exists() and not (beside / TABLE).exists() else beside


def _may_serve(row: Row) -> bool:
    """Whether a file is there, was checked as it lies there, knows outliers, and may be faster."""
    format = FORMATS.get(row.format)
    if format is None or format.open_on_one_core is None or row.refusal or not row.sha256:
        return False
    # ONNX Runtime computes in float32 whatever the weights are, unless they are in int8.
    kinds = (INT8,) if row.format == "onnx" else (FLOAT, *LIGHTER)
    return row.kind in kinds and row.ood_score_difference is not None
