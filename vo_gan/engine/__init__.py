"""The one training loop of the project. It knows a `Learner`, not what is learned."""

from vo_gan.engine.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, tensors_of
from vo_gan.engine.learner import Learner, NonFiniteError
from vo_gan.engine.trainer import Trainer, TrainingConfig

__all__ = [
    "Checkpoint",
    "Learner",
    "NonFiniteError",
    "Trainer",
    "TrainingConfig",
    "load_checkpoint",
    "save_checkpoint",
    "tensors_of",
]
