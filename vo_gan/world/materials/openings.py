"""Windows, doors, gates and shop fronts of a house front, as shares of every pixel's footprint.

All shares are exact averages in closed form over the footprint, and no part of it is counted twice. So a pixel that
takes in a whole street of houses has their mean.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int32

from vo_gan.world.materials.surface import Surface


class Use(IntEnum):
    """What the ground floor of a front is for."""

    DWELLING = 0
    SHOP = 1
    GATES = 2


class FacadeStyle(NamedTuple):
    """Parameters of a front, after its style's colour (wall), second colour (doors, shutters, signs) and seed.

    Attributes:
        pitch: metres from window to window; the first one stands half of it from where u = 0.
        floor: metres from floor to floor above the ground floor.
        window: width of the windows in metres; 0 for a blind wall.
        rise: height of the windows in metres.
        sill: metres from a floor up to its windows.
        floors: number of floors above the ground floor.
        ground: height of the ground floor in metres.
        door: which window of the ground floor, counted from 0, is a door; -1 for none.
        code: `facade_code`.
    """

    pitch: float
    floor: float
    window: float
    rise: float
    sill: float
    floors: float
    ground: float
    door: float
    code: float


def facade_code(masonry: int, use: Use, trim: int, shutters: bool = False, bands: bool = False) -> float:
    """What a front is made of, as one number.

    Args:
        masonry: a `Masonry`, but no awning.
        use: of its ground floor.
        trim: 0 to 3, white, cream, brown or dark window frames.
        shutters: whether windows have shutters of the second colour beside them.
        bands: whether pale bands mark the floors.
    """
    return float(masonry + 4 * use + 16 * trim + 64 * shutters + 128 * bands)


_FRAME, _SURROUND, _SHUTTER, _LINTEL = 0.06, 0.12, 0.46, 0.18
"""Metres of window frame, stone or shutter beside it, and stone above it."""
_LEAF, _JAMB = 0.48, 0.60
"""Half the width in metres of a door's leaf, and of the door with its frame."""
_SHOP_PIER, _GATE_PIER = np.float32(0.14), np.float32(0.28)
"""Half the width in metres of the wall between two shop windows and between two gates."""
_DEEP = -9.0
"""A height in metres below the foot of every wall."""


class Fronts(NamedTuple):
    """The styles of fronts, a value a point; `use`, `masonry`, `trim`, `shutters` and `bands` from the code."""

    seed: Float32[np.ndarray, " k"]
    pitch: Float32[np.ndarray, " k"]
    floor: Float32[np.ndarray, " k"]
    window: Float32[np.ndarray, " k"]
    rise: Float32[np.ndarray, " k"]
    sill: Float32[np.ndarray, " k"]
    floors: Float32[np.ndarray, " k"]
    ground: Float32[np.ndarray, " k"]
    door: Float32[np.ndarray, " k"]
    use: Int32[np.ndarray, " k"]
    masonry: Int32[np.ndarray, " k"]
    trim: Int32[np.ndarray, " k"]
    shutters: Bool[np.ndarray, " k"]
    bands: Bool[np.ndarray, " k"]

    @classmethod
    def read(cls, columns: Float32[np.ndarray, "16 k"]) -> Fronts:
        """The styles of points, column by column."""
        code = columns[15].astype(np.int32)
        seed, pitch, floor, window, rise, sill, floors, ground, door = columns[6:15]
        bits = (code >> 2 & 3, code & 3, code >> 4 & 3, (code & 64) > 0, (code & 128) > 0)
        return cls(seed, pitch, floor, window, rise, sill, floors, ground, door, *bits)


class Openings(NamedTuple):
    """Shares of every footprint; the wall is what they leave.

    Attributes:
        glass: window panes.
        shop: panes of shop fronts.
        frame: frames of windows and doors.
        surround: stone around windows.
        painted: doors, shutters and gates.
        board: signboards over shops.
        half: half the width of the windows here in metres.
        foot, tall: where the windows of this floor begin and how high they are, in metres.
        band: the lowest 0.2 m of upper floors.
    """

    glass: Float32[np.ndarray, " k"]
    shop: Float32[np.ndarray, " k"]
    frame: Float32[np.ndarray, " k"]
    surround: Float32[np.ndarray, " k"]
    painted: Float32[np.ndarray, " k"]
    board: Float32[np.ndarray, " k"]
    half: Float32[np.ndarray, " k"]
    foot: Float32[np.ndarray, " k"]
    tall: Float32[np.ndarray, " k"]
    band: Float32[np.ndarray, " k"]


