"""Mean power of long waves, exact enough for ratios in dB and without a copy of the wave."""

import numpy as np

from goodtake.dsp.stft import Wave

_BLOCK = 1 << 14


def mean_power(wave: Wave) -> float:
    """Returns the mean square over all channels and samples of a wave (channel, time); 0 for an empty one.

    Summed in float32 over short blocks and in double precision across them.
    """
    channels = (np.ascontiguousarray(channel) for channel in wave)
    starts = range(0, wave.shape[-1], _BLOCK)
    total = sum(float(np.vdot(c[at : at + _BLOCK], c[at : at + _BLOCK])) for c in channels for at in starts)
    return total / max(wave.size, 1)


def unit_rms(wave: Wave) -> Wave:
    """Returns the wave (channel, time) at unit rms; silence stays silence."""
    power = mean_power(wave)
    return wave * np.float32(1 / np.sqrt(power)) if power > 0 else wave
