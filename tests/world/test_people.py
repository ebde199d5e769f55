"""People have the size of people and walk with both feet."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.world.materials.people import cloth, skin
from vo_gan.world.materials.surface import Surface
from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder
from vo_gan.world.objects.people import PERSON_MODELS, PHASES, SHOES, STANDING, add_person

EVERY_PHASE = [*range(PHASES), STANDING]


def person(model: int, phase: int, seed: int = 0) -> Mesh:
    builder = MeshBuilder()
    add_person(builder, np.random.default_rng(seed), model, phase, np.eye(4))
    return builder.build()


def shoes(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the left and of the right shoe."""
    corners = mesh.triangles[mesh.style == SHOES].reshape(-1, 3)
    return corners[corners[:, 0] < 0], corners[corners[:, 0] > 0]


@pytest.mark.parametrize("model", range(PERSON_MODELS))
def test_heights_are_those_of_adults(model: int) -> None:
    corners = person(model, STANDING).triangles.reshape(-1, 3)
    size = corners.max(axis=0) - corners.min(axis=0)
    assert 1.55 < size[1] < 1.95
    assert 0.4 < size[0] < 0.75
    assert size[2] < 0.6


@pytest.mark.parametrize("phase", EVERY_PHASE)
@pytest.mark.parametrize("model", range(PERSON_MODELS))
def test_the_lowest_foot_touches_the_ground(model: int, phase: int) -> None:
    mesh = person(model, phase)
    np.testing.assert_allclose(mesh.triangles[..., 1].max(), 0.0, atol=1e-5)
    np.testing.assert_allclose(max(foot[:, 1].max() for foot in shoes(mesh)), 0.0, atol=1e-5)
    assert 300 < len(mesh.triangles) < 700
    assert set(mesh.label) == {Label.PERSON}
    assert set(mesh.material) == {Material.CLOTH, Material.SKIN}


def test_the_feet_take_turns() -> None:
    ahead = []
    for phase in range(PHASES):
        left, right = shoes(person(0, phase))
        ahead.append(right[:, 2].mean() - left[:, 2].mean())
    np.testing.assert_allclose(ahead[: PHASES // 2], -np.array(ahead[PHASES // 2 :]), atol=1e-5)
    assert ahead[0] > 0.45
    assert max(ahead) - min(ahead) > 1.0
    steps = np.sign(ahead)
    assert (steps != np.roll(steps, 1)).sum() == 2


def test_the_arms_swing_against_the_legs() -> None:
    mesh = person(0, 0)
    hands = mesh.triangles[mesh.material == Material.SKIN].reshape(-1, 3)
    hands = hands[hands[:, 1] > -1.1]
    assert hands[hands[:, 0] < 0][:, 2].mean() > hands[hands[:, 0] > 0][:, 2].mean() + 0.2


@pytest.mark.parametrize("phase", EVERY_PHASE)
@pytest.mark.parametrize("model", range(PERSON_MODELS))
def test_smooth_normals_look_outwards(model: int, phase: int) -> None:
    mesh = person(model, phase)
    flat = np.cross(mesh.triangles[:, 1] - mesh.triangles[:, 0], mesh.triangles[:, 2] - mesh.triangles[:, 0])
    normals = mesh.normals.reshape(-1, 3, 3)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=2), 1.0, atol=1e-5)
    assert ((normals * flat[:, None]).sum(axis=2) > 0).mean() > 0.97
    volume = (mesh.triangles[:, 0] * np.cross(mesh.triangles[:, 1], mesh.triangles[:, 2])).sum() / 6
    assert 0.04 < volume < 0.2


def test_clothes_follow_the_generator_and_not_the_phase() -> None:
    first = person(2, 0, seed=7)
    for phase in EVERY_PHASE:
        styles = person(2, phase, seed=7).styles
        np.testing.assert_array_equal(styles[:, :7], first.styles[:, :7])
    assert person(2, 3, seed=7).triangles.tobytes() == person(2, 3, seed=7).triangles.tobytes()
    assert person(2, 0, seed=8).styles.tobytes() != first.styles.tobytes()


@pytest.mark.parametrize("function", [cloth, skin])
def test_looks_are_bounded_and_fade_far_away(function) -> None:
    rng = np.random.default_rng(0)
    count = 400
    u, v = rng.uniform(-0.1, 0.1, count).astype(np.float32), rng.uniform(1.4, 1.8, count).astype(np.float32)
    fine, coarse = rng.standard_normal((2, count, 4)).astype(np.float32)
    still = np.zeros_like(fine)
    for row in person(0, 0).styles:
        style = np.tile(row, (count, 1))
        near, far = np.full(count, 0.002, np.float32), np.full(count, 30.0, np.float32)
        albedo = function(Surface(u, v, near, near, style, fine, coarse)).albedo
        assert albedo.dtype == np.float32
        assert albedo.min() >= 0.06
        assert albedo.max() <= 0.9
        assert albedo.std(axis=0).max() > 0.004
        assert function(Surface(u, v, far, far, style, still, still)).albedo.std(axis=0).max() < 0.03
