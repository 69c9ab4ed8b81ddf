"""`--train last`: the last stages and the head, on maps that are computed once in several views."""

from diptych import engines
from diptych.engines.backbone import backbone_graph
from diptych.images.rows import pixel_rows
from diptych.images.store import Store
from diptych.training.augmenting import augmentation_policy
from diptych.training.loop import predict_rows
from diptych.training.maps import ViewBatches, map_views, stages
from diptych.training.ways.head import fit_head
from diptych.training.ways.task import (
    BestEpoch,
    Task,
    batches_of,
    better_than_head,
    epochs_after_head,
    fine_tuning,
    fit_rows,
)

# What the layers learn at, beside those of a network that is trained as a whole: fewer of them have
# to do all the change. With half of the weights in them, of 300 pictures of CIFAR-10 at 96 pixels
# 64.7 % were right at the rate of the whole and by the head alone, 68.7 % at five times the rate,
# 68.3 % at ten times.
RATE = 5.0


def fit_last(task: Task, store: Store) -> BestEpoch:
    """Train the last stages, from the head that suits the backbone; the store has the pixels.

    Where that is not better on the validation part by more than chance explains, it is the head.
    Raises InputError for a network that cannot be cut.
    """
    recipe, network = task.recipe, task.network
    cut = stages(recipe.engine, network.one_view, task.start)
    head = fit_head(task, store, "training the head")
    policy = augmentation_policy(recipe)
    train, valid = ([sample.digest for sample in part.samples] for part in (task.train, task.valid))
    count = min(recipe.map_views, epochs_after_head(recipe))
    views = map_views(cut, train, store, policy, count, recipe.seed, task.track)
    (valid_rows,) = map_views(cut, valid, store, None, 1, recipe.seed, task.track)
    plain = batches_of(task, views[0])
    batches = ViewBatches(**vars(plain), views=views)
    tuned = task.going_on_from(head.weights)
    rate = min(RATE * recipe.backbone_rate, 1.0)
    how = fine_tuning(recipe.replace(backbone_rate=rate))
    engine, history = fit_rows(tuned, cut.last, batches, valid_rows, *how)
    weights = {**head.weights, **engine.weights()}
    logits_NK = predict_rows(engine, valid_rows)
    if network.views > 1:  # the maps are those of one
        whole = engines.build(recipe.engine, network, weights)
        logits_NK = predict_rows(whole, pixel_rows(store, valid))
    if not better_than_head(task, logits_NK, head):
        return head
    backbone = backbone_graph(recipe.engine, network, weights)
    return BestEpoch(weights, backbone, logits_NK, history, head_only=False)
