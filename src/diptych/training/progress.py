"""How far a training has come: its epochs, and the steps of the one that has begun."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple


class EpochResult(NamedTuple):
    """One pass over the training part. Losses are cross-entropy in nats per picture."""

    number: int
    learning_rate: float
    loss: float
    valid_loss: float
    valid_accuracy: float
    train_seconds: float  # without those of the validation part
    seconds: float
    best: bool  # no earlier epoch had a lower validation loss
    rate_scale: float = 1.0  # of the recipe's rates: less once a loss was no number

    def describe(self) -> str:
        """The epoch in a line."""
        return (
            f"epoch {self.number}, loss {self.loss:.3f}, "
            f"valid {self.valid_loss:.3f} ({self.valid_accuracy:.1%} right)"
        )


@dataclass
class Progress:
    """What a checkpoint holds beside the engine's own state."""

    history: list[EpochResult] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)  # of each step of the epoch that has begun
    train_seconds: float = 0.0  # of that epoch
    seconds: float = 0.0
    lowered: int = 0  # how often the rate was

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Progress":
        """What `to_json` gave."""
        return cls(**{**facts, "history": [EpochResult(*row) for row in facts["history"]]})

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {**asdict(self), "history": [list(epoch) for epoch in self.history]}

    @property
    def name(self) -> str:
        """Of a checkpoint; later ones come later in the order of names."""
        step = f"-step-{len(self.losses):07d}" if self.losses else ""
        return checkpoint_name(len(self.history)) + step

    @property
    def best(self) -> int:
        """The number of the best epoch; 0 before the first."""
        return max((epoch.number for epoch in self.history if epoch.best), default=0)

    def end_epoch(self, result: EpochResult) -> None:
        """Take an epoch into the history; the next one begins."""
        self.history.append(result)
        self.losses, self.train_seconds, self.seconds = [], 0.0, 0.0


def checkpoint_name(epoch: int) -> str:
    """The name of the checkpoint at the end of an epoch; of 0, at the start."""
    return f"epoch-{epoch:05d}"
