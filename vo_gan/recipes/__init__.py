"""What is learned and how: each recipe is a `Learner` put together from models, losses and GANs."""

from vo_gan.recipes.ganvo import Ganvo, GanvoConfig
from vo_gan.recipes.sganvo import Sganvo, SganvoConfig

__all__ = ["Ganvo", "GanvoConfig", "Sganvo", "SganvoConfig"]
