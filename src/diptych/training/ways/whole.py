"""`--train all`: every layer, on pixels."""

from diptych.engines.backbone import backbone_graph
from diptych.images.rows import pixel_rows
from diptych.images.store import Store
from diptych.training.loop import predict_rows
from diptych.training.trial import refuse_unlike
from diptych.training.ways.task import BestEpoch, Task, fit_rows


def fit_all(task: Task, backbone_rate: float, store: Store) -> BestEpoch:
    """Train the whole network; the store has the pixels."""
    name, network = task.recipe.engine, task.network
    if network.external:
        # Better to know now than after hours of training that no graph can be made of it.
        refuse_unlike(name, network, task.start)
    train_rows, valid_rows = (
        pixel_rows(store, [sample.digest for sample in part.samples])
        for part in (task.train, task.valid)
    )
    engine, history = fit_rows(task, network, backbone_rate, train_rows, valid_rows)
    weights = engine.weights()
    backbone = backbone_graph(name, network, weights)
    return BestEpoch(weights, backbone, predict_rows(engine, valid_rows), history)
