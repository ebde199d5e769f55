"""What is learned and how: each recipe is a `Learner` put together from models, losses and GANs."""

from vo_gan.recipes.ganvo import Ganvo, GanvoConfig

__all__ = ["Ganvo", "GanvoConfig"]
