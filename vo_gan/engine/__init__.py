"""The one training loop of the project. It knows a `Learner`, not what is learned."""

from vo_gan.engine.averages import AVERAGE, average_of, follow, require_decay
from vo_gan.engine.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, tensors_of
from vo_gan.engine.learner import HalfMovedError, Learner, NonFiniteError
from vo_gan.engine.processes import launch
from vo_gan.engine.trainer import Trainer, TrainingConfig

__all__ = [
    "AVERAGE",
    "Checkpoint",
    "HalfMovedError",
    "Learner",
    "NonFiniteError",
    "Trainer",
    "TrainingConfig",
    "average_of",
    "follow",
    "launch",
    "load_checkpoint",
    "require_decay",
    "save_checkpoint",
    "tensors_of",
]
