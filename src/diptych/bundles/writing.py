"""The one place that writes a bundle: its members, then bundle.json and its hash."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors.numpy import save as save_safetensors

from diptych.bundles.content import content_hash
from diptych.bundles.continuing import splits_csv
from diptych.bundles.destinations import refuse_unwritable_bundle
from diptych.bundles.facts import TestedModel
from diptych.bundles.format import (
    AUDIT,
    BUNDLE_JSON,
    FORMAT,
    GOLDEN,
    GRAPH,
    HISTORY,
    MODEL_CARD,
    OOD,
    PLAN,
    PREDICTIONS,
    RECIPE,
    REPORT,
    SEAL,
    SPLITS,
    WEIGHTS,
    seal,
)
from diptych.bundles.golden import golden_members
from diptych.bundles.model_card import model_card
from diptych.graphs.writer import with_metadata
from diptych.runtimes import open_outputs
from diptych.system.files import beside, drop_leftovers, folder_aside, write_synced
from diptych.training.loop import EpochResult


def write_bundle(
    path: Path,
    tested: TestedModel,
    facts: Mapping[str, Any],
    *,
    report: str | None,
    audit: str | None,
    force: bool,
) -> None:
    """Write a bundle aside, then rename it into place; an old one goes only after that.

    `facts` are `bundle_facts`; `report` is a page and `audit` a CSV, where there are such. A link
    stays, and the bundle that it leads to is replaced. Raises InputError when the path exists and
    `force` is not given, or cannot be written.
    """
    refuse_unwritable_bundle(path, force)
    plan = tested.parts.train.plan
    valid, run = tested.parts.valid, open_outputs(tested.model.graph)
    golden = golden_members(valid, valid.shape_at(tested.recipe.image_size), run)
    facts = {**facts, "golden": sorted(name for name in golden if name != GOLDEN)}
    texts = {
        RECIPE: tested.recipe.to_toml(),
        HISTORY: _history_csv(tested.model.trained.history),
        PREDICTIONS: tested.predictions.to_csv(),
        SPLITS: splits_csv(tested.earlier, tested.parts),
        REPORT: report,
        AUDIT: audit,
        PLAN: plan and plan.to_csv(),
    }
    texts[MODEL_CARD] = model_card(path.name, facts, {name for name, text in texts.items() if text})
    members = {
        WEIGHTS: save_safetensors(tested.model.trained.weights),
        GRAPH: with_metadata(tested.model.graph, _metadata(facts)),
        OOD: tested.model.detector.to_safetensors(),
        # Names of files may be bytes that are no text.
        **{name: text.encode(errors="surrogateescape") for name, text in texts.items() if text},
        **golden,
    }
    _write_members(path.resolve(), members, facts)


def _write_members(path: Path, members: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    content = content_hash(members, facts)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(members.items())}
    with folder_aside(path) as aside:
        for name, data in members.items():
            write_synced(aside / name, data)
        whole = {"format": FORMAT, **facts, "content_sha256": content, "members": hashes}
        text = (json.dumps(whole, indent=2) + "\n").encode()
        write_synced(aside / BUNDLE_JSON, text)
        write_synced(aside / SEAL, seal(text))
        old = beside(path, "old")
        if path.exists():
            path.rename(old)
        aside.rename(path)
        shutil.rmtree(old, ignore_errors=True)
        drop_leftovers(path, "old")


def _metadata(facts: Mapping[str, Any]) -> dict[str, str]:
    """What the graph says of itself, wherever it is copied to."""
    keys = ("diptych", "classes", "classes_sha256", "preprocess")
    return {key: json.dumps(facts[key]) for key in keys}


def _history_csv(history: Iterable[EpochResult]) -> str:
    lines = [",".join(EpochResult._fields)]
    lines += [",".join(str(value) for value in epoch) for epoch in history]
    return "\n".join(lines) + "\n"
