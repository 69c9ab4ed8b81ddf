"""AdamW, SGD with Nesterov momentum, Muon: a learning rate for the head, a share of it below.

All take the steps that PyTorch takes, which are not quite those of Keras' own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from diptych.engines.contract import MUON_MOMENTUM, NEWTON_SCHULZ, Optimiser, muon_scale
from diptych.engines.learning_shares import learning_shares
from diptych.engines.tensorflow.precision import mixed_precision
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
    """What all share: the head learns at the full rate, all other layers at a share of it.

    Biases and the scales of normalisation do not decay (He et al. 2019). Keras' own average of
    weights (`use_ema`) neither forgets faster at first, nor has the statistics of normalisation.
    """

    def __init__(self, rate: EpochRates, options: Optimiser, shares: Mapping[int, float]) -> None:
        super().__init__(rate, global_clipnorm=options.clip or None)
        self.options = options
        self.shares = shares
        self.averages = dict[Any, keras.Variable]()

    def build(self, variables: list[keras.Variable]) -> None:
        super().build(variables)
        # `update_step` gets TensorFlow's variable, which Keras' has inside.
        self.slots = {variable.value.ref(): self.slot(variable) for variable in variables}

    def slot(self, variable: keras.Variable) -> Slot:
        """A new one."""
        share = self.shares[id(variable)]
        decay = self.options.weight_decay if len(variable.shape) > 1 else 0.0
        moments = (self.add_variable_from_reference(variable, n) for n in self.moments(variable))
        return Slot(share, decay, tuple(moments))

    def moments(self, variable: keras.Variable) -> tuple[str, ...]:
        """The names of what is kept for a variable."""
        raise NotImplementedError

    def average(self, variables: list[keras.Variable]) -> None:
        """From now on, keep the moving average of these, from what they are now."""
        for variable in variables:
            average = self.add_variable_from_reference(variable, "average")
            average.assign(variable)
            self.averages[variable.value.ref()] = average

    def apply(self, grads: list[Any], trainable_variables: list[Any] | None = None) -> None:
        """Take a step, then let the averages follow (see `contract.average_decay`)."""
        steps = tf.cast(self.iterations, tf.float32)
        super().apply(grads, trainable_variables)
        if self.averages:
            decay = tf.minimum(self.options.average_decay, (1 + steps) / (10 + steps))
            for variable, average in self.averages.items():
                average.value.assign_add((1 - decay) * (variable.deref() - average.value))


class AdamW(PerLayer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), as PyTorch has it.

    Keras adds epsilon before it corrects the second moment's bias; in the first steps, where
    gradients are small, that is another path. Epsilon is PyTorch's too (Keras: 1e-7).
    """

    beta_1, beta_2, epsilon = 0.9, 0.999, 1e-8

    def moments(self, variable: keras.Variable) -> tuple[str, ...]:
        return "first", "second"

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

    momentum = 0.9

    def moments(self, variable: keras.Variable) -> tuple[str, ...]:
        return ("velocity",)

    def update_step(self, gradient: Any, variable: tf.Variable, learning_rate: Any) -> None:
        share, decay, (velocity,) = self.slots[variable.ref()]
        gradient = gradient + decay * variable
        velocity.assign(self.momentum * velocity + gradient)
        variable.assign_sub(learning_rate * share * (gradient + self.momentum * velocity))


class Muon(AdamW):
    """Momentum whose steps are made orthogonal, for kernels (Jordan et al. 2024); AdamW elsewhere.

    A step is as large as AdamW's (Liu et al. 2025), so both learn at one rate. `keras.optimizers`
    has one that leaves convolutions out.
    """

    def moments(self, variable: keras.Variable) -> tuple[str, ...]:
        return ("momentum",) if is_kernel(variable) else super().moments(variable)

    def update_step(self, gradient: Any, variable: tf.Variable, learning_rate: Any) -> None:
        share, decay, moments = self.slots[variable.ref()]
        if len(moments) > 1:
            super().update_step(gradient, variable, learning_rate)
            return
        (momentum,) = moments
        momentum.assign_add((1 - MUON_MOMENTUM) * (gradient - momentum))
        step = gradient + MUON_MOMENTUM * (momentum - gradient)
        # All that a filter sees, times the filters: PyTorch's matrix on its side.
        matrix = orthogonal(tf.reshape(step, (-1, variable.shape[-1])))
        rate = learning_rate * share
        step = tf.reshape(matrix, variable.shape) * muon_scale(*matrix.shape)
        variable.assign(variable * (1 - rate * decay) - rate * step)


def orthogonal(matrix: Any) -> Any:
    """The nearest matrix with orthogonal rows or columns, nearly: five steps of Newton and Schulz.

    In the numbers that the network learns in.
    """
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = tf.transpose(matrix) if tall else matrix
    x = x / tf.maximum(tf.norm(x), 1e-7)
    x = tf.cast(x, keras.DTypePolicy(mixed_precision()).compute_dtype)
    for _ in range(5):
        gram = tf.matmul(x, x, transpose_b=True)
        x = a * x + tf.matmul(b * gram + c * tf.matmul(gram, gram), x)
    x = tf.cast(x, tf.float32)
    return tf.transpose(x) if tall else x


def in_head(variable: keras.Variable) -> bool:
    """Whether it belongs to the last layer."""
    return bool(variable.path.split("/")[0] == "classifier")


def is_kernel(variable: keras.Variable) -> bool:
    """Whether Muon takes a variable for a matrix: not the head, no filter of a single channel."""
    return len(variable.shape) > 1 and not in_head(variable) and min(variable.shape[-2:]) > 1


def make_optimiser(options: Optimiser, rate: EpochRates, model: keras.Model) -> PerLayer:
    """The optimiser of a recipe, for the variables of a model that learn."""
    kinds = {"sgd": SGD, "muon": Muon, "adamw": AdamW}
    learning = {id(variable) for variable in model.trainable_variables}
    names = {name: id(v) for name, v, _ in canonical(model) if id(v) in learning}
    shares = learning_shares([*names], options.backbone_rate, options.depth_rate)
    return kinds[options.kind](rate, options, {names[name]: s for name, s in shares.items()})
