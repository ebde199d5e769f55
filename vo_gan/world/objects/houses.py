"""The shape of a house: walls, roof, and what stands out from them.

Numbers are metres in the frames of the four walls (front, right, back, left): x to the right along the wall as seen
from outside, y above the ground at the front, z inwards.
"""

from __future__ import annotations

import numpy as np

from vo_gan.world.materials.openings import FacadeStyle, Use, facade_code
from vo_gan.world.materials.walls import Masonry
from vo_gan.world.mesh import Material, MeshBuilder
from vo_gan.world.objects.house_looks import HouseLook, RoofShape
from vo_gan.world.objects.plots import Kind, Plot
from vo_gan.world.objects.roofs import add_roof
from vo_gan.world.objects.slabs import Side, Slabs

_STONE_COLOUR = np.array([0.62, 0.60, 0.56])
_METAL_COLOUR = np.array([0.36, 0.37, 0.38])
_BOX = Side.OUTSIDE | Side.TOP | Side.BOTTOM
_DOOR_HALF = 0.75
"""Half the width of steps and canopies."""


class House:
    """A house under construction: `build` adds its parts to the slabs."""

    def __init__(
        self,
        slabs: Slabs,
        builder: MeshBuilder,
        plot: Plot,
        look: HouseLook,
        level: float,
        foot: float,
        rng: np.random.Generator,
    ) -> None:
        """Prepare the frames and styles of a house on a plot.

        Args:
            slabs: takes its parts.
            builder: takes its styles.
            plot: where it stands.
            look: how it looks.
            level: height of the ground at its front in metres.
            foot: height above that, negative, where its walls begin.
            rng: source of all chance.
        """
        self.slabs, self.builder, self.plot, self.look, self.foot, self.rng = slabs, builder, plot, look, foot, rng
        self.level = level
        corners = plot.outline()
        along, away = plot.along, plot.away
        inwards = (away, -along, -away, along)
        rights = (along, away, -along, -away)
        self._axes = list(zip(corners, rights, inwards, strict=True))
        self.frames = [slabs.add_frame(*axes, level) for axes in self._axes]
        self.lengths = (plot.width, plot.depth, plot.width, plot.depth)
        self.attached = (False, plot.attached_right, False, plot.attached_left)
        self.bays = max(1, round(plot.width / look.pitch))
        self.pitch = plot.width / self.bays
        self.window = min(look.window, self.pitch - 0.6)
        self.door = self._door_bay()
        seed = rng.random()
        self.pale = builder.add_style(0.45 * look.colour + 0.4, look.second, seed)
        self.stone = builder.add_style(_STONE_COLOUR + rng.uniform(-0.06, 0.06), look.second, seed)
        self.metal = builder.add_style(_METAL_COLOUR + rng.uniform(-0.08, 0.12), look.second, seed)
        self.walls = [self._wall_style(side) for side in range(4)]

    def _door_bay(self) -> int:
        """Which window of the ground floor is the door."""
        if self.look.use == Use.GATES:
            return -1
        if self.plot.kind == Kind.TERRACE:
            return 0 if self.plot.row % 2 else self.bays - 1
        return int(self.rng.integers(self.bays))

    def facade(self, pitch: float, window: float, use: Use, door: int) -> int:
        """Add the style of a wall with windows."""
        look = self.look
        parameters = FacadeStyle(
            pitch=pitch,
            floor=look.floor,
            window=window if window > 0.4 else 0.0,
            rise=look.rise,
            sill=look.sill,
            floors=float(look.floors),
            ground=look.ground,
            door=float(door),
            code=facade_code(look.masonry, use, look.trim, look.shutters, look.bands),
        )
        return self.builder.add_style(look.colour, look.second, self.rng.random(), parameters)

    def opening(self, width: float, height: float) -> int:
        """Add the style of a piece of wall, counted from its foot, with one window."""
        look = self.look
        code = facade_code(Masonry.BOARDS, Use.DWELLING, look.trim)
        parameters = FacadeStyle(width, 3.0, width - 0.34, height - 0.34, 0.17, 0.0, height, -1.0, code)
        return self.builder.add_style(0.5 * look.colour + 0.2, look.second, self.rng.random(), parameters)

    def frame_at(self, side: int, x: float, out: float = 0.0) -> int:
        """Add a frame like a wall's whose origin is x metres to the right and `out` metres before the wall."""
        corner, right, inwards = self._axes[side]
        return self.slabs.add_frame(corner + x * right - out * inwards, right, inwards, self.level)

    def _wall_style(self, side: int) -> int:
        """The style of the front (0), right (1), back (2) or left (3) wall."""
        length, look = self.lengths[side], self.look
        bays = max(1, round(length / look.pitch))
        if side == 0:
            return self.facade(self.pitch, self.window, look.use, self.door)
        blind_share = 0.0 if side == 2 and look.use != Use.GATES else 0.35 if self.plot.kind == Kind.BLOCK else 0.5
        blind = self.attached[side] or self.rng.random() < blind_share
        return self.facade(length / bays, 0.0 if blind else self.window, Use.DWELLING, -1)

    def build(self) -> None:
        """Add all parts."""
        look, plot = self.look, self.plot
        parapet = (0.25 if look.floors == 0 else 0.7) if look.roof == RoofShape.FLAT else 0.0
        top = look.height + parapet
        for frame, length, style in zip(self.frames, self.lengths, self.walls, strict=True):
            wall = ((0.0, length), (self.foot, top), (0.0, 0.0))
            self.slabs.add(frame, *wall, Material.FACADE, style, Side.FRONT)
        add_roof(self, parapet)
        if plot.kind == Kind.BLOCK:
            self._add_balconies()
            return
        self._add_sills()
        self._add_ledges()
        self._add_downpipes()
        if self.door >= 0:
            self._add_entrance()
        if look.use == Use.SHOP and self.rng.random() < 0.6:
            self._add_awnings()
        bay_room = plot.setback > 1.4 or plot.kind == Kind.APARTMENTS
        if look.bay and bay_room and self.bays > 1:
            self._add_bay()
        elif look.balconies:
            self._add_balconies()

    def _front(
        self,
        x: tuple[float | np.ndarray, float | np.ndarray],
        y: tuple[float | np.ndarray, float | np.ndarray],
        z: tuple[float, float],
        style: int,
        faces: Side,
    ) -> None:
        """Add something of stone, plaster or metal to the front."""
        self.slabs.add(self.frames[0], x, y, z, Material.PLASTER, style, faces)

    def _add_sills(self) -> None:
        """Window sills of the front."""
        look = self.look
        if self.window <= 0.4:
            return
        lowest = 0 if look.use == Use.DWELLING else 1
        grid = np.meshgrid(np.arange(lowest, look.floors + 1), np.arange(self.bays), indexing="ij")
        level, bay = (index.ravel() for index in grid)
        kept = (level > 0) | (bay != self.door)
        level, middle = level[kept], (bay[kept] + 0.5) * self.pitch
        floor = np.where(level > 0, look.ground + (level - 1) * look.floor, 0.0)
        half = 0.5 * self.window + 0.1
        height = (floor + look.sill - 0.08, floor + look.sill)
        faces = _BOX if lowest == 0 else Side.OUTSIDE | Side.BOTTOM
        self._front((middle - half, middle + half), height, (-0.12, 0.0), self.stone, faces)

    def _add_ledges(self) -> None:
        """String courses between floors, a cornice and a plinth."""
        look, width = self.look, self.plot.width
        if look.bands or look.use == Use.SHOP:
            floors = np.arange(look.floors if look.bands else 1) * look.floor + look.ground
            self._front((0.0, width), (floors - 0.06, floors + 0.12), (-0.09, 0.0), self.pale, _BOX)
        if self.plot.kind == Kind.APARTMENTS:
            ends = [0.0 if side else 0.2 for side in (self.attached[3], self.attached[1])]
            across = (-ends[0], width + ends[1])
            self._front(across, (look.height - 0.30, look.height - 0.12), (-0.18, 0.0), self.pale, _BOX)
            self._front(across, (look.height - 0.12, look.height + 0.04), (-0.32, 0.0), self.pale, _BOX)
        if self.door >= 0:
            self._add_plinth(-0.04 if self.plot.setback < 1.0 else -0.07)

    def _add_plinth(self, out: float) -> None:
        """A foot of stone that stands out from the front, but not before the door."""
        middle = (self.door + 0.5) * self.pitch
        for start, stop in ((0.0, middle - 0.62), (middle + 0.62, self.plot.width)):
            if stop - start > 0.2:
                self._front((start, stop), (self.foot, 0.38), (out, 0.0), self.stone, Side.OUTSIDE | Side.TOP)

    def _add_downpipes(self) -> None:
        """A downpipe at the left end of the front, on wide fronts one at either end."""
        width, top = self.plot.width, self.look.height
        for x in (0.2, width - 0.2) if width > 14.0 else (0.2,):
            self._front((x - 0.05, x + 0.05), (self.foot, top), (-0.15, -0.05), self.metal, Side.OUTSIDE)

    def _add_entrance(self) -> None:
        """Steps before the door, often a canopy over it."""
        middle = (self.door + 0.5) * self.pitch
        room = self.plot.setback
        deep = 0.26 if room < 1.0 else 0.9
        across = (middle - _DOOR_HALF, middle + _DOOR_HALF)
        self._front(across, (self.foot, 0.0), (-deep, 0.0), self.stone, Side.OUTSIDE | Side.TOP)
        if room > 1.0:
            wider = (across[0] - 0.1, across[1] + 0.1)
            self._front(wider, (self.foot, -0.16), (-deep - 0.32, -deep), self.stone, Side.OUTSIDE | Side.TOP)
        if self.look.use == Use.DWELLING and self.rng.random() < 0.6:
            out = 0.5 if room < 1.0 else float(self.rng.uniform(0.7, 1.1))
            self._front(across, (2.68, 2.80), (-out, 0.0), self.pale, _BOX)
            if room > 1.0 and self.rng.random() < 0.5:
                posts = np.array([across[0] + 0.07, across[1] - 0.07])
                height = (self.foot, 2.68)
                self._front((posts - 0.05, posts + 0.05), height, (-out + 0.02, -out + 0.12), self.pale, Side.AROUND)

    def _add_awnings(self) -> None:
        """Striped cloth over shop windows."""
        look, first = self.look, int(self.rng.integers(2))
        stripes = np.clip(look.colour + 0.25, 0.0, 0.85)
        style = self.builder.add_style(look.second, stripes, self.rng.random(), (float(Masonry.AWNING),))
        bays = np.arange(first, self.bays, 1 + int(self.rng.integers(2)))
        x = (bays * self.pitch + 0.12, (bays + 1) * self.pitch - 0.12)
        low, high, out = look.ground - 1.35, look.ground - 0.85, float(self.rng.uniform(0.9, 1.25))
        frame, cloth = self.frames[0], Material.PLASTER
        self.slabs.add(frame, x, (low, high), (-out, -out), cloth, style, Side.FRONT, top_z=(-0.05, -0.05))
        self.slabs.add(frame, x, (low - 0.18, low), (-out, -out), cloth, style, Side.FRONT)

    def _add_bay(self) -> None:
        """A bay window: on the ground in front gardens, an oriel over the pavement of apartments."""
        look = self.look
        others = [bay for bay in range(self.bays) if bay != self.door]
        bay = others[len(others) // 2]
        width = min(0.86 * self.pitch, 2.6)
        start = (bay + 0.5) * self.pitch - 0.5 * width
        oriel = self.plot.kind == Kind.APARTMENTS
        out = 0.6 if oriel else 0.75
        bottom = look.ground + 0.25 if oriel else self.foot
        top = look.height - 0.4 if oriel or (look.floors and self.rng.random() < 0.4) else look.ground - 0.25
        frame = self.frame_at(0, start, out)
        front = self.facade(width, width - 0.42, Use.DWELLING, -1)
        side = self.facade(out, 0.0, Use.DWELLING, -1)
        box = ((0.0, width), (bottom, top), (0.0, out))
        self.slabs.add(frame, *box, Material.FACADE, front, Side.FRONT)
        self.slabs.add(frame, *box, Material.FACADE, side, Side.RIGHT | Side.LEFT)
        if oriel:
            self.slabs.add(frame, *box, Material.PLASTER, self.pale, Side.BOTTOM)
        edge = ((-0.12, width + 0.12), (top, top + 0.1), (-0.12, out))
        self.slabs.add(frame, *edge, Material.PLASTER, self.pale, Side.OUTSIDE | Side.BOTTOM)
        cap = ((-0.12, width + 0.12), (top + 0.1, top + 0.4), (-0.12, out))
        style = self.builder.add_style(look.roof_colour, look.second, self.rng.random(), (float(look.cover),))
        ridge = (0.3, width - 0.3), (out, out)
        self.slabs.add(frame, *cap, Material.ROOF, style, Side.OUTSIDE, top_x=ridge[0], top_z=ridge[1])

    def _add_balconies(self) -> None:
        """Balconies above each other, before some of the windows."""
        look = self.look
        share = look.balconies if self.plot.kind != Kind.BLOCK else 0.35
        columns = np.flatnonzero(self.rng.random(self.bays) < share)
        if not len(columns) or not look.floors:
            return
        level, bay = (index.ravel() for index in np.meshgrid(np.arange(look.floors), columns, indexing="ij"))
        floor, middle = look.ground + level * look.floor, (bay + 0.5) * self.pitch
        x = (middle - 0.44 * self.pitch, middle + 0.44 * self.pitch)
        self._front(x, (floor - 0.14, floor + 0.02), (-1.1, 0.0), self.stone, _BOX)
        rail = self.metal if self.rng.random() < 0.6 else self.pale
        self._front(x, (floor + 0.02, floor + 0.88), (-1.08, 0.0), rail, Side.OUTSIDE)
        self._front(x, (floor + 0.94, floor + 1.0), (-1.1, 0.0), self.metal, _BOX)
