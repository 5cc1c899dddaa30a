"""Numbers as people read them, for findings, pictures and the terminal."""


def minus(value: float, digits: int = 1) -> str:
    """Writes a number with a true minus sign, and no minus zero.

    >>> minus(-3.14), minus(-0.01)
    ('−3.1', '0.0')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")
