"""`--train all`: every layer, on pixels; from scratch, or from a backbone that is trained."""

from diptych.engines.backbone import backbone_graph
from diptych.engines.contract import Optimiser
from diptych.images.rows import pixel_rows
from diptych.images.store import Store
from diptych.training.augmenting import augmentation_policy
from diptych.training.loop import Schedule, predict_rows
from diptych.training.trial import refuse_unlike
from diptych.training.ways.head import fit_head
from diptych.training.ways.task import (
    BestEpoch,
    Task,
    batches_of,
    better_than_head,
    fine_tuning,
    fit_rows,
    from_scratch,
)


def fit_all(task: Task, store: Store) -> BestEpoch:
    """Train a network that knows nothing yet; the store has the pixels."""
    _refuse_unlike(task)
    return _fitted(task, store, *from_scratch(task.recipe))


def fine_tune(task: Task, store: Store) -> BestEpoch:
    """Train a network whose backbone is trained, from the head that suits it.

    Its layers would otherwise first learn what a head that knows nothing yet tells them (Kumar et
    al., "Fine-Tuning can Distort Pretrained Features", ICLR 2022). Where what comes out is not
    better on the validation part by more than chance explains, it is the head.
    """
    _refuse_unlike(task)
    head = fit_head(task, store, "training the head")
    tuned = _fitted(task.going_on_from(head.weights), store, *fine_tuning(task.recipe))
    return tuned if better_than_head(task, tuned.valid_logits_NK, head) else head


def _fitted(task: Task, store: Store, optimiser: Optimiser, schedule: Schedule) -> BestEpoch:
    train_rows, valid_rows = (
        pixel_rows(store, [sample.digest for sample in part.samples])
        for part in (task.train, task.valid)
    )
    batches = batches_of(task, train_rows, augmentation_policy(task.recipe))
    how = optimiser, schedule
    engine, history = fit_rows(task, task.network, batches, valid_rows, *how, together=True)
    weights = engine.weights()
    backbone = backbone_graph(task.recipe.engine, task.network, weights)
    logits_NK = predict_rows(engine, valid_rows)
    return BestEpoch(weights, backbone, logits_NK, history, head_only=False)


def _refuse_unlike(task: Task) -> None:
    """Better to know now than after hours of training that no graph can be made of a network."""
    if task.network.external:
        refuse_unlike(task.recipe.engine, task.network, task.start)
