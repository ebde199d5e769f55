"""What the stereo camera sees: ray casting, shading and anti-aliasing of one pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32, UInt8

from vo_gan.world import lighting
from vo_gan.world.camera import Camera
from vo_gan.world.casting import NOTHING, STATIC, Caster, Hits, Placed, View, inverse, meets_box, moved
from vo_gan.world.materials import LOOKS, Surface
from vo_gan.world.mesh import Label, Material, join
from vo_gan.world.sky import Sky
from vo_gan.world.textures import COARSE_TEXEL, FINE_TEXEL, Noise
from vo_gan.world.town import Town
from vo_gan.world.weather import Weather

_SUBPIXELS = np.array([[-0.125, -0.375], [0.375, -0.125], [0.125, 0.375], [-0.375, 0.125]], np.float32)
_SHADE_START = 0.02
"""Metres off a surface where rays towards the sun begin."""
_SUN_SPREAD = np.stack(np.meshgrid(*[np.linspace(-0.25, 0.25, 5, dtype=np.float32)] * 2), axis=-1).reshape(-1, 2)
"""Metres around the eye from where the sun is looked for, so that glare comes and goes softly."""
_DIMMEST_SUN = 0.02
"""Sunlight whose shadows cannot be seen."""


@dataclass(frozen=True)
class Shot:
    """What both eyes see at one moment, before the camera's electronics make pictures of it.

    Attributes:
        radiance: linear RGB of the left and the right view.
        depth: z-depth in the left camera in metres, at pixel centres; inf where there is nothing but sky.
        owner: in the left view, NOTHING, STATIC or 1 + the index of the moving thing.
        normal: unit normals of the surfaces in the left view, towards the eye, in camera coordinates; 0 for sky.
        label: `Label` of the left view.
    """

    radiance: Float32[np.ndarray, "2 h w 3"]
    depth: Float32[np.ndarray, "h w"]
    owner: Int32[np.ndarray, "h w"]
    normal: Float32[np.ndarray, "h w 3"]
    label: UInt8[np.ndarray, "h w"]


class Renderer:
    """Renders a town and the things that move in it as a stereo camera sees them."""

    def __init__(self, town: Town, camera: Camera, sky: Sky, noise: Noise, shadows: bool) -> None:
        """Make ready to cast rays.

        Args:
            town: what stands still, and the models of what may move.
            camera: the stereo camera.
            sky: what is seen where nothing is hit.
            noise: of all textures.
            shadows: whether things keep the sun off others.
        """
        self._camera, self._sky, self._noise, self._shadows, self._lamps = camera, sky, noise, shadows, town.lamps
        meshes = [town.mesh, *town.models]
        self._mesh = join(meshes)
        self._casters = [Caster(mesh) for mesh in meshes]
        self._first = np.cumsum([0, *(len(mesh.triangles) for mesh in meshes)])

    def render(
        self,
        town_from_camera: Float[np.ndarray, "4 4"],
        weather: Weather,
        time: float,
        movers: Sequence[Placed] = (),
        offset: tuple[float, float] = (0.0, 0.0),
        antialias: bool = True,
    ) -> Shot:
        """Render both views.

        Every pixel is one ray through its centre, whose colour is averaged over the pixel's footprint in closed form.
        Pixels across which the surface or its shadow changes get four rays more.

        Args:
            town_from_camera: pose of the left camera.
            weather: light and air.
            time: seconds into the drive (the clouds move).
            movers: the things that move, where they are now.
            offset: pixels to shift all rays by, for pictures that are averaged.
            antialias: whether to cast the further rays.
        """
        width, height = self._camera.size
        side, y, x = (index.ravel() for index in np.indices((2, height, width), dtype=np.float32))
        side = side.astype(np.intp)
        view = View(self._camera, town_from_camera, weather, time, movers)
        colour, hits, face = self._see(view, side, x + np.float32(offset[0]), y + np.float32(offset[1]))
        if antialias:
            shape = (2, height, width)
            edge = np.flatnonzero(_edges(face.reshape(shape), hits.depth.reshape(shape)))
            more_x, more_y = (
                (value[edge] + shift[:, None]).ravel() for value, shift in zip((x, y), _SUBPIXELS.T, strict=True)
            )
            count = len(_SUBPIXELS)
            more, _, _ = self._see(view, np.tile(side[edge], count), more_x, more_y)
            colour[edge] = (colour[edge] + more.reshape(count, len(edge), 3).sum(axis=0)) / (1 + count)
        return self._shot(colour, hits, view)

    def sun_in_view(
        self, town_from_camera: Float[np.ndarray, "4 4"], weather: Weather, side: int, movers: Sequence[Placed]
    ) -> tuple[tuple[float, float] | None, float]:
        """Pixel (x, y) where the sun stands, in the picture or beside it, and the share of it that nothing hides.

        Args:
            town_from_camera: pose of the left camera.
            weather: for the sun's direction.
            side: 0 for the left view, 1 for the right one.
            movers: the things that move, where they are now.

        Returns:
            None and 0 where the sun is behind the camera.
        """
        towards = town_from_camera[:3, :3].T @ weather.towards_sun
        if towards[2] < 0.05:
            return None, 0.0
        fx, fy, cx, cy = self._camera.intrinsics
        view = View(self._camera, town_from_camera, weather, 0.0, movers)
        start = view.eyes[[side]] + _SUN_SPREAD[:, :1] * view.rotation[:, 0] + _SUN_SPREAD[:, 1:] * view.rotation[:, 1]
        hidden = self._in_shadow(view, start.astype(np.float32))
        pixel = float(towards[0] / towards[2] * fx + cx), float(towards[1] / towards[2] * fy + cy)
        return pixel, float(1.0 - hidden.mean())

    def _shot(self, colour: Float32[np.ndarray, "k 3"], hits: Hits, view: View) -> Shot:
        """The picture, and the left half of what the first rays hit."""
        width, height = self._camera.size
        left = slice(0, width * height)
        found = hits.owner[left] != NOTHING
        label = np.where(found, self._mesh.label[hits.triangle[left]], np.uint8(Label.SKY))
        normal = hits.normal[left] @ view.town_from_camera[:3, :3].astype(np.float32)
        return Shot(
            radiance=colour.reshape(2, height, width, 3),
            depth=hits.depth[left].reshape(height, width),
            owner=hits.owner[left].reshape(height, width),
            normal=normal.reshape(height, width, 3),
            label=label.reshape(height, width),
        )

    def _see(
        self,
        view: View,
        side: Int[np.ndarray, " k"],
        x: Float32[np.ndarray, " k"],
        y: Float32[np.ndarray, " k"],
    ) -> tuple[Float32[np.ndarray, "k 3"], Hits, Int32[np.ndarray, " k"]]:
        """Colour at pixels (x, y) of the left (side 0) or right (1) view, what is hit there, and a number that differs
        where the surface or its shadow does."""
        rays = view.rays(side, x, y)
        hits = self._cast(view, side, x, y, rays)
        found = hits.owner != NOTHING
        hit, miss = np.flatnonzero(found), np.flatnonzero(~found)
        hit = hit[np.argsort(self._mesh.material[hits.triangle[hit]], kind="stable")]
        colour = np.empty((len(x), 3), np.float32)
        colour[miss] = self._sky.radiance(view.weather, rays[miss, 3:], 1.0 / self._camera.intrinsics[0], view.time)
        face = np.full(len(x), -1, np.int32)
        colour[hit], shaded = self._shade(view, rays[hit], _chosen(hits, hit))
        face[hit] = 2 * (hits.owner[hit] * np.int32(len(self._mesh.styles)) + self._mesh.style[hits.triangle[hit]])
        face[hit] += shaded
        return colour, hits, face

    def _cast(
        self,
        view: View,
        side: Int[np.ndarray, " k"],
        x: Float32[np.ndarray, " k"],
        y: Float32[np.ndarray, " k"],
        rays: Float32[np.ndarray, "k 6"],
    ) -> Hits:
        """Cast rays on what stands still, then on every moving thing where its box is in the picture."""
        answer = self._casters[0].cast(rays)
        depth, normal, corner = answer["t_hit"], answer["primitive_normals"], answer["primitive_uvs"]
        owner = np.where(np.isfinite(depth), np.int32(STATIC), np.int32(NOTHING))
        triangle = np.where(np.isfinite(depth), answer["primitive_ids"], 0).astype(np.intp)
        for number, mover in enumerate(view.movers, start=1):
            caster = self._casters[1 + mover.model]
            inside = view.around(mover, caster.low, caster.high, side, x, y)
            if len(inside) == 0:
                continue
            turn, shift = inverse(mover.town_from_object)
            answer = caster.cast(moved(rays[inside], turn, shift))
            nearer = answer["t_hit"] < depth[inside]
            pixel = inside[nearer]
            depth[pixel], corner[pixel] = answer["t_hit"][nearer], answer["primitive_uvs"][nearer]
            normal[pixel] = answer["primitive_normals"][nearer] @ turn
            owner[pixel] = number
            triangle[pixel] = answer["primitive_ids"][nearer] + self._first[1 + mover.model]
        facing = np.einsum("ij,ij->i", normal, rays[:, 3:]) > 0
        normal[facing] *= np.float32(-1)
        normal[owner == NOTHING] = 0
        return Hits(depth, owner, triangle, corner, normal)

    def _shade(
        self, view: View, rays: Float32[np.ndarray, "k 6"], hits: Hits
    ) -> tuple[Float32[np.ndarray, "k 3"], Bool[np.ndarray, " k"]]:
        """Radiance of surfaces (sorted by material) towards the eye, and whether something keeps the sun off them."""
        mesh, weather = self._mesh, view.weather
        length = np.sqrt(np.einsum("ij,ij->i", rays[:, 3:], rays[:, 3:]))
        points = lighting.Points(
            position=rays[:, :3] + hits.depth[:, None] * rays[:, 3:],
            ray=rays[:, 3:] / length[:, None],
            normal=self._smooth_normals(view, hits),
            material=mesh.material[hits.triangle],
        )
        surface = self._surface(view, rays, hits)
        albedo, emission = _looks(points.material, surface)
        share = lighting.sun_share(points, weather)
        shaded = np.zeros(len(share), bool)
        if self._shadows and weather.sun.max() > _DIMMEST_SUN:
            lit = np.flatnonzero(share > 0)
            shaded[lit] = self._in_shadow(view, points.position[lit] + np.float32(_SHADE_START) * hits.normal[lit])
            leaves = points.material[shaded] == Material.FOLIAGE
            share[shaded] *= np.where(leaves, lighting.LEAF_LIGHT, np.float32(0))
        light = lighting.daylight(points, weather, share)
        if weather.lamps > 0:
            light += lighting.lamplight(points, weather, self._lamps, view.town_from_camera)
        colour = albedo * albedo * light
        if weather.lamps > 0:
            colour += np.float32(weather.lamps) * emission
        if weather.wetness > 0:
            colour = lighting.wet(points, weather, colour, surface.coarse[:, 1])
        return lighting.through_air(colour, hits.depth * length, weather), shaded

    def _smooth_normals(self, view: View, hits: Hits) -> Float32[np.ndarray, "k 3"]:
        """Unit normals between those of the corners, on the eye's side of the triangle."""
        corners = self._mesh.normals[hits.triangle]
        one, two = hits.corner[:, 0:1], hits.corner[:, 1:2]
        normal = (1 - one - two) * corners[:, 0:3] + one * corners[:, 3:6] + two * corners[:, 6:9]
        for number, mover in enumerate(view.movers, start=1):
            own = hits.owner == number
            if own.any():
                normal[own] = normal[own] @ mover.town_from_object[:3, :3].T.astype(np.float32)
        normal *= np.where(np.einsum("ij,ij->i", normal, hits.normal) < 0, np.float32(-1), np.float32(1))[:, None]
        return normal / np.sqrt(np.einsum("ij,ij->i", normal, normal) + np.float32(1e-12))[:, None]

    def _surface(self, view: View, rays: Float32[np.ndarray, "k 6"], hits: Hits) -> Surface:
        """Texture coordinates, footprints and noise.

        With P = eye + depth * ray on a plane of normal n, dP/dx = depth (e - ray (n @ e) / (n @ ray)) for a pixel step
        that changes the ray by e; the change of u follows by its gradient U.
        """
        rows = self._mesh.texture[hits.triangle]
        facing = np.einsum("ij,ij->i", hits.normal, rays[:, 3:])
        slopes = (hits.normal @ view.steps.T) / np.minimum(facing, np.float32(-1e-6))[:, None]
        coordinates = np.empty((4, len(rows)), np.float32)
        groups = [(np.flatnonzero(hits.owner == STATIC), np.eye(3, dtype=np.float32), np.zeros(3, np.float32))]
        for number, mover in enumerate(view.movers, start=1):
            own = np.flatnonzero(hits.owner == number)
            if len(own):
                groups.append((own, *inverse(mover.town_from_object)))
        for own, turn, shift in groups:
            some = slice(None) if len(own) == len(rows) else own
            depth, row, local = hits.depth[some], rows[some], moved(rays[some], turn, shift)
            steps = view.steps @ turn.T
            for axis, gradient in enumerate((row[:, 0:3], row[:, 3:6])):
                on_ray = np.einsum("ij,ij->i", gradient, local[:, 3:])
                at_eye = np.einsum("ij,ij->i", gradient, local[:, :3])
                change = gradient @ steps.T - slopes[some] * on_ray[:, None]
                coordinates[axis, some] = row[:, 6 + axis] + at_eye + depth * on_ray
                coordinates[2 + axis, some] = depth * np.sqrt(np.einsum("ij,ij->i", change, change))
        u, v, width_u, width_v = coordinates
        np.maximum(coordinates[2:], np.float32(1e-3), out=coordinates[2:])
        style = self._mesh.styles[self._mesh.style[hits.triangle]]
        away_u, away_v = u + np.float32(97.0) * style[:, 6], v + np.float32(31.0) * style[:, 6]
        fine, coarse = (
            self._noise.sample(*(value * np.float32(1 / texel) for value in (away_u, away_v, width_u, width_v)))
            for texel in (FINE_TEXEL, COARSE_TEXEL)
        )
        return Surface(u, v, width_u, width_v, style, fine, coarse)

    def _in_shadow(self, view: View, start: Float32[np.ndarray, "k 3"]) -> Bool[np.ndarray, " k"]:
        """Whether anything lies between points and the sun."""
        rays = np.empty((len(start), 6), np.float32)
        rays[:, :3], rays[:, 3:] = start, view.weather.towards_sun
        shaded = self._casters[0].blocks(rays)
        for mover in view.movers:
            caster = self._casters[1 + mover.model]
            turn, shift = inverse(mover.town_from_object)
            local = moved(rays, turn, shift)
            near = np.flatnonzero(meets_box(local, caster.low, caster.high) & ~shaded)
            if len(near):
                shaded[near] = caster.blocks(local[near])
        return shaded


