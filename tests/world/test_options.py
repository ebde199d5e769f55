"""Options of a world: presets, and what there is not."""

from __future__ import annotations

import pytest

from vo_gan.errors import VoGanError
from vo_gan.world.options import EXTRAS, WorldOptions, preset


def test_presets_grow_harder() -> None:
    switches = ("traffic", "shadows", "exposure", "motion_blur", "noise", "glare")
    on = [sum(getattr(preset(name), switch) for switch in switches) for name in ("off", "easy", "medium", "hard")]
    assert on == [0, 1, 4, 6]
    assert preset("hard").weather == "rolling"
    with pytest.raises(VoGanError, match="difficulty 'extreme'"):
        preset("extreme")


def test_a_mask_of_what_moves_comes_with_traffic() -> None:
    assert WorldOptions().written == ()
    assert WorldOptions(traffic=True).written == ("moving",)
    assert WorldOptions(traffic=True, extras=("flow", "disparity")).written == ("disparity", "flow", "moving")
    assert WorldOptions(extras=EXTRAS).written == EXTRAS


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"weather": "hail"}, "weather 'hail'"),
        ({"extras": ("depths",)}, "ground truth 'depths'"),
        ({"baseline": 0.0}, "baseline"),
        ({"baseline": float("nan")}, "baseline"),
        ({"intrinsics": (0.0, 1.0, 2.0, 3.0)}, "focal"),
        ({"intrinsics": (50.0, 50.0, float("nan"), 3.0)}, "finite"),
        ({"intrinsics": (float("inf"), 50.0, 2.0, 3.0)}, "finite"),
    ],
)
def test_impossible_options_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(VoGanError, match=said):
        WorldOptions(**wrong)


def test_camera_is_kittis_unless_given() -> None:
    assert WorldOptions().camera((1241, 376)).intrinsics == (718.856, 718.856, 607.19, 185.2)
    given = WorldOptions(intrinsics=(100.0, 90.0, 31.5, 15.5), baseline=0.2).camera((64, 32))
    assert (given.intrinsics, given.baseline, given.size) == ((100.0, 90.0, 31.5, 15.5), 0.2, (64, 32))
