"""How the car drives: speed from the road's curvature, and the poses of its camera."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from vo_gan.world.road import Road

FRAME_SECONDS = 0.1
FASTEST, SLOWEST = 11.5, 4.0
"""Range of the speed in m/s."""
SIDEWAYS_ACCELERATION = 1.7
"""m/s^2 that the driver accepts in a bend."""
ACCELERATION, BRAKING = 1.3, 1.8
"""m/s^2 along the road."""
LANE_OFFSET = 1.6
"""Metres from the centre line to the middle of the right lane."""
CAMERA_HEIGHT = 1.65
"""Metres of camera 0 above the ground."""

_STEP = 0.25


def drive_length(frames: int) -> float:
    """The most metres of centre line that a drive of `frames` frames can pass, inner lane of bends included."""
    return 1.15 * FASTEST * FRAME_SECONDS * frames


def drive(road: Road, frames: int, rng: np.random.Generator) -> Float[np.ndarray, "frames 4 4"]:
    """Drive along the right lane of `road` from station 0.

    The car slows down before bends and speeds up after them, keeps its lane within decimetres, pitches when it brakes,
    rolls outwards in bends and shakes a little.

    Args:
        road: long enough for `drive_length(frames)` metres.
        frames: number of frames, 10 a second.
        rng: source of all chance.

    Returns:
        town_from_camera of every frame, float64, in the town's y-down coordinates with the ground at y = 0.
    """
    distance = np.arange(0.0, drive_length(frames) + 2 * _STEP, _STEP)
    speed = _speed(road, distance, rng)
    wander = _sway(rng, len(distance), _STEP, longest=60.0, shortest=25.0, height=0.12)
    track = road.point_at(distance, LANE_OFFSET + wander)
    tangent = np.gradient(track, axis=0)
    yaw = np.unwrap(np.arctan2(tangent[:, 0], tangent[:, 1]))
    steps = np.linalg.norm(np.diff(track, axis=0), axis=1)
    travelled = np.concatenate([[0.0], np.cumsum(steps)])
    arrival = np.concatenate([[0.0], np.cumsum(steps / (0.5 * (speed[1:] + speed[:-1])))])

    times = FRAME_SECONDS * np.arange(frames)
    at = np.interp(times, arrival, travelled)
    x, z = (np.interp(at, travelled, track[:, axis]) for axis in (0, 1))
    yaw_now = np.interp(at, travelled, yaw)
    speed_now = np.interp(at, travelled, speed)
    forwards = np.interp(at, travelled, np.gradient(0.5 * speed**2, travelled))
    sideways = speed_now**2 * np.interp(at, travelled, np.gradient(yaw, travelled))
    pitch = np.radians(0.25) * forwards + _sway(rng, frames, FRAME_SECONDS, 2.0, 0.6, np.radians(0.25))
    roll = -np.radians(0.3) * sideways + _sway(rng, frames, FRAME_SECONDS, 2.5, 0.7, np.radians(0.2))
    height = CAMERA_HEIGHT + _sway(rng, frames, FRAME_SECONDS, 1.5, 0.5, 0.008)

    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, :3, :3] = _rotation(yaw_now, pitch, roll)
    poses[:, :3, 3] = np.stack([x, -height, z], axis=-1)
    return poses


def _speed(road: Road, distance: Float[np.ndarray, " n"], rng: np.random.Generator) -> Float[np.ndarray, " n"]:
    """The fastest speed that keeps the limits of mood, bends, acceleration and braking at every metre."""
    mood = 9.0 + _sway(rng, len(distance), _STEP, longest=150.0, shortest=40.0, height=2.2)
    curvature = np.abs(np.interp(distance, road.stations(), road.curvature))
    in_bends = np.sqrt(SIDEWAYS_ACCELERATION / np.maximum(curvature, 1e-6))
    speed = np.clip(np.minimum(mood, in_bends), SLOWEST, FASTEST)
    for i in range(len(speed) - 2, -1, -1):
        speed[i] = min(speed[i], np.sqrt(speed[i + 1] ** 2 + 2 * BRAKING * _STEP))
    for i in range(1, len(speed)):
        speed[i] = min(speed[i], np.sqrt(speed[i - 1] ** 2 + 2 * ACCELERATION * _STEP))
    return speed


def _sway(
    rng: np.random.Generator, count: int, step: float, longest: float, shortest: float, height: float
) -> Float[np.ndarray, " count"]:
    """A smooth random curve: a sum of sines with periods between two bounds and standard deviation `height`."""
    periods = np.exp(rng.uniform(np.log(shortest), np.log(longest), size=6))
    phases = rng.uniform(0.0, 2 * np.pi, size=6)
    waves = np.sin(2 * np.pi * step * np.arange(count)[:, None] / periods + phases)
    return height * np.sqrt(2 / 6) * waves.sum(axis=1)


def _rotation(
    yaw: Float[np.ndarray, " n"], pitch: Float[np.ndarray, " n"], roll: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "n 3 3"]:
    """R_y(yaw) R_x(pitch) R_z(roll): a positive yaw turns right, pitch looks up, roll leans right."""
    one, zero = np.ones_like(yaw), np.zeros_like(yaw)

    def matrices(rows: list[list[np.ndarray]]) -> np.ndarray:
        return np.moveaxis(np.array(rows), 2, 0)

    c, s = np.cos(yaw), np.sin(yaw)
    turn = matrices([[c, zero, s], [zero, one, zero], [-s, zero, c]])
    c, s = np.cos(pitch), np.sin(pitch)
    nod = matrices([[one, zero, zero], [zero, c, -s], [zero, s, c]])
    c, s = np.cos(roll), np.sin(roll)
    lean = matrices([[c, -s, zero], [s, c, zero], [zero, zero, one]])
    return turn @ nod @ lean
