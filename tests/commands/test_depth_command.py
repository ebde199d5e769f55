from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vo_gan.cli import main
from vo_gan.data.decode import decode_image

CONFIGS = Path(__file__).parents[2] / "configs"
TINY = (
    "--data.width 128 --data.height 64 --data.batch 4 --data.workers 0 --training.device cpu --training.precision fp32"
)


def trained(name: str, world: Path, runs: Path, *keys: str) -> Path:
    """A run of two steps."""
    arguments = ["train", "--config", str(CONFIGS / f"{name}.yaml"), "--runs", str(runs), "--data.root", str(world)]
    steps = ["--training.steps", "2", "--training.validate_every", "2", "--training.checkpoint_every", "2"]
    assert main([*arguments, *TINY.split(), *steps, *keys]) == 0
    return runs / name


@pytest.fixture(scope="module")
def coupled(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    keys = ["--coupled.views.width", "8", "--coupled.views.decoder_width", "4", "--coupled.discriminator.layers", "2"]
    return trained("coupled_small", tiny_world, tmp_path_factory.mktemp("coupled"), *keys)


@pytest.fixture(scope="module")
def direct(tiny_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained("ganvo_small", tiny_world, tmp_path_factory.mktemp("direct"), "--ganvo.depth.width", "8")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images") / "street.png"
    coarse = np.random.default_rng(0).integers(0, 255, (16, 40, 3), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(coarse, (320, 128), interpolation=cv2.INTER_CUBIC))
    return path


def test_a_coupled_run_writes_pair_and_depth(coupled: Path, image: Path, tmp_path: Path) -> None:
    arguments = ["depth", str(image), "--weights", str(coupled), "--device", "cpu"]
    assert main([*arguments, "--out", str(tmp_path / "own"), "--matcher", "sgbm"]) == 0
    names = {path.name for path in (tmp_path / "own").iterdir()}
    assert names == {f"street_{part}" for part in ("depth.png", "depth.npy", "color.png", "left.png", "right.png")}
    np.testing.assert_array_equal(decode_image(tmp_path / "own" / "street_left.png"), decode_image(image))
    assert decode_image(tmp_path / "own" / "street_right.png").shape == (128, 320, 3)
    depth = np.load(tmp_path / "own" / "street_depth.npy")
    coded = cv2.imread(str(tmp_path / "own" / "street_depth.png"), cv2.IMREAD_UNCHANGED)
    assert depth.shape == coded.shape == (128, 320)
    np.testing.assert_array_equal(coded > 0, depth > 0)

    other = ["--fill", "--intrinsics", "640,640,160,64", "--out", str(tmp_path / "other")]
    assert main([*arguments, *other]) == 0
    filled = np.load(tmp_path / "other" / "street_depth.npy")
    assert (filled > 0).all()
    ratio = filled[depth > 0] / depth[depth > 0]
    assert np.ptp(ratio) < 1e-3 * ratio.mean()  # one factor: the focal lengths'


@pytest.mark.parametrize("extra", [["--fill"], ["--matcher", "sgbm"], ["--intrinsics", "100,100,64,32"]])
def test_a_direct_generator_takes_no_matcher(
    direct: Path, image: Path, tmp_path: Path, extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["depth", str(image), "--weights", str(direct), "--out", str(tmp_path / "out"), "--device", "cpu"]
    assert main(arguments) == 0
    assert (np.load(tmp_path / "out" / "street_depth.npy") > 0).all()
    assert main([*arguments, *extra]) == 2
    assert "are for weights of the recipe coupled" in capsys.readouterr().err


def test_what_does_not_fit_is_named(
    coupled: Path, image: Path, tiny_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    track = ["track", str(tiny_world / "sequences" / "00"), "--weights", str(coupled), "--out", str(tmp_path / "track")]
    assert main(track) == 2
    assert "recipe coupled, which estimate no motion" in capsys.readouterr().err
    depth = ["depth", str(image), "--out", str(tmp_path / "out"), "--weights"]
    assert main([*depth, str(tmp_path / "nothing")]) == 2
    config = coupled / "checkpoints" / "best" / "config.yaml"
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in config.parent.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    (copy / "model.safetensors").write_bytes(b"no weights")
    assert main([*depth, str(copy)]) == 2
    assert "copy" in capsys.readouterr().err
