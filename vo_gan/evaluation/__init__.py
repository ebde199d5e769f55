"""Figures for trajectories, depth maps and disparities, their plots, and the report."""
