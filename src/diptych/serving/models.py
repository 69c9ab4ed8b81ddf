"""The bundles that are served, by name, each at work in a thread of its own."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from diptych.bundles.format import SEAL, Bundle, open_bundle
from diptych.bundles.predictor import Answer, Prediction, Predictor, load
from diptych.errors import BundleError, ImageError
from diptych.images.preprocess import as_png
from diptych.recipe import nearest
from diptych.reliability.drift import quantities
from diptych.reporting.explain import Explainer
from diptych.serving import logs
from diptych.serving.batch_plan import Plan
from diptych.serving.batching import Batcher
from diptych.serving.monitoring import Watch
from diptych.serving.problems import Problem, busy
from diptych.serving.settings import Limits, named
from diptych.system.cores import cores

# Explanations at a time that wait for others: each asks the network 82 times.
EXPLANATIONS = 8


class Model:
    """One bundle, open and ready."""

    def __init__(
        self,
        predictor: Predictor,
        decoders: ThreadPoolExecutor,
        pixels_limit: int,
        watch: Watch,
        plan: Plan | None = None,
    ) -> None:
        self._watch = watch
        self.name = named(predictor.bundle.path)
        self.predictor = predictor
        self.classes = predictor.classes
        self.facts = predictor.bundle.facts
        self.version = version(predictor.bundle)
        self.watched = quantities(self.facts)
        self.explainer = Explainer(predictor)
        self.batcher = Batcher(
            predictor, decoders, pixels_limit, lambda answers: watch.seen(self, answers), plan
        )
        watch.opened(self)

    async def answer(self, data: bytes) -> Answer:
        """The answer for an encoded picture; raises ImageError where it cannot be used."""
        try:
            return await self.batcher.answer(data)
        except ImageError as error:
            self._watch.refused(self, error.reason)
            raise

    async def predict(self, name: str, data: bytes) -> Prediction:
        """The same in labels."""
        return self.predictor.prediction(name, await self.answer(data))

    def described(self, models: Sequence[str], limits: Limits) -> dict[str, Any]:
        """What is known of it, for people and programs."""
        facts = self.facts
        return {
            "name": self.name,
            "models": list(models),
            "version": self.version,
            "classes": list(self.classes),
            "classes_sha256": facts["classes_sha256"],
            "input": list(self.predictor.bundle.shape),
            "network": facts.get("network"),
            "engine": facts["recipe"].get("engine"),
            "created": facts.get("created"),
            "diptych": facts.get("diptych"),
            "test": {key: facts.get("test", {}).get(key) for key in ("n", "accuracy")},
            "prediction_sets": {"coverage": facts["prediction_sets"].get("coverage")},
            "ood": {"acceptance": facts["ood"].get("acceptance")},
            "limits": limits._asdict(),
        }


class Models:
    """Every bundle that is served; the first is the one that is meant where none is named."""

    def __init__(self, paths: Sequence[Path], limits: Limits, watch: Watch) -> None:
        """Open bundles; raises BundleError where one is not as it was written."""
        self._limits = limits
        self._watch = watch
        self._decoders = ThreadPoolExecutor(cores(), "decoder")
        self._explaining = ThreadPoolExecutor(1, "explainer")
        self._explanations = 0
        self._paths = {named(path): path for path in paths}
        self._open = {name: self._opened(path) for name, path in self._paths.items()}

    def __iter__(self) -> Iterator[Model]:
        return iter(self._open.values())

    @property
    def names(self) -> list[str]:
        return list(self._open)

    def named(self, name: str | None) -> Model:
        """The model of a name, or the first; raises Problem where there is none."""
        if name is None or name == "":
            return next(iter(self._open.values()))
        if name not in self._open:
            raise Problem(404, f"no model '{name}'; there are: {', '.join(self._open)}")
        return self._open[name]

    async def explain(self, model: Model, data: bytes, of: str | None) -> bytes:
        """A PNG of a picture under the heat of what speaks for a class, else for the answer."""
        if of is not None and of not in model.classes:
            raise Problem(400, f"no class '{of}'{nearest(of, model.classes)}")
        if self._explanations == EXPLANATIONS:
            raise busy("too many heatmaps are asked for at a time", seconds=5)
        self._explanations += 1
        try:
            answer = await model.predict("picture", data)

            def explained() -> bytes:
                overlay = model.explainer.explain(answer, data, of).overlay
                assert overlay is not None
                return as_png(overlay)

            return await asyncio.get_running_loop().run_in_executor(self._explaining, explained)
        finally:
            self._explanations -= 1

    async def reload(self, name: str, force: bool = False) -> Model:
        """Open a bundle anew and let it answer from now on; what was asked before is answered.

        Raises Problem where it is not as it was written, and where its classes are others, unless
        forced.
        """
        old = self.named(name)
        path = self._paths[name]
        loop = asyncio.get_running_loop()
        try:
            bundle = await loop.run_in_executor(None, open_bundle, path)
            if bundle.classes != old.classes and not force:
                raise Problem(
                    409,
                    f"the classes are others now ({', '.join(bundle.classes)}), and the old bundle "
                    "goes on answering; add ?force=true to change them",
                )
            new = await loop.run_in_executor(None, self._opened, path, old.batcher.plan)
        except BundleError as error:
            raise Problem(409, f"{error}; the old bundle goes on answering") from error
        self._open[name] = new
        old.batcher.retire()
        return new

    async def reload_changed(self, allowed: Sequence[str] = ()) -> None:
        """Open every bundle anew that was replaced on the disk, and log what came of it.

        Other classes than before are taken only in a version that is allowed.
        """
        for name, old in list(self._open.items()):
            try:
                now = version(Bundle(self._paths[name], {}))
                if now != old.version:
                    await self.reload(name, force=now in allowed)
                    logs.write(level="info", message="reloaded", model=name, version=now)
            except (Problem, OSError) as error:
                logs.write(level="error", message=f"not reloaded: {error}", model=name)

    def _opened(self, path: Path, plan: Plan | None = None) -> Model:
        """A bundle open; with a plan, nothing is measured while others are answered."""
        return Model(load(path), self._decoders, self._limits.pixels, self._watch, plan)


def version(bundle: Bundle) -> str:
    """What tells a bundle from others of its name: the beginning of its hash."""
    return bundle.read(SEAL).decode(errors="replace")[:12]
