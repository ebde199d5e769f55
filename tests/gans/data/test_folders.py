from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from vo_gan.errors import VoGanError
from vo_gan.gans.data import DataBatches, GanDataConfig, open_data
from vo_gan.gans.data.images import Framing, read_depth, read_image, resize, write_image
from vo_gan.gans.data.words import word_numbers

PLAIN: dict[str, Any] = {"enlarge": 1.0, "flip": False, "batch": 2, "workers": 0}


def config(source: Path, **more: Any) -> GanDataConfig:
    return GanDataConfig(str(source), **(PLAIN | more))


def everything(data: Any) -> Any:
    return data.batch(range(len(data)), np.random.default_rng(0))


def picture(path: Path, value: int, size: tuple[int, int] = (8, 6), kind: type = np.uint8, channels: int = 3) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((size[1], size[0], channels), value, kind)
    image[..., 0] = value // 2  # blue
    if path.suffix == ".npy":
        np.save(path, image)
    else:
        cv2.imwrite(str(path), image)


def test_eight_and_sixteen_bits_and_any_channels(tmp_path: Path) -> None:
    picture(tmp_path / "8.png", 255)
    picture(tmp_path / "16.png", 65535, kind=np.uint16)
    picture(tmp_path / "5.npy", 65535, kind=np.uint16, channels=5)
    for name in ("8.png", "16.png"):
        image = read_image(tmp_path / name)
        assert image.shape == (3, 6, 8)
        np.testing.assert_allclose(image[:, 0, 0], [1, 1, 0], atol=0.01)  # RGB
    assert read_image(tmp_path / "5.npy").shape == (5, 6, 8)
    assert read_image(tmp_path / "8.png", 1).shape == (1, 6, 8)
    with pytest.raises(VoGanError, match=r"5\.npy has 5 channels, expected 3"):
        read_image(tmp_path / "5.npy", 3)


@pytest.mark.parametrize(("channels", "bits"), [(1, 8), (3, 8), (3, 16), (4, 16), (2, 8)])
def test_what_is_written_is_read_again(tmp_path: Path, channels: int, bits: int) -> None:
    image = np.random.default_rng(0).uniform(-1, 1, (channels, 5, 7)).astype(np.float32)
    path = write_image(tmp_path / "x.png", image, bits)
    np.testing.assert_allclose(read_image(path), image, atol=1.1 / (2**bits - 1))


