"""Numbers as people read them, for findings, pictures and the terminal."""


def seconds(duration_s: float) -> str:
    """Writes a length of time.

    >>> seconds(0.0123), seconds(8.25), seconds(61.4), seconds(7322)
    ('12.3 ms', '8.2 s', '1 min 1 s', '2 h 2 min')
    """
    if duration_s < 1:
        return f"{1000 * duration_s:.3g} ms"
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    minutes, rest = divmod(round(duration_s), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def minus(value: float, digits: int = 1) -> str:
    """Writes a number with a true minus sign, and no minus zero.

    >>> minus(-3.14), minus(-0.01)
    ('−3.1', '0.0')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")
