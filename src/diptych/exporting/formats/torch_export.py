"""torch.export: the module as an exported program, for PyTorch 2."""

import json
import warnings

from diptych.exporting.formats.contract import FLOAT, TORCH, Example, Format, Paths
from diptych.exporting.source import ExportSource
from diptych.graphs.outputs import FACTS, OpenFile
from diptych.system.silence import quiet


def write(source: ExportSource, kind: str, paths: Paths) -> None:
    """One file, with the facts inside as JSON."""
    import torch

    from diptych.engines.torch.classifier import example_images

    with warnings.catch_warnings(), quiet("torch.export"):
        warnings.simplefilter("ignore")
        images = example_images(source.shape)
        batch = torch.export.Dim("N", min=1)
        program = torch.export.export(source.torch, (images,), dynamic_shapes=({0: batch},))
        torch.export.save(program, paths[0], extra_files={FACTS: json.dumps(source.facts)})


def open_file(paths: Paths, kind: str) -> OpenFile:
    """The file in PyTorch."""
    import torch

    from diptych.engines.torch.classifier import open_module

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return open_module(torch.export.load(paths[0]).module())


FORMAT = Format(
    "torch-export",
    "PyTorch",
    "torch",
    made_in=TORCH,
    run_in=TORCH,
    needs=(("torch", "torch"), ("onnx", "torch")),
    endings=(".pt2",),
    write=write,
    open=open_file,
    examples={
        FLOAT: Example(
            "import torch",
            """\
facts = {"diptych.json": ""}
model = torch.export.load(file, extra_files=facts).module()
classes = json.loads(facts["diptych.json"])["classes"]""",
            """\
outputs = model(torch.from_numpy(pixels))
p, ood_score = outputs["probabilities"][0].numpy(), outputs["ood_score"][0]""",
        )
    },
)
