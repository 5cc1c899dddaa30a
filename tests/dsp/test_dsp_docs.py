"""The examples in the page and in the docstrings run."""

import doctest
from pathlib import Path

import pytest

from goodtake.dsp import convolution, filters, loudness, mel

PAGE = Path(__file__).parents[2] / "docs" / "dsp.md"


def test_page() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert (result.failed, result.attempted > 5) == (0, True)


@pytest.mark.parametrize("module", [convolution, filters, loudness, mel])
def test_docstrings(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_page_names_every_module() -> None:
    text = PAGE.read_text()
    sources = Path(filters.__file__).parent.glob("[a-z]*.py")
    assert [path.stem for path in sources if f"`{path.stem}`" not in text] == []
