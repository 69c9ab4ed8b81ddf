"""TorchScript: the module traced, for PyTorch of Python and of C++."""

import json
import warnings

from diptych.exporting.formats.contract import FLOAT, TORCH, Example, Format, Paths
from diptych.exporting.source import ExportSource
from diptych.graphs.outputs import FACTS, OpenFile


def write(source: ExportSource, kind: str, paths: Paths) -> None:
    """One file, with the facts inside as JSON."""
    import torch

    from diptych.engines.torch.classifier import example_images

    with warnings.catch_warnings():
        # The sides of pictures become constants, which is meant; and TorchScript itself is old.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(  # type: ignore[no-untyped-call]
            source.torch, example_images(source.shape), strict=False, check_trace=False
        )
        facts = {FACTS: json.dumps(source.facts)}
        torch.jit.save(torch.jit.freeze(traced), paths[0], _extra_files=facts)


def open_file(paths: Paths, kind: str) -> OpenFile:
    """The file in PyTorch."""
    import torch

    from diptych.engines.torch.classifier import open_module

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return open_module(torch.jit.load(paths[0]))  # type: ignore[no-untyped-call]


FORMAT = Format(
    "torchscript",
    "PyTorch",
    "torch",
    made_in=TORCH,
    run_in=TORCH,
    needs=(("torch", "torch"), ("onnx", "torch")),
    endings=(".torchscript.pt",),
    write=write,
    open=open_file,
    examples={
        FLOAT: Example(
            "import torch",
            """\
facts = {"diptych.json": ""}
model = torch.jit.load(file, _extra_files=facts)
classes = json.loads(facts["diptych.json"])["classes"]""",
            """\
outputs = model(torch.from_numpy(pixels))
p, ood_score = outputs["probabilities"][0].numpy(), outputs["ood_score"][0]""",
        )
    },
)
