"""What the stereo camera sees: ray casting, shading and anti-aliasing of one pose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32, UInt8

from vo_gan.world import lighting
from vo_gan.world.camera import Camera
from vo_gan.world.casting import NOTHING, STATIC, Hits, Placed, Scene, View, inverse, moved
from vo_gan.world.materials import LOOKS, Surface
from vo_gan.world.mesh import Label, Material, Mesh, cross, join
from vo_gan.world.sky import Sky
from vo_gan.world.textures import COARSE_TEXEL, FINE_TEXEL, Noise
from vo_gan.world.town import Town
from vo_gan.world.weather import Weather

_SUBPIXELS = np.array([[-0.33, -0.1], [0.1, 0.33], [0.23, -0.27]], np.float32)
_SHADE_START = 0.02
"""Metres off a surface where rays towards the sun begin."""
_SUN_SPREAD = np.stack(np.meshgrid(*[np.linspace(-0.25, 0.25, 5, dtype=np.float32)] * 2), axis=-1).reshape(-1, 2)
"""Metres around the eye from where the sun is looked for, so that glare comes and goes softly."""
_FLAT = np.float32(0.9999)
"""Cosine of the angle between a corner's normal and the plane's from which on the corner counts as flat."""
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


class Stage:
    """A town ready for rays; it looks the same to every camera and in every weather.

    Attributes:
        mesh: all that stands still, and then the models of what may move.
        bent: which of its triangles are not shaded as flat.
        scene: the same for rays to be cast on.
        lamps: where the bulbs of the street lamps are.
    """

    def __init__(self, town: Town) -> None:
        """Make ready to cast rays."""
        meshes = [town.mesh, *town.models]
        self.mesh, self.scene, self.lamps = join(meshes), Scene(meshes), town.lamps
        self.bent = _bent(self.mesh)


class Renderer:
    """Renders a town and the things that move in it as a stereo camera sees them."""

    def __init__(self, stage: Stage, camera: Camera, sky: Sky, noise: Noise, shadows: bool) -> None:
        """Make ready to render.

        Args:
            stage: what stands still, and the models of what may move.
            camera: the stereo camera.
            sky: what is seen where nothing is hit.
            noise: of all textures.
            shadows: whether things keep the sun off others.
        """
        self._camera, self._sky, self._noise, self._shadows = camera, sky, noise, shadows
        self._mesh, self._bent, self._scene, self._lamps = stage.mesh, stage.bent, stage.scene, stage.lamps

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
        Pixels across which the surface or its shadow changes get three rays more.

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
        hidden = self._scene.in_shadow(view, start.astype(np.float32))
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
        hits = self._scene.cast(view, side, x, y, rays)
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
            shaded[lit] = self._scene.in_shadow(
                view, points.position[lit] + np.float32(_SHADE_START) * hits.normal[lit]
            )
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
        normal = hits.normal.copy()
        bent = np.flatnonzero(self._bent[hits.triangle])
        corners = self._mesh.normals[hits.triangle[bent]]
        one, two = hits.corner[bent, 0:1], hits.corner[bent, 1:2]
        between = (1 - one - two) * corners[:, 0:3] + one * corners[:, 3:6] + two * corners[:, 6:9]
        owner = hits.owner[bent]
        for number, mover in enumerate(view.movers, start=1):
            own = np.flatnonzero(owner == number)
            between[own] = between[own] @ mover.town_from_object[:3, :3].T.astype(np.float32)
        sign = np.where(np.einsum("ij,ij->i", between, normal[bent]) < 0, np.float32(-1), np.float32(1))
        normal[bent] = between * (sign / np.sqrt(np.einsum("ij,ij->i", between, between) + np.float32(1e-12)))[:, None]
        return normal

    def _surface(self, view: View, rays: Float32[np.ndarray, "k 6"], hits: Hits) -> Surface:
        """Texture coordinates, footprints and noise.

        With P = eye + depth * ray on a plane of normal n, dP/dx = depth (e - ray (n @ e) / (n @ ray)) for a pixel step
        that changes the ray by e; the change of u follows by its gradient U.
        """
        rows = self._mesh.texture[hits.triangle]
        facing = np.einsum("ij,ij->i", hits.normal, rays[:, 3:])
        slopes = (hits.normal @ view.steps.T) / np.minimum(facing, np.float32(-1e-6))[:, None]
        coordinates = np.empty((4, len(rows)), np.float32)
        for own, local, steps in self._by_owner(view, rays, hits):
            depth, row = hits.depth[own], rows[own]
            for axis, gradient in enumerate((row[:, 0:3], row[:, 3:6])):
                on_ray = np.einsum("ij,ij->i", gradient, local[:, 3:])
                at_eye = np.einsum("ij,ij->i", gradient, local[:, :3])
                change = gradient @ steps.T - slopes[own] * on_ray[:, None]
                coordinates[axis, own] = row[:, 6 + axis] + at_eye + depth * on_ray
                coordinates[2 + axis, own] = depth * np.sqrt(np.einsum("ij,ij->i", change, change))
        u, v, width_u, width_v = coordinates
        np.maximum(coordinates[2:], np.float32(1e-3), out=coordinates[2:])
        style = self._mesh.styles[self._mesh.style[hits.triangle]]
        away_u, away_v = u + np.float32(97.0) * style[:, 6], v + np.float32(31.0) * style[:, 6]
        fine, coarse = (
            self._noise.sample(*(value * np.float32(1 / texel) for value in (away_u, away_v, width_u, width_v)))
            for texel in (FINE_TEXEL, COARSE_TEXEL)
        )
        return Surface(u, v, width_u, width_v, style, fine, coarse)

    def _by_owner(
        self, view: View, rays: Float32[np.ndarray, "k 6"], hits: Hits
    ) -> Iterator[tuple[Int[np.ndarray, " n"] | slice, Float32[np.ndarray, "n 6"], Float32[np.ndarray, "2 3"]]]:
        """The hits of each owner, and their rays and the pixels' steps in its coordinates."""
        moving = [np.flatnonzero(hits.owner == number) for number in range(1, 1 + len(view.movers))]
        if sum(len(own) for own in moving) == 0:
            yield slice(None), rays, view.steps
            return
        static = np.flatnonzero(hits.owner == STATIC)
        yield static, rays[static], view.steps
        for own, mover in zip(moving, view.movers, strict=True):
            if len(own):
                turn, shift = inverse(mover.town_from_object)
                yield own, moved(rays[own], turn, shift), view.steps @ turn.T


def _chosen(hits: Hits, index: Int[np.ndarray, " n"]) -> Hits:
    """Some of the hits."""
    return Hits(hits.depth[index], hits.owner[index], hits.triangle[index], hits.corner[index], hits.normal[index])


def _bent(mesh: Mesh) -> Bool[np.ndarray, " m"]:
    """Triangles with a corner whose normal is not that of the plane (on either side of it)."""
    first, second = (mesh.triangles[:, corner] - mesh.triangles[:, 0] for corner in (1, 2))
    plane = cross(first, second)
    cosine = np.einsum("mcj,mj->mc", mesh.normals.reshape(-1, 3, 3), plane)
    return (np.abs(cosine) < _FLAT * np.sqrt(np.einsum("mj,mj->m", plane, plane))[:, None]).any(axis=1)


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