@pytest.mark.parametrize("content", [b"", b"no image", b"\x93NUMPY"])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    for name in ("x.png", "x.npy"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(VoGanError, match=rf"{name} cannot be read"):
            read_image(tmp_path / name)
    with pytest.raises(VoGanError, match="No such file"):
        read_image(tmp_path / "none.png")


def test_a_pair_is_framed_alike(tmp_path: Path) -> None:
    ramp = np.arange(48, dtype=np.uint8).reshape(6, 8)
    for folder in ("A", "B"):
        (tmp_path / folder).mkdir()
        for number in range(4):
            cv2.imwrite(str(tmp_path / folder / f"{number}.png"), ramp)
    data, _ = open_data(config(tmp_path, width=4, height=4, resize=False, flip=True), "aligned")
    crops = set()
    for batch in DataBatches(data, 1):
        assert torch.equal(batch.first, batch.second)  # type: ignore[attr-defined]
        crops.add(batch.first.numpy().tobytes())  # type: ignore[attr-defined]
    assert len(crops) > 1
    assert everything(data).aligned


def test_validation_is_framed_without_chance(tmp_path: Path) -> None:
    for number in range(10):
        picture(tmp_path / f"{number}.png", 20 * number)
    _, unseen = open_data(config(tmp_path, width=4, height=4, resize=False, flip=True, held_out=0.3), "images")
    assert len(unseen) == 3
    made = [unseen.batch([0], np.random.default_rng(seed)).images for seed in range(5)]  # type: ignore[attr-defined]
    assert all(torch.equal(made[0], other) for other in made)


def test_halves_of_one_image(tmp_path: Path) -> None:
    for number in range(4):
        image = np.zeros((6, 16, 3), np.uint8)
        image[:, 8:] = 255
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    data, _ = open_data(config(tmp_path), "aligned")
    batch = everything(data)
    assert data.shape.first == data.shape.second == [3, 6, 8]
    assert (batch.first == -1).all()
    assert (batch.second == 1).all()


def test_pairs_belong_together_by_name(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        picture(tmp_path / "A" / f"{number}.png", number)
    for number in (2, 10, 11):
        picture(tmp_path / "other" / f"{number}.jpg", number)
    data, unseen = open_data(config(tmp_path / "A", second=str(tmp_path / "other")), "aligned")
    names = [*everything(data).names, *everything(unseen).names]
    assert [Path(name).stem for name in names] == ["2", "10"]
    picture(tmp_path / "C" / "99.png", 1)
    with pytest.raises(VoGanError, match="no images of the same name"):
        open_data(config(tmp_path / "A", second=str(tmp_path / "C")), "aligned")


def world(folder: Path, value: int, frames: int = 6) -> Path:
    for sequence in ("00", "01"):
        for number in range(frames):
            picture(folder / "sequences" / sequence / "image_2" / f"{number:06d}.png", value + number)
            picture(folder / "sequences" / sequence / "image_3" / f"{number:06d}.png", 255)
            depth = np.full((6, 8), 256 * (number + 1), np.uint16)
            depth[0] = 0
            (folder / "sequences" / sequence / "depth_2").mkdir(exist_ok=True)
            cv2.imwrite(str(folder / "sequences" / sequence / "depth_2" / f"{number:06d}.png"), depth)
    return folder


def test_drives_give_image_and_depth(tmp_path: Path) -> None:
    data, _ = open_data(config(world(tmp_path / "w", 10)), "aligned")
    assert (data.shape.first[0], data.shape.second[0], data.shape.bits) == (3, 1, [8, 16])
    batch = everything(data)
    assert (batch.second[:, :, 0] == 1).all()  # unknown is far
    assert batch.second[0, 0, 3, 3] == pytest.approx(-1)  # one metre
    assert batch.second[1, 0, 3, 3] == pytest.approx(2 * np.log(2) / np.log(80) - 1, abs=1e-5)
    with pytest.raises(VoGanError, match="no depth image"):
        read_depth(tmp_path / "w" / "sequences" / "00" / "image_2" / "000000.png")


def test_two_worlds_are_two_domains(tmp_path: Path) -> None:
    fog, clear = world(tmp_path / "fog", 100), world(tmp_path / "clear", 10)
    data, unseen = open_data(config(fog, second=str(clear), held_out=0.25), "unaligned")
    batches = [data.batch([0], np.random.default_rng(seed)) for seed in range(20)]
    assert len({float(batch.second.mean()) for batch in batches}) > 2  # type: ignore[attr-defined]
    pairs = everything(unseen)
    assert pairs.aligned
    assert not everything(data).aligned
    difference = (pairs.first - pairs.second) * 127.5
    assert difference[:, 0].numpy() == pytest.approx(90, abs=0.1)
    classes, _ = open_data(config(tmp_path), "labelled")
    assert classes.shape.classes == ["clear", "fog"]
    labelled = everything(classes)
    assert [label for label in labelled.labels.tolist() if label] == [1] * 11
    assert all(("fog" in Path(n).parts) == bool(k) for n, k in zip(labelled.names, labelled.labels, strict=True))


def test_sharp_images_are_blurred_on_the_fly(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), noise)
    data, unseen = open_data(config(tmp_path, width=24, height=24, resize=False, kernel=17, length=10.0), "blurred")
    one, other = (data.batch([0], np.random.default_rng(seed)) for seed in (0, 1))
    assert one.first.std() < 0.8 * one.second.std()  # type: ignore[attr-defined]
    assert one.first.mean().item() == pytest.approx(one.second.mean().item(), abs=0.1)  # type: ignore[attr-defined]
    assert not torch.equal(one.first, other.first)  # type: ignore[attr-defined]
    same = [unseen.batch([0], np.random.default_rng(7)).first for _ in range(2)]  # type: ignore[attr-defined]
    assert torch.equal(*same)


def captioned(folder: Path, rows: list[str]) -> Path:
    for number in range(6):
        picture(folder / f"{number}.png", 40 * number)
    (folder / "captions.csv").write_text("file,caption,class\n" + "\n".join(rows) + "\n")
    return folder


def test_captions_of_another_class_are_wrong(tmp_path: Path) -> None:
    rows = [f"{number}.png,picture {number // 2} of {number},{number // 2}" for number in range(6)]
    data, _ = open_data(config(captioned(tmp_path, rows), flip=True), "captioned")
    own = {number: word_numbers([f"picture {number}"])[0, 1].item() for number in range(3)}
    for seed in range(10):
        batch = data.batch(range(len(data)), np.random.default_rng(seed))
        groups = [int(Path(name).stem) // 2 for name in batch.names]
        assert all(wrong[1] != own[group] for wrong, group in zip(batch.wrong, groups, strict=True))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["0.png,a dog,dog", "1.png,a cat,dog"], "two classes"),
        (["9.png,a dog,dog"], r"line 2: .*9\.png does not exist"),
        (["0.png,,dog"], "line 2: expected values"),
        (["0.png,a dog,dog", "1.png,a dog,cat", "2.png,a dog,cat"], "differs from 'a dog'"),
    ],
)
def test_useless_captions_are_named(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(VoGanError, match=message):
        everything(open_data(config(captioned(tmp_path, rows)), "captioned")[0])


@pytest.mark.parametrize("need", ["samples", "labelled", "aligned", "unaligned", "blurred", "captioned"])
def test_missing_data_are_named(tmp_path: Path, need: Any) -> None:
    with pytest.raises(VoGanError, match="give --data"):
        open_data(GanDataConfig(), need)
    with pytest.raises(VoGanError, match="nowhere"):
        open_data(config(tmp_path / "nowhere"), need)
    with pytest.raises(VoGanError, match=str(tmp_path)):
        open_data(config(tmp_path), need)


def test_built_in_data_serve_only_some_needs() -> None:
    with pytest.raises(VoGanError, match="ring does not serve"):
        open_data(GanDataConfig("ring"), "images")
    with pytest.raises(VoGanError, match="square"):
        open_data(GanDataConfig("digits", width=16), "samples")


def test_too_large_a_crop_is_refused() -> None:
    framing = Framing(10, 10, resize=False)
    with pytest.raises(VoGanError, match="cannot crop 10x10 from images of 8x20"):
        framing([np.zeros((3, 20, 8), np.float32)], np.random.default_rng(0))


def test_resizing_keeps_the_mean_and_nearest_keeps_values() -> None:
    image = np.random.default_rng(0).uniform(-1, 1, (2, 8, 12)).astype(np.float32)
    assert resize(image, (6, 4)).mean() == pytest.approx(image.mean(), abs=1e-6)
    assert set(resize(image, (5, 3), smooth=False).ravel()) <= set(image.ravel())
