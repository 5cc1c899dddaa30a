"""goodtake makes a take sound like it was recorded in a studio."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goodtake.diagnosis.diagnosis import Diagnosis
    from goodtake.enhancement.enhancer import Enhancer, enhance
    from goodtake.enhancement.survey import diagnose

__version__ = "0.1.0"
__all__ = ["Diagnosis", "Enhancer", "__version__", "diagnose", "enhance"]

_HOMES = {
    "Diagnosis": "goodtake.diagnosis.diagnosis",
    "Enhancer": "goodtake.enhancement.enhancer",
    "diagnose": "goodtake.enhancement.survey",
    "enhance": "goodtake.enhancement.enhancer",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for, so that ``import goodtake`` costs nothing."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'goodtake' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
