"""Triangles carry what the shader needs."""

from __future__ import annotations

import numpy as np

from vo_gan.world.mesh import Label, Material, MeshBuilder, join


def random_mesh(seed: int, count: int) -> tuple[MeshBuilder, np.ndarray, np.ndarray]:
    """A builder with random triangles; their corners and texture coordinates."""
    rng = np.random.default_rng(seed)
    corners, texture = rng.normal(size=(count, 3, 3)) + 5.0, rng.normal(size=(count, 3, 2))
    builder = MeshBuilder()
    style = builder.add_style((0.1, 0.2, 0.3), seed=0.5, parameters=(float(seed),))
    builder.add_triangles(corners, texture, Material.ROOF, style, Label.BUILDING)
    return builder, corners, texture


def test_texture_rows_give_back_the_coordinates_of_the_corners() -> None:
    builder, corners, texture = random_mesh(0, 50)
    mesh = builder.build()
    for axis in (0, 1):
        gradient, start = mesh.texture[:, 3 * axis : 3 * axis + 3], mesh.texture[:, 6 + axis]
        found = np.einsum("mci,mi->mc", corners, gradient) + start[:, None]
        np.testing.assert_allclose(found, texture[:, :, axis], atol=2e-3)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        steepest = np.linalg.norm(gradient, axis=1) * np.linalg.norm(normal, axis=1)
        np.testing.assert_allclose(np.einsum("mi,mi->m", gradient, normal) / steepest, 0.0, atol=1e-3)


def test_normals_are_flat_unless_given() -> None:
    builder, corners, _ = random_mesh(1, 10)
    given = np.tile([0.0, -1.0, 0.0], (10, 3, 1))
    builder.add_triangles(corners, np.zeros((10, 3, 2)), Material.CAR, 0, Label.CAR, given)
    normals = builder.build().normals.reshape(20, 3, 3)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=2), 1.0, atol=1e-6)
    np.testing.assert_allclose(np.einsum("mi,mi->m", normals[:10, 0], corners[:, 1] - corners[:, 0]), 0.0, atol=1e-5)
    np.testing.assert_array_equal(normals[10:], given)


def test_faces_without_area_are_left_out() -> None:
    builder, corners, texture = random_mesh(2, 3)
    corners = corners.copy()
    corners[1, 2] = corners[1, 1]
    builder.add_triangles(corners, texture, Material.WOOD, 0, Label.FENCE)
    mesh = builder.build()
    assert len(mesh.triangles) == 5
    assert list(mesh.material) == [Material.ROOF] * 3 + [Material.WOOD] * 2
    assert list(mesh.label) == [Label.BUILDING] * 3 + [Label.FENCE] * 2


def test_joined_meshes_keep_their_styles() -> None:
    one, two = random_mesh(3, 4)[0].build(), random_mesh(4, 2)[0].build()
    both = join([one, two])
    assert both.triangles.shape == (6, 3, 3)
    np.testing.assert_array_equal(both.styles[both.style][:, 7], [3, 3, 3, 3, 4, 4])
