"""goodtake makes a take sound like it was recorded in a studio."""

__version__ = "0.1.0"