def _chosen(hits: Hits, index: Int[np.ndarray, " n"]) -> Hits:
    """Some of the hits."""
    return Hits(hits.depth[index], hits.owner[index], hits.triangle[index], hits.corner[index], hits.normal[index])


def _looks(
    material: UInt8[np.ndarray, " k"], surface: Surface
) -> tuple[Float32[np.ndarray, "k 3"], Float32[np.ndarray, "k 3"]]:
    """Albedo and emission of points, which come sorted by material."""
    albedo = np.empty((len(material), 3), np.float32)
    emission = np.zeros((len(material), 3), np.float32)
    ends = np.cumsum(np.bincount(material, minlength=len(Material)))
    for kind, start, end in zip(Material, [0, *ends[:-1]], ends, strict=True):
        if start < end:
            some = slice(start, end)
            look = LOOKS[kind](surface.chosen(some))
            albedo[some] = look.albedo
            if look.emission is not None:
                emission[some] = look.emission
    return albedo, emission


def _edges(face: Int32[np.ndarray, "s h w"], depth: Float32[np.ndarray, "s h w"]) -> Bool[np.ndarray, "s h w"]:
    """Pixels whose surface differs from that of a neighbour."""
    edge = np.zeros(face.shape, bool)
    near = np.where(np.isfinite(depth), depth, np.float32(1e4))
    for axis in (1, 2):
        one: list[slice] = [slice(None)] * 3
        two: list[slice] = [slice(None)] * 3
        one[axis], two[axis] = slice(None, -1), slice(1, None)
        a, b = tuple(one), tuple(two)
        jump = np.abs(near[a] - near[b]) > 0.1 * np.minimum(near[a], near[b])
        differs = (face[a] != face[b]) | (jump & (np.minimum(near[a], near[b]) < 60.0))
        edge[a] |= differs
        edge[b] |= differs
    return edge
