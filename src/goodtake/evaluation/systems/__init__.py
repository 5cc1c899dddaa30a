"""Systems that a benchmark can name: doing nothing, classical methods, oracles, engines, commands, finished outputs."""

from collections.abc import Callable

from goodtake.errors import ConfigError
from goodtake.evaluation.recipe import Benchmark, SystemSpec
from goodtake.evaluation.systems.afftdn import Afftdn
from goodtake.evaluation.systems.base import Case, System
from goodtake.evaluation.systems.command import Command
from goodtake.evaluation.systems.engine import Engine
from goodtake.evaluation.systems.finished import Finished
from goodtake.evaluation.systems.mel_oracle import MelOracle
from goodtake.evaluation.systems.musecoder import MusecoderOracle
from goodtake.evaluation.systems.noise_gate import NoiseGate
from goodtake.evaluation.systems.nothing import Nothing
from goodtake.evaluation.systems.outputs import CheckedSystem
from goodtake.evaluation.systems.ratio_mask import RatioMask
from goodtake.evaluation.systems.wiener import Wiener

__all__ = ["SYSTEMS", "Case", "System", "kind_of", "make_system"]

SYSTEMS: dict[str, Callable[[SystemSpec], System]] = {
    "nothing": Nothing,
    "noisereduce": NoiseGate,
    "afftdn": Afftdn,
    "wiener": Wiener,
    "griffinlim": MelOracle,
    "musecoder": MusecoderOracle,
    "irm": RatioMask,
    "engine": Engine,
    "command": Command,
    "folder": Finished,
}
"""What makes a system of each kind from its specification; docs/systems.md has the table."""

FIELDS = ("engine", "command", "folder")
"""Fields of a specification that are kinds of their own."""

NEEDED = {"musecoder": "engine"}
"""Field that a kind needs, where it is not its name."""


def kind_of(spec: SystemSpec) -> str:
    """Returns the kind of a system: the one it names, or what its filled field says, or its name."""
    return spec.kind or next((field for field in FIELDS if getattr(spec, field)), spec.name)


def make_system(spec: SystemSpec | str, benchmark: Benchmark) -> System:
    """Makes a system ready to run; its outputs are checked (`outputs.CheckedSystem`).

    Args:
        spec: the system, or its name when it needs no options.
        benchmark: that names it.

    Raises:
        ConfigError: an unknown kind, fields or options that do not go together, or values that cannot be.
        BundleError: its engine is unknown or damaged.
        DatasetError: its folder is missing.
        MissingExtraError: it needs a package that is not installed.
    """
    spec = SystemSpec(spec) if isinstance(spec, str) else spec
    where = f"benchmark {benchmark.name}: system {spec.name}"
    kind = kind_of(spec)
    filled = [field for field in FIELDS if getattr(spec, field)]
    if len(filled) > 1:
        raise ConfigError(f"{where} has both {filled[0]} and {filled[1]}: keep one, or make two systems of it")
    if kind not in SYSTEMS:
        raise ConfigError(
            f"{where}: unknown kind {kind!r}: use one of {', '.join(SYSTEMS)}; "
            f"an engine is named as  {{name: {spec.name}, engine: {spec.name}}}"
        )
    wanted = NEEDED.get(kind, kind)
    if filled and filled != [wanted]:
        raise ConfigError(f"{where} is of kind {kind!r} but has {filled[0]}: leave one of them out")
    if wanted in FIELDS and not filled:
        raise ConfigError(f"{where} is of kind {kind!r} but does not say which: fill in {wanted}")
    if kind != "engine" and spec.strength != 1.0:
        raise ConfigError(f"{where} has a strength, which only engines have: leave it out")
    if spec.options and kind in ("nothing", "folder"):
        raise ConfigError(f"{where} has options, but kind {kind!r} has none: leave them out")
    return CheckedSystem(spec.name, SYSTEMS[kind](spec))
