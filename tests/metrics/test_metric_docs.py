"""The page runs and lists every metric as the registry has it."""

import doctest
from pathlib import Path

from goodtake.metrics import METRICS

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_page() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert (result.failed, result.attempted > 5) == (0, True)


def test_page_lists_every_metric() -> None:
    text = PAGE.read_text()
    for metric in METRICS.values():
        assert (
            f"| `{metric.name}` | {metric.unit} | {metric.direction} | {metric.best:g} |".replace("|  |", "| |") in text
        )
