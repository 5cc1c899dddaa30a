import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from goodtake.errors import ConfigError, UnwritableAudioError
from goodtake.evaluation.rows import ROWS_NAME, RUN_NAME, Row, mend_rows, read_rows, write_row

ROW = Row("a", "folder", "", "song", "all", "nothing", "", 16_000, 1, 2.0, {"mrs": 0.1 + 0.2, "fwssnr": None})


def test_rows_come_back_bit_for_bit_and_in_order(tmp_path):
    rows = [
        ROW,
        replace(
            ROW, clip="b", errors={"mrs": "silent"}, degradation={"noise": {"snr_db": 5.0}}, alignment={"gain_db": 1e-9}
        ),
        replace(ROW, clip="ü", histograms={"rolloff_cents": [0, 3]}, audio={"input": "x.flac"}, shareable=True),
    ]
    for row in rows:
        write_row(tmp_path, row)
    assert list(read_rows(tmp_path)) == rows


@pytest.mark.parametrize("kept", [1, 30, -2, -1])
def test_a_half_written_last_line_is_passed_over_and_overwritten(tmp_path, kept):
    write_row(tmp_path, ROW)
    whole = (tmp_path / ROWS_NAME).read_bytes()
    with (tmp_path / ROWS_NAME).open("ab") as file:
        file.write(whole[:kept])
    assert list(read_rows(tmp_path)) == [ROW]
    write_row(tmp_path, replace(ROW, clip="b"))
    assert [row.clip for row in read_rows(tmp_path)] == ["a", "b"]
    assert (tmp_path / ROWS_NAME).read_bytes().startswith(whole)


def test_a_long_half_line_is_cut_off_whole(tmp_path):
    write_row(tmp_path, ROW)
    with (tmp_path / ROWS_NAME).open("ab") as file:
        file.write(b"{" + b" " * 200_000)
    write_row(tmp_path, replace(ROW, clip="b"))
    assert [row.clip for row in read_rows(tmp_path)] == ["a", "b"]


def test_mending_leaves_whole_lines_only(tmp_path):
    mend_rows(tmp_path)  # nothing there yet
    write_row(tmp_path, ROW)
    whole = (tmp_path / ROWS_NAME).read_bytes()
    for damage in (b"", b"\0\0\0\n", b'{"clip": "b"}\n', b'{"clip"'):
        (tmp_path / ROWS_NAME).write_bytes(whole + damage)
        mend_rows(tmp_path)
        assert (tmp_path / ROWS_NAME).read_bytes() == whole
    (tmp_path / ROWS_NAME).write_bytes(b"{")
    mend_rows(tmp_path)
    assert (tmp_path / ROWS_NAME).read_bytes() == b""


def test_the_last_row_of_a_kind_counts(tmp_path):
    for value in (1.0, 2.0):
        write_row(tmp_path, replace(ROW, metrics={"mrs": value}))
        write_row(tmp_path, replace(ROW, system="other", metrics={"mrs": value + 10}))
    assert [row.metrics["mrs"] for row in read_rows(tmp_path)] == [2.0, 12.0]


def test_rows_of_a_former_version_of_a_system_do_not_count(tmp_path):
    write_row(tmp_path, replace(ROW, digest="old"))
    write_row(tmp_path, replace(ROW, clip="b", digest="new"))
    (tmp_path / RUN_NAME).write_text(json.dumps({"systems": {"nothing": {"digest": "new"}}}))
    assert [row.clip for row in read_rows(tmp_path)] == ["b"]
    (tmp_path / RUN_NAME).write_text("[]")
    with pytest.raises(ConfigError, match=r"run\.json is damaged: delete it"):
        list(read_rows(tmp_path))


def test_bad_files_say_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match=r"rows\.jsonl cannot be read .*: give the folder of an evaluation"):
        list(read_rows(tmp_path))
    (tmp_path / ROWS_NAME).write_text("")
    with pytest.raises(ConfigError, match="holds no rows: run `goodtake evaluate`"):
        list(read_rows(tmp_path))
    write_row(tmp_path, ROW)
    whole = (tmp_path / ROWS_NAME).read_text()
    (tmp_path / ROWS_NAME).write_text("{}\n" + whole)
    with pytest.raises(ConfigError, match="line 1: damaged: delete that line"):
        list(read_rows(tmp_path))
    (tmp_path / ROWS_NAME).write_text(whole.replace('"kind"', '"sort"'))
    with pytest.raises(ConfigError, match="line 1: got an unexpected keyword argument 'sort'"):
        list(read_rows(tmp_path))


def test_a_figure_that_json_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="row of nothing on a: a figure is not finite"):
        write_row(tmp_path, replace(ROW, metrics={"mrs": float("nan")}))
    assert not (tmp_path / ROWS_NAME).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are POSIX")
def test_a_full_disk_leaves_the_rows_before_whole(tmp_path):
    write_row(tmp_path, ROW)
    whole = (tmp_path / ROWS_NAME).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 20, limits[1]))
    try:
        with pytest.raises(UnwritableAudioError, match=r"rows\.jsonl: the "):
            write_row(tmp_path, replace(ROW, clip="b"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert (tmp_path / ROWS_NAME).read_bytes() == whole


def test_processes_write_side_by_side(tmp_path):
    program = (
        "import sys; from pathlib import Path; from goodtake.evaluation.rows import Row, write_row\n"
        "for n in range(200): write_row(Path(sys.argv[1]), Row(f'{sys.argv[2]}{n}', *[''] * 5, '', 1, 1, 1.0, {}))"
    )
    command = [sys.executable, "-c", program, os.fspath(tmp_path)]
    writers = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    clips = [row.clip for row in read_rows(tmp_path)]
    assert sorted(clips) == sorted(f"{name}{n}" for name in "ab" for n in range(200))
    assert [clip for clip in clips if clip[0] == "a"] == [f"a{n}" for n in range(200)]
