"""Kinds of engine, by the name that bundles give."""

from collections.abc import Callable

from goodtake.bundles import Bundle
from goodtake.enhancement.chain.engine import ChainEngine
from goodtake.enhancement.engine import Engine, EngineOptions
from goodtake.enhancement.studio import StudioEngine
from goodtake.errors import BundleError

ENGINES: dict[str, Callable[[Bundle, EngineOptions], Engine]] = {
    "studio": StudioEngine.open,
    "chain": ChainEngine,
}


def open_engine(bundle: Bundle, options: EngineOptions) -> Engine:
    """Returns the engine that runs a bundle.

    Raises:
        BundleError: this version has none, or the bundle is not whole.
        ConfigError: the engine is asked for what it does not have.
    """
    if bundle.engine not in ENGINES:
        raise BundleError(
            f"model {bundle.name} is of kind {bundle.engine!r}, which this version cannot run: "
            f"it knows {', '.join(ENGINES)}"
        )
    return ENGINES[bundle.engine](bundle, options)
