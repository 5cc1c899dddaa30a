"""A laboratory for the runner: clips from memory, systems by name."""

import pytest
from bench import Louder, Sources

from goodtake.evaluation import plan, trial
from goodtake.evaluation.systems.outputs import CheckedSystem


@pytest.fixture
def lab(monkeypatch):
    """Clips from memory and systems by name, in place of the real ones."""

    class Lab:
        sources = Sources()
        systems: dict[str, Louder]

    Lab.systems = {}

    def given(spec):
        return CheckedSystem(spec.name, Lab.systems[spec.name]) if spec.name in Lab.systems else None

    monkeypatch.setattr(plan, "clips_of", lambda *words: Lab.sources(*words))
    real = trial.make_system
    monkeypatch.setattr(trial, "make_system", lambda spec, b: given(spec) or real(spec, b))
    return Lab
