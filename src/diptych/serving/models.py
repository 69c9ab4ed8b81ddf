"""The bundles that are served, by name."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from diptych.bundles.format import SEAL, Bundle, open_bundle
from diptych.bundles.predictor import Output, Prediction
from diptych.errors import ImageError, first_line, nearest
from diptych.images.encoding import as_png
from diptych.reliability.drift import bundled_distributions
from diptych.reporting.explain import Explainer
from diptych.serving import logs
from diptych.serving.batching import Batcher
from diptych.serving.fastest import Opened, open_own
from diptych.serving.monitoring import Monitor, MonitoredModel
from diptych.serving.problems import Problem, busy
from diptych.serving.settings import Limits, model_name
from diptych.serving.shared import shared_network
from diptych.serving.together import Shared, Together
from diptych.system.cores import cores

# What opens a bundle: its path, and what answered for it before, if anything did.
Opening = Callable[[Path, Opened | None], Opened]
# Explanations at a time that wait for others: each asks the network 82 times.
EXPLANATIONS = 8


class Model:
    """One bundle, open and ready."""

    def __init__(
        self,
        opened: Opened,
        decoders: ThreadPoolExecutor,
        pixels_limit: int,
        monitor: Monitor,
    ) -> None:
        predictor = opened.predictor
        self._monitor = monitor
        self.opened = opened
        self.name = model_name(predictor.bundle.path)
        self.predictor = predictor
        self.classes = predictor.classes
        self.facts = predictor.bundle.facts
        self.version = version(predictor.bundle)
        self.monitored = MonitoredModel(
            self.name, self.version, self.classes, bundled_distributions(self.facts)
        )
        self.explainer = Explainer(predictor)
        self.batcher = Batcher(
            predictor, decoders, pixels_limit, partial(monitor.record, self.monitored), opened.plan
        )
        monitor.counters.add_model(self.monitored.key, opened.file)

    async def infer(self, data: bytes) -> Output:
        """The output for an encoded picture; raises ImageError where it cannot be used."""
        try:
            return await self.batcher.infer(data)
        except ImageError as error:
            self.refused(error)
            raise

    def refused(self, error: ImageError) -> None:
        """Count a picture that cannot be used."""
        self._monitor.counters.count_refusal(self.monitored.key, error.reason)

    async def predict(self, name: str, data: bytes) -> Prediction:
        """The same in labels."""
        return self.predictor.prediction(name, await self.infer(data))

    def to_json(self, models: Sequence[str], limits: Limits) -> dict[str, Any]:
        """What is known of it, as plain data."""
        facts = self.facts
        return {
            "name": self.name,
            "models": list(models),
            "version": self.version,
            "classes": list(self.classes),
            "classes_sha256": facts["classes_sha256"],
            "input": list(self.predictor.bundle.shape),
            "values": facts["preprocess"].get("values"),
            "network": facts.get("network"),
            "engine": facts["recipe"].get("engine"),
            "created": facts.get("created"),
            "diptych": facts.get("diptych"),
            "test": {key: facts.get("test", {}).get(key) for key in ("n", "accuracy")},
            "prediction_sets": {"coverage": facts["prediction_sets"].get("coverage")},
            "ood": {"acceptance": facts["ood"].get("acceptance")},
            "file": self.opened.to_json(),
            "limits": limits._asdict(),
        }


class Models:
    """Every bundle that is served; the first is the one that is meant where none is named."""

    def __init__(
        self,
        paths: Sequence[Path],
        limits: Limits,
        monitor: Monitor,
        opening: Opening = open_own,
    ) -> None:
        """Open bundles; raises BundleError where one is not as it was written."""
        self._opening = opening
        self._limits = limits
        self._monitor = monitor
        self._decoders = ThreadPoolExecutor(cores(), "decoder")
        self._explaining = ThreadPoolExecutor(cores(), "explainer")
        self._explanations = 0
        self._together = Together()
        self._paths = {model_name(path): path for path in paths}
        self._models = {name: self._open(path) for name, path in self._paths.items()}
        # One reload after the other, so that each retires the one that it replaces.
        self._reloading = {name: asyncio.Lock() for name in self._paths}

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    @property
    def names(self) -> list[str]:
        return list(self._models)

    def get(self, name: str | None) -> Model:
        """The model of a name, or the first; raises Problem where there is none."""
        if name is None or name == "":
            return next(iter(self._models.values()))
        if name not in self._models:
            raise Problem(404, f"no model {name!r}; there are: {', '.join(self._models)}")
        return self._models[name]

    def several(self, names: str | None) -> list[Model]:
        """The models of names that are parted by commas; raises Problem where there is none."""
        if names is None or names in self._models or "," not in names:
            return [self.get(names)]
        return [self.get(name.strip()) for name in dict.fromkeys(names.split(","))]

    def close(self) -> None:
        """Let every thread end once it has answered what it was asked."""
        for model in self:
            model.batcher.retire()
        self._together.close()
        for pool in (self._decoders, self._explaining):
            pool.shutdown(wait=False)

    async def predict(self, models: Sequence[Model], name: str, data: bytes) -> list[Prediction]:
        """The answers of several models for a picture; those on one backbone share its pass.

        Raises ImageError where the picture cannot be used.
        """
        in_order = sorted(models, key=lambda model: model.name)
        if shared := await self._shared(in_order):
            try:
                outputs = await shared.infer(data)
            except ImageError as error:
                for model in models:
                    model.refused(error)
                raise
            by_name = dict(zip((model.name for model in in_order), outputs, strict=True))
            return [model.predictor.prediction(name, by_name[model.name]) for model in models]
        return list(await asyncio.gather(*(model.predict(name, data) for model in models)))

    async def _shared(self, models: Sequence[Model]) -> Shared:
        """What runs the networks of several models together; None where they share nothing."""
        if len(models) < 2 or any(model.opened.row for model in models):
            return None
        group = tuple(model.monitored.key for model in models)
        return await self._together.of(group, partial(self._open_shared, models))

    def _open_shared(self, models: Sequence[Model]) -> Shared:
        try:
            network = shared_network([model.predictor.bundle for model in models])
        except Exception as error:
            # Whatever it is that keeps networks from being merged: each can still be asked.
            message = f"each of several bundles is answered by itself: {first_line(error)}"
            logs.write(level="warning", message=message)
            return None
        if network is None:
            return None

        def record(outputs: Sequence[tuple[Output, ...]]) -> None:
            for model, own in zip(models, zip(*outputs, strict=True), strict=True):
                self._monitor.record(model.monitored, own)

        plan = models[0].batcher.plan
        return Batcher(network, self._decoders, self._limits.pixels, record, plan)

    async def explain(self, model: Model, data: bytes, label: str | None) -> bytes:
        """A PNG of a picture under the heat of what speaks for a class, else for the answer."""
        if label is not None and label not in model.classes:
            raise Problem(400, f"no class '{label}'{nearest(label, model.classes)}")
        if self._explanations == EXPLANATIONS:
            raise busy("too many heatmaps are asked for at a time", seconds=5)
        self._explanations += 1
        try:
            prediction = await model.predict("picture", data)

            def heatmap() -> bytes:
                overlay = model.explainer.explain(prediction, data, label).overlay
                assert overlay is not None
                return as_png(overlay)

            return await asyncio.get_running_loop().run_in_executor(self._explaining, heatmap)
        finally:
            self._explanations -= 1

    async def reload(self, name: str, force: bool = False) -> Model:
        """Open a bundle anew and let it answer from now on; what was asked before is answered.

        Raises Problem where it is not as it was written, and where its classes are others, unless
        forced.
        """
        self.get(name)
        async with self._reloading[name]:
            return await self._reload(name, lambda version: force)

    async def reload_changed(self, allowed: Collection[str] = ()) -> None:
        """Open every bundle anew that was replaced on the disk, and log what came of it.

        Other classes than before are taken only in a version that is allowed.
        """
        for name in self.names:
            try:
                async with self._reloading[name]:
                    now = version(Bundle(self._paths[name], {}))
                    if now == self._models[name].version:
                        continue
                    new = await self._reload(name, allowed.__contains__)
                logs.write(level="info", message="reloaded", model=name, version=new.version)
            except (Problem, OSError) as error:
                logs.write(level="error", message=f"not reloaded: {error}", model=name)

    async def _reload(self, name: str, may_differ: Callable[[str], bool]) -> Model:
        """`may_differ` says of a version whether its classes may be others than before."""
        old, path = self._models[name], self._paths[name]

        def refuse_others(bundle: Bundle) -> None:
            if bundle.classes != old.classes and not may_differ(version(bundle)):
                raise Problem(
                    409,
                    f"the classes are others now ({', '.join(bundle.classes)}), and the old bundle "
                    "goes on answering; add ?force=true to change them",
                )

        loop = asyncio.get_running_loop()
        try:
            refuse_others(await loop.run_in_executor(None, open_bundle, path))
            new = await loop.run_in_executor(None, self._open, path, old)
        except Problem:
            raise
        except Exception as error:
            # Whatever it is that keeps a bundle, or a runtime, from being opened.
            reason = first_line(error)
            raise Problem(409, f"{reason}; the old bundle goes on answering") from error
        try:
            # It may have been replaced between the two times that it was opened.
            refuse_others(new.predictor.bundle)
        except Problem:
            new.batcher.retire()
            raise
        self._models[name] = new
        old.batcher.retire()
        self._together.forget(old.monitored.key)
        return new

    def _open(self, path: Path, before: Model | None = None) -> Model:
        """A bundle open; where one answered before, nothing is measured while others are."""
        old = before.opened._replace(plan=before.batcher.plan) if before else None
        opened = self._opening(path, old)
        return Model(opened, self._decoders, self._limits.pixels, self._monitor)


def version(bundle: Bundle) -> str:
    """What tells a bundle from others of its name: the beginning of its hash."""
    return bundle.read(SEAL).decode(errors="replace")[:12]
