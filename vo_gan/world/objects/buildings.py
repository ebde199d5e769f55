"""The buildings of a town.

`lots` finds their places (`plots`), `house_kinds` draws their looks (`house_looks`), `houses` and `roofs` give them
their shape out of `slabs`.
"""

from __future__ import annotations

import numpy as np

from vo_gan.world.mesh import Label, MeshBuilder
from vo_gan.world.objects.house_kinds import draw_look
from vo_gan.world.objects.house_looks import HouseLook
from vo_gan.world.objects.houses import House
from vo_gan.world.objects.lots import Lot, survey
from vo_gan.world.objects.plots import Kind
from vo_gan.world.objects.slabs import Slabs
from vo_gan.world.roads.network import RoadNetwork

__all__ = ["FOUNDATION", "Lot", "add_buildings"]

FOUNDATION = 0.5
"""Metres below the lowest ground of its footprint where the walls of a house begin."""
_AT_PAVEMENT, _IN_GARDEN = 0.14, 0.22
"""Metres of a door's threshold above the terrain, beside the pavement and behind a front garden."""
_ON_CORNERS = np.linspace(0.0, 1.0, 4)


def add_buildings(builder: MeshBuilder, network: RoadNetwork, rng: np.random.Generator) -> list[Lot]:
    """Add houses along all streets and taller blocks behind them.

    Args:
        builder: takes the faces and styles.
        network: streets and terrain.
        rng: source of all chance.

    Returns:
        The lots on both sides of every street from its `first` to its `last` station, in order, without gaps.
    """
    survey_rng, house_rng = rng.spawn(2)
    plots, lots = survey(network, survey_rng)
    if not plots:
        return lots
    outlines = np.stack([plot.outline() for plot in plots])
    edges = outlines[:, :, None] + _ON_CORNERS[:, None] * (np.roll(outlines, -1, axis=1) - outlines)[:, :, None]
    heights = network.terrain.height(edges.reshape(-1, 2)).reshape(len(plots), 4, -1)
    raised = np.array([_AT_PAVEMENT if plot.setback < 1.0 else _IN_GARDEN for plot in plots])
    levels = heights[:, 0].max(axis=1) + raised
    feet = heights.min(axis=(1, 2)) - FOUNDATION - levels
    slabs = Slabs()
    rows: dict[int, HouseLook] = {}
    for plot, level, foot in zip(plots, levels, feet, strict=True):
        look = rows.get(plot.row) if plot.kind in (Kind.TERRACE, Kind.GARAGES) else None
        if look is None:
            look = rows[plot.row] = draw_look(plot.kind, house_rng)
        House(slabs, builder, plot, look, float(level), float(foot), house_rng).build()
    slabs.emit(builder, Label.BUILDING)
    return lots
