"""From frames to trajectories: the tracker, photometric refinement of its motions, and trajectory files."""
