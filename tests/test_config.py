from __future__ import annotations

from pathlib import Path

import pytest

from vo_gan.config import Config, config_from, load_config, to_plain
from vo_gan.errors import VoGanError

FOLDER = Path(__file__).parents[1] / "configs"
CONFIGS = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("ablations/*.yaml")])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configurations_are_valid_and_named_like_their_file(path: Path) -> None:
    assert load_config(path).name == path.stem


def test_an_ablation_is_its_base_but_for_what_it_says() -> None:
    base = to_plain(load_config(FOLDER / "sganvo_small.yaml"))
    ablation = to_plain(load_config(FOLDER / "ablations" / "layers_2.yaml"))
    assert ablation["sganvo"]["stack"].pop("layers") == 2
    assert base["sganvo"]["stack"].pop("layers") == 3
    assert ablation | {"name": "sganvo_small"} == base


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")
    with pytest.raises(VoGanError, match=r"extends itself, by way of .*b\.yaml"):
        load_config(tmp_path / "a.yaml")
    (tmp_path / "c.yaml").write_text("extends: [a.yaml]\n")
    with pytest.raises(VoGanError, match="extends names one YAML file"):
        load_config(tmp_path / "c.yaml")
    (tmp_path / "d.yaml").write_text("extends: none.yaml\n")
    with pytest.raises(VoGanError, match=r"none\.yaml does not exist"):
        load_config(tmp_path / "d.yaml")


def test_plain_round_trip() -> None:
    config = load_config(CONFIGS[0], ["--ganvo.pose.net", "pairwise"])
    assert config_from(to_plain(config), "x") == config
    assert config.ganvo.pose.net == "pairwise"


def test_command_line_overrides_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("data: {width: 192, batch: 2}\n")
    config = load_config(path, ["--data.width", "320", "--training.steps=7", "--data.drives", "00[0:150],01"])
    assert (config.data.width, config.data.batch, config.training.steps) == (320, 2, 7)
    assert config.data.drives == ["00[0:150]", "01"]


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("")
    assert load_config(tmp_path / "c.yaml") == Config()


@pytest.mark.parametrize(
    ("text", "overrides", "message"),
    [
        ("data: {rot: x}", [], r"unknown key data\.rot; did you mean data\.root"),
        ("learning_rate: 1", [], r"did you mean ganvo\.learning_rate"),
        ("", ["--trainin.steps", "3"], r"did you mean training\.steps"),
        ("data: {width: wide}", [], r"data\.width.*int.*wide"),
        ("ganvo: {pose: {net: lstmm}}", [], r"ganvo\.pose\.net.*lstmm"),
        ("data: 3", [], r"data is a section"),
        ("- 1", [], r"expected `key: value`"),
        ("a: [", [], r"cannot be read as YAML"),
        ("x: !!python/object/apply:os.system ['true']", [], r"cannot be read as YAML"),
        ("", ["--data.root"], r"--data\.root needs a value"),
        ("", ["data.root"], r"unexpected argument"),
        ("data: {root: x}", ["--data.root.deeper", "3"], r"root holds a value"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, overrides: list[str], message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(VoGanError, match=message):
        load_config(path, overrides)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VoGanError, match=r"none\.yaml does not exist"):
        load_config(tmp_path / "none.yaml")