class _Axis(NamedTuple):
    """Where both ends of every footprint lie on an axis with a period: what is left, and whole periods between."""

    low: Float32[np.ndarray, " k"]
    high: Float32[np.ndarray, " k"]
    whole: Float32[np.ndarray, " k"] | None
    inverse: Float32[np.ndarray, " k"]

    @classmethod
    def plain(cls, x: Float32[np.ndarray, " k"], width: Float32[np.ndarray, " k"]) -> _Axis:
        """Footprints of a width around x on an axis without a period."""
        half = 0.5 * width
        return cls(x - half, x + half, None, 1 / width)

    def periodic(self, period: Float32[np.ndarray, " k"], centre: Float32[np.ndarray, " k"] | float) -> _Axis:
        """The same footprints where everything repeats; places in a period are counted from `centre`."""
        cycle = 1 / period
        low, high = np.floor(self.low * cycle), np.floor(self.high * cycle)
        return _Axis(self.low - low * period - centre, self.high - high * period - centre, high - low, self.inverse)

    def between(self, low: float, high: Float32[np.ndarray, " k"], start: Float32[np.ndarray, " k"]) -> _Axis:
        """The part of the footprints from low to high, counted from `start`; shares are still of all of them."""
        first, last = (np.minimum(np.maximum(value - start, low), high) for value in (self.low, self.high))
        return _Axis(first, last, self.whole, self.inverse)

    def share(
        self, start: Float32[np.ndarray, " k"] | float, stop: Float32[np.ndarray, " k"] | float
    ) -> Float32[np.ndarray, " k"]:
        """Share of each footprint that lies between start and stop, of every period where there are any."""
        inside = np.minimum(np.maximum(self.high, start), stop)
        inside -= np.minimum(np.maximum(self.low, start), stop)
        if self.whole is not None:
            inside += self.whole * (stop - start)
        inside *= self.inverse
        return inside

    def within(self, half: Float32[np.ndarray, " k"] | float) -> Float32[np.ndarray, " k"]:
        """Share of each footprint that lies nearer to zero than `half`."""
        return self.share(-half, half)


def openings(at: Surface, front: Fronts) -> Openings:
    """What the footprints of points on fronts hold."""
    is_shop, is_gate = front.use == Use.SHOP, front.use == Use.GATES
    along, up = _Axis.plain(at.u, at.width_u), _Axis.plain(at.v, at.width_v)
    across = along.periodic(front.pitch, 0.5 * front.pitch)
    middle = (front.door + 0.5) * front.pitch
    door = _Axis(along.low - middle, along.high - middle, None, along.inverse)
    upper = up.between(0.0, front.floors * front.floor, front.ground).periodic(front.floor, 0.0)
    opened, has_door = (front.window > 0).astype(np.float32), (front.door >= 0).astype(np.float32)

    # Half the width of windows: where a footprint holds both sorts of floors, something between theirs.
    below = up.share(_DEEP, front.ground)
    wide = 0.5 * front.pitch - np.where(is_shop, _SHOP_PIER, _GATE_PIER)
    half = 0.5 * front.window
    half += below * (np.where(front.use > 0, wide, half) - half)
    shutters = front.shutters.astype(np.float32)
    beside, over = half + _SURROUND + (_SHUTTER - _SURROUND) * shutters, _LINTEL * (1 - shutters)
    mullion = 0.03 * (front.window > 0.8).astype(np.float32)
    inner = np.maximum(half - _FRAME, mullion)

    outer_u, frame_u = across.within(beside) * opened, across.within(half) * opened
    glass_u = (across.within(inner) - across.within(mullion)) * opened
    low_outer_u, low_frame_u = outer_u - door.within(beside) * has_door, frame_u - door.within(half) * has_door
    low_glass_u = glass_u - (door.within(inner) - door.within(mullion)) * has_door

    sill, head, transom = front.sill, front.sill + front.rise, front.sill + 0.68 * front.rise
    outer = outer_u * upper.share(sill - 0.5 * over, head + over)
    framed = frame_u * upper.share(sill, head)
    glass = glass_u * (upper.share(sill + _FRAME, head - _FRAME) - upper.share(transom - 0.025, transom + 0.025))

    foot = np.where(is_shop, 0.45, np.where(is_gate, -0.8, sill))
    top = np.where(is_shop, front.ground - 0.95, np.where(is_gate, 2.35, head))
    outer += low_outer_u * up.share(foot - 0.5 * over, top + over)
    low_framed = low_frame_u * up.share(foot, top)
    low_glass = low_glass_u * up.share(foot + _FRAME, top - _FRAME)

    leaf_u = door.within(_LEAF) * has_door
    doorway = door.within(_JAMB) * up.share(-0.8, 2.62) * has_door
    leaf = leaf_u * up.share(-0.8, 2.12)
    fanlight = leaf_u * up.share(2.20, 2.54)

    framed += low_framed
    ring = outer - framed
    gate, shop = np.where(is_gate, low_glass, 0), np.where(is_shop, low_glass, 0)
    return Openings(
        glass=glass + (low_glass - gate - shop) + fanlight,
        shop=shop,
        frame=framed - glass - low_glass + doorway - leaf - fanlight,
        surround=np.where(front.shutters, 0, ring),
        painted=leaf + gate + np.where(front.shutters, ring, 0),
        board=np.where(is_shop, up.share(front.ground - 0.72, front.ground - 0.14), 0),
        half=half,
        foot=foot,
        tall=top - foot,
        band=upper.share(0.0, 0.2),
    )
