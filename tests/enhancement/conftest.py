"""One engine for all tests of files, and the command line in this process."""

import sys
from types import SimpleNamespace

import pytest
from enhance_cases import contents

from goodtake.enhancement.enhancer import Enhancer


@pytest.fixture(scope="session")
def enhancer():
    """Enhances everything: how much a take needs is the model's affair, and tested elsewhere."""
    enhancer = Enhancer(threads=1)
    enhancer.engine.amounts = lambda facts, correction: (1.0, 1.0)
    return enhancer


@pytest.fixture(scope="session")
def idle_enhancer():
    """Finds that no take needs anything."""
    enhancer = Enhancer(threads=1)
    enhancer.engine.amounts = lambda facts, correction: (0.0, 0.0)
    return enhancer


@pytest.fixture
def cli(monkeypatch, capsys):
    """Runs the command line in this process: status, out, err."""

    def call(*words):
        from goodtake.cli.main import run

        monkeypatch.setattr(sys, "argv", ["goodtake", *(str(word) for word in words)])
        capsys.readouterr()
        status = 0
        try:
            run()
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return SimpleNamespace(status=status, out=said.out, err=said.err)

    return call


@pytest.fixture
def refused(cli, tmp_path):
    """Runs a command that must fail with one line on the error stream and change nothing on disk; gives the line."""

    def call(*words):
        before = contents(tmp_path)
        result = cli(*words)
        assert contents(tmp_path) == before
        assert result.status == 1
        assert result.out == ""
        assert result.err.count("\n") == 1, result.err
        assert result.err.startswith("goodtake: ")
        assert "fault" not in result.err
        return result.err.removeprefix("goodtake: ").rstrip("\n")

    return call
