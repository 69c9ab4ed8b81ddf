"""A backbone's graph made to look at a picture and its mirror image, whoever wrote it."""

from diptych.graphs.builder import Builder, onnx_library
from diptych.networks import MeanOfViews, Network


def with_views(graph: bytes, backbone: Network) -> bytes:
    """The graph of a backbone's one view, with the views that the backbone has.

    Its features become the mean of those of the views.
    """
    if backbone.views == 1:
        return graph
    onnx = onnx_library()
    model = onnx.load_from_string(graph)
    pictures, features = model.graph.input[0].name, model.graph.output[0].name
    before, after = Builder("mirrored."), Builder("mean_of_views.")
    names = {
        pictures: before.mirrored(pictures, axis=2, width=backbone.input[1]),
        features: f"{features}.of_views",
    }
    inner = list(model.graph.node)
    for node in inner:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    mean = after.mean_of_views(names[features], backbone.views, _width(backbone))
    after.node("Identity", mean, output=features)
    # Shapes that somebody wrote down inside are of one view.
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend([*before.nodes, *inner, *after.nodes])
    for builder in (before, after):
        model.graph.initializer.extend(builder.constants.values())
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _width(backbone: Network) -> int:
    """How many features there are."""
    return next(layer.width for layer in backbone.layers if isinstance(layer, MeanOfViews))
