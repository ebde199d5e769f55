from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vo_gan.data.tables import check_times, read_poses, read_table, rows_of_frames
from vo_gan.errors import VoGanError

IDENTITY = "1 0 0 0 0 1 0 0 0 0 1 0\n"


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_windows_line_ends_and_empty_lines_are_read(tmp_path: Path) -> None:
    assert read_table(write(tmp_path / "t.txt", "1 2\r\n\r\n3 4\r\n"), 2, "pairs").tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2\n3 nan\n", "row 2.*not finite"),
        ("1 2\n3 inf\n", "row 2.*not finite"),
        ("1 2\n1,5 2\n", "row 2.*1,5"),
        ("1 2\n3\n", "row 2: has 1 numbers, expected 2"),
        ("", "is empty"),
    ],
)
def test_broken_tables_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(VoGanError, match=rf"t\.txt.*{message}"):
        read_table(write(tmp_path / "t.txt", text), 2, "pairs")


def test_binary_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(VoGanError, match=r"t\.txt"):
        read_table(tmp_path / "t.txt", 2, "pairs")


@pytest.mark.parametrize("columns", [11, 13])
def test_poses_need_twelve_columns(tmp_path: Path, columns: int) -> None:
    with pytest.raises(VoGanError, match=f"has {columns} numbers, expected 12"):
        read_poses(write(tmp_path / "p.txt", " ".join(["1"] * columns)))


def test_nearly_orthonormal_poses_are_read_and_others_refused(tmp_path: Path) -> None:
    assert read_poses(write(tmp_path / "p.txt", IDENTITY + "1.000001 0 0 5 0 1 0 0 0 0 1 0\n"))[1, 0, 3] == 5
    for row in ("1.01 0 0 0 0 1 0 0 0 0 1 0", "-1 0 0 0 0 1 0 0 0 0 1 0", "0 0 0 0 0 0 0 0 0 0 0 0"):
        with pytest.raises(VoGanError, match=r"row 2.*no rotation"):
            read_poses(write(tmp_path / "p.txt", IDENTITY + row))


@pytest.mark.parametrize("times", [[0.0, 0.1, 0.1], [0.0, 0.2, 0.1]])
def test_times_must_increase(times: list[float]) -> None:
    with pytest.raises(VoGanError, match=r"times\.txt, row 3"):
        check_times(np.array(times), Path("times.txt"))


def test_rows_follow_frame_numbers_where_there_are_too_many() -> None:
    path = Path("poses.txt")
    assert rows_of_frames(path, 3, [7, 8, 9]) == [0, 1, 2]
    with pytest.warns(UserWarning, match=r"poses\.txt: has 10 rows for 3 frames"):
        assert rows_of_frames(path, 10, [7, 8, 9]) == [7, 8, 9]
    with pytest.warns(UserWarning, match="the first 3"):
        assert rows_of_frames(path, 5, [7, 8, 9]) == [0, 1, 2]
    with pytest.raises(VoGanError, match="2 rows for 3 frames"):
        rows_of_frames(path, 2, [0, 1, 2])
