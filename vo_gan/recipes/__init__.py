"""What is learned and how: each recipe is a `Learner` put together from models, losses and GANs."""

from vo_gan.recipes.coupled import CoupledSynthesis, CoupledSynthesisConfig
from vo_gan.recipes.ganvo import Ganvo, GanvoConfig
from vo_gan.recipes.sganvo import Sganvo, SganvoConfig
from vo_gan.recipes.stereo import Stereo, StereoConfig

__all__ = [
    "CoupledSynthesis",
    "CoupledSynthesisConfig",
    "Ganvo",
    "GanvoConfig",
    "Sganvo",
    "SganvoConfig",
    "Stereo",
    "StereoConfig",
]
