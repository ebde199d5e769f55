"""The look of every material: a function from `Surface` to `Look` each."""

from __future__ import annotations

from collections.abc import Callable

from vo_gan.world.materials.furniture import lamp, metal, sign, wood
from vo_gan.world.materials.ground import asphalt, grass, kerb, pavement
from vo_gan.world.materials.nature import bark, foliage
from vo_gan.world.materials.people import cloth, skin
from vo_gan.world.materials.surface import Look, Surface
from vo_gan.world.materials.vehicles import car, tyre
from vo_gan.world.materials.walls import facade, plaster, roof
from vo_gan.world.mesh import Material

LOOKS: dict[Material, Callable[[Surface], Look]] = {
    Material.ASPHALT: asphalt,
    Material.PAVEMENT: pavement,
    Material.KERB: kerb,
    Material.GRASS: grass,
    Material.FACADE: facade,
    Material.ROOF: roof,
    Material.PLASTER: plaster,
    Material.FOLIAGE: foliage,
    Material.BARK: bark,
    Material.WOOD: wood,
    Material.METAL: metal,
    Material.SIGN: sign,
    Material.LAMP: lamp,
    Material.CAR: car,
    Material.TYRE: tyre,
    Material.CLOTH: cloth,
    Material.SKIN: skin,
}

__all__ = ["LOOKS", "Look", "Surface"]
