"""AdamW and SGD with Nesterov momentum: a learning rate for the head, and a share of it below.

Both take the steps that PyTorch takes, which are not quite those of Keras' own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from diptych.engines.contract import Optimiser
from diptych.engines.learning_shares import learning_shares
from diptych.engines.tensorflow.weights import canonical


class EpochRates(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """The learning rate of each step of an epoch, read from a table."""

    def __init__(self) -> None:
        # Variables: a step is compiled once, and reads what they hold when it is taken.
        self.rates = tf.Variable([0.0], shape=(None,), trainable=False)
        self.first_step = tf.Variable(0, dtype=tf.int64, trainable=False)

    def begin(self, rates: Sequence[float], first_step: int) -> None:
        """Go over to an epoch, of which this is the first step since the optimiser was made."""
        self.rates.assign(rates)
        self.first_step.assign(first_step)

    def __call__(self, step: Any) -> Any:
        return self.rates[step - self.first_step]


class Slot(NamedTuple):
    """What an optimiser knows of one variable."""

    share: float  # of the learning rate
    decay: float
    moments: tuple[keras.Variable, ...]


class PerLayer(keras.optimizers.Optimizer):  # type: ignore[misc]
    """What the two share: the head learns at the full rate, all other layers at a share of it.

    Biases and the scales of batch normalisation do not decay (He et al. 2019).
    """

    moments: tuple[str, ...]  # the names of what is kept for each variable

    def __init__(self, rate: EpochRates, decay: float, shares: Mapping[int, float]) -> None:
        super().__init__(rate)
        self.decay = decay
        self.shares = shares

    def build(self, variables: list[keras.Variable]) -> None:
        super().build(variables)
        # `update_step` gets TensorFlow's variable, which Keras' has inside.
        self.slots = {variable.value.ref(): self.slot(variable) for variable in variables}

    def slot(self, variable: keras.Variable) -> Slot:
        """A new one."""
        share = self.shares[id(variable)]
        decay = self.decay if len(variable.shape) > 1 else 0.0
        moments = (self.add_variable_from_reference(variable, name) for name in self.moments)
        return Slot(share, decay, tuple(moments))


class AdamW(PerLayer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), as PyTorch has it.

    Keras adds epsilon before it corrects the second moment's bias; in the first steps, where
    gradients are small, that is another path. Epsilon is PyTorch's too (Keras: 1e-7).
    """

    moments = ("first", "second")
    beta_1, beta_2, epsilon = 0.9, 0.999, 1e-8

    def update_step(self, gradient: Any, variable: tf.Variable, learning_rate: Any) -> None:
        share, decay, (first, second) = self.slots[variable.ref()]
        rate, step = learning_rate * share, tf.cast(self.iterations + 1, tf.float32)
        first.assign_add((1 - self.beta_1) * (gradient - first))
        second.assign_add((1 - self.beta_2) * (tf.square(gradient) - second))
        mean = first / (1 - tf.pow(self.beta_1, step))
        spread = tf.sqrt(second / (1 - tf.pow(self.beta_2, step))) + self.epsilon
        variable.assign(variable * (1 - rate * decay) - rate * mean / spread)


class SGD(PerLayer):
    """Nesterov momentum whose velocity holds no learning rate, as PyTorch has it.

    Keras multiplies by the rate before it accumulates; with a schedule that is another path.
    """

    moments = ("velocity",)
    momentum = 0.9

    def update_step(self, gradient: Any, variable: tf.Variable, learning_rate: Any) -> None:
        share, decay, (velocity,) = self.slots[variable.ref()]
        gradient = gradient + decay * variable
        velocity.assign(self.momentum * velocity + gradient)
        variable.assign_sub(learning_rate * share * (gradient + self.momentum * velocity))


def make_optimiser(options: Optimiser, rate: EpochRates, model: keras.Model) -> PerLayer:
    """The optimiser of a recipe, for the variables of a model that learn."""
    kind = SGD if options.kind == "sgd" else AdamW
    learning = {id(variable) for variable in model.trainable_variables}
    names = {name: id(v) for name, v, _ in canonical(model) if id(v) in learning}
    shares = learning_shares([*names], options.backbone_rate, options.depth_rate)
    return kind(rate, options.weight_decay, {names[name]: s for name, s in shares.items()})
