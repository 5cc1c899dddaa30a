"""docs/systems.md names every kind and option, with their defaults, and its recipes can be read."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from goodtake.config import build
from goodtake.evaluation.recipe import Benchmark
from goodtake.evaluation.systems import SYSTEMS, kind_of
from goodtake.evaluation.systems.afftdn import AfftdnOptions
from goodtake.evaluation.systems.command import CommandOptions
from goodtake.evaluation.systems.mel_oracle import MelOracleOptions
from goodtake.evaluation.systems.musecoder import SamplingOptions
from goodtake.evaluation.systems.noise_gate import GateOptions
from goodtake.evaluation.systems.ratio_mask import RatioMaskOptions
from goodtake.evaluation.systems.wiener import WienerOptions

PAGE = (Path(__file__).parents[2] / "docs" / "systems.md").read_text(encoding="utf-8")
OPTIONS = (
    GateOptions,
    AfftdnOptions,
    WienerOptions,
    MelOracleOptions,
    RatioMaskOptions,
    SamplingOptions,
    CommandOptions,
)


def test_every_kind_has_its_line() -> None:
    table = PAGE.partition("## Kinds")[2].partition("##")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(SYSTEMS)
    marked = re.findall(r"^\| `(\w+)` .*\| yes \|$", table, re.MULTILINE)
    assert marked == [kind for kind, made in SYSTEMS.items() if made.oracle]  # type: ignore[attr-defined]


def test_every_option_has_its_line_and_default() -> None:
    table = PAGE.partition("## Options")[2].partition("##")[0]
    told = {
        name: float(default) for name, default in re.findall(r"^\|[^|]*\| `(\w+)` \| ([^ ]+) \|", table, re.MULTILINE)
    }
    assert told == {field.name: field.default for options in OPTIONS for field in fields(options)}


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_recipes_can_be_read(text: str) -> None:
    benchmark = build(Benchmark, {"name": "page", **yaml.safe_load(text)}, "docs/systems.md")
    assert {kind_of(spec) for spec in benchmark.systems if not isinstance(spec, str)} <= set(SYSTEMS)
