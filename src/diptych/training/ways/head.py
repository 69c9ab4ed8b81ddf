"""`--train head`: the head alone, on the features of a backbone that stays as it is."""

from diptych.engines.backbone import backbone_graph
from diptych.images.rows import kept
from diptych.images.store import Store
from diptych.runtimes.features import FeatureRows, feature_store
from diptych.training.features import trained_extractor
from diptych.training.loop import predict_rows
from diptych.training.ways.task import BestEpoch, Task, batches_of, fit_rows, from_scratch


def fit_head(task: Task, store: Store, doing: str = "training") -> BestEpoch:
    """Train the head on features that are computed once; the store has the pixels."""
    network = task.network
    backbone = backbone_graph(task.recipe.engine, network, task.start)
    extractor = trained_extractor(task.recipe.engine, network, task.start, backbone)
    keys = [sample.digest for sample in (*task.train.samples, *task.valid.samples)]
    computed = feature_store(extractor, keys, store, track=task.track)
    layer, count = slice(0, extractor.widths[0]), len(task.train)
    # Of many pictures the features stay on the disk, and are read as they are needed.
    train_ND = kept(FeatureRows(computed, keys[:count], layer))
    valid_ND = kept(FeatureRows(computed, keys[count:], layer))
    batches = batches_of(task, train_ND)
    how = from_scratch(task.recipe)
    engine, history = fit_rows(task, network.head, batches, valid_ND, *how, doing)
    weights = {**task.start, **engine.weights()}
    return BestEpoch(weights, backbone, predict_rows(engine, valid_ND), history, head_only=True)
