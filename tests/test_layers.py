"""Who may import which outside library, and what stays out of memory when somebody only enhances a file.

The layers among goodtake's own packages stand in `.importlinter`.
"""

import ast
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import goodtake

SOURCE = Path(goodtake.__file__).parent
TORCH = ("dsp_torch", "losses", "models", "training")
"""The packages that are torch code; all others work without it."""

CORE_USERS: dict[str, tuple[str, ...]] = {
    "av": ("audio", "datasets", "degrade", "evaluation"),
    "numpy": ("",),
    "onnxruntime": ("bundles", "metrics"),
    "rich": ("cli",),
    "safetensors": ("bundles", "training"),
    "soundfile": ("audio", "datasets", "degrade", "evaluation", "training"),
    "soxr": ("",),
    "typer": ("cli",),
    "yaml": ("bundles", "config", "training"),
}
"""Where a library of the core install may be imported; "" is everywhere."""

OPTIONAL_USERS: dict[str, tuple[str, ...]] = {
    "fluidsynth": ("datasets.render",),
    "jinja2": ("evaluation.report",),
    "markupsafe": ("evaluation.report",),
    "matplotlib": ("training",),
    "mido": ("datasets.render",),
    "noisereduce": ("evaluation",),
    "onnx": ("training",),
    "pyroomacoustics": ("degrade",),
    "torch": (*TORCH, "cli"),
    "visqol": ("metrics",),
    "zimtohrli": ("metrics",),
}
"""Where a library of an extra may be imported."""


def modules() -> list[str]:
    """All modules, without the leading "goodtake."."""
    found = pkgutil.walk_packages([str(SOURCE)], "goodtake.")
    return [info.name.removeprefix("goodtake.") for info in found if not info.name.endswith("__main__")]


def within(module: str, packages: tuple[str, ...]) -> bool:
    return any(package == "" or module == package or module.startswith(package + ".") for package in packages)


def outside_imports() -> Iterator[tuple[str, str, bool]]:
    """Yields importing module, outside library, and whether it is imported along with the module."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = {
            node
            for part in ast.walk(tree)
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            or (isinstance(part, ast.If) and "TYPE_CHECKING" in ast.unparse(part.test))
            for node in ast.walk(part)
        }
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for library in {name.partition(".")[0] for name in names}:
                if library not in sys.stdlib_module_names and library != "goodtake":
                    yield module, library, node not in inner


IMPORTS = list(outside_imports())


def test_the_table_sees_imports() -> None:
    assert ("dsp.stft", "numpy", True) in IMPORTS
    assert ("datasets.render.scores", "mido", False) in IMPORTS


@pytest.mark.parametrize("library", sorted({library for _, library, _ in IMPORTS}))
def test_an_outside_library_stays_in_its_packages(library: str) -> None:
    users = {**CORE_USERS, **OPTIONAL_USERS}
    assert library in users, f"{library} is new: say here which package may import it, and add it to pyproject.toml"
    strangers = {module for module, name, _ in IMPORTS if name == library and not within(module, users[library])}
    assert not strangers, f"{library} is imported by {', '.join(sorted(strangers))}"


def test_an_optional_library_is_imported_when_it_is_needed() -> None:
    early = {(module, library) for module, library, at_top in IMPORTS if at_top and library in OPTIONAL_USERS}
    assert {
        (module, library) for module, library in early if not (library == "torch" and within(module, TORCH))
    } == set()


def test_all_but_the_torch_packages_load_without_any_extra() -> None:
    names = [f"goodtake.{module}" for module in modules() if not within(module, TORCH)]
    assert {"goodtake.enhancement", "goodtake.cli.main", "goodtake.bundles", "goodtake.audio"} <= set(names)
    loaded = modules_loaded_by(*names)
    extras = sorted(({*OPTIONAL_USERS, "scipy"}) & loaded)
    assert not extras, f"importing goodtake without its torch packages loads {', '.join(extras)}"


def test_the_command_line_loads_no_codec_and_no_runtime_before_it_needs_one() -> None:
    assert not {"av", "onnxruntime", "soundfile"} & modules_loaded_by("goodtake.cli.main")


def modules_loaded_by(*names: str) -> set[str]:
    """Imports modules in a fresh interpreter and returns the top-level names that are then in memory."""
    program = f"import sys, {', '.join(names)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())
