"""vo_gan: unsupervised visual odometry and depth, learned from view reconstruction and adversarial discriminators."""

__version__ = "0.1.0"
