"""``python -m goodtake``."""

from goodtake.cli.main import run

run()
