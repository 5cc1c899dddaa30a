"""Which models are there: those inside the package, and any folder given by its path."""

from pathlib import Path

from goodtake.bundles.bundle import CONFIG_NAME, Bundle, load_bundle
from goodtake.errors import BundleError

DEFAULT_MODEL = "studio"
INSTALLED = Path(__file__).parent / "installed"


def installed_models() -> list[str]:
    """Returns the names of the models inside the package."""
    return sorted(path.parent.name for path in INSTALLED.glob(f"*/{CONFIG_NAME}"))


def find_bundle(model: str) -> Bundle:
    """Loads a model by its name or by the path of its folder.

    Raises:
        BundleError: when there is none, or it is damaged.
    """
    if model in installed_models():
        return load_bundle(INSTALLED / model)
    if (Path(model) / CONFIG_NAME).is_file():
        return load_bundle(Path(model))
    names = ", ".join(installed_models()) or "none"
    raise BundleError(f"unknown model {model!r}: installed are {names}; or give the folder of a bundle")
