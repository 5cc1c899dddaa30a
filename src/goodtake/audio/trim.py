"""Make the length of encoded sound exact where the container leaves it to the packets: MP4, MOV, Matroska.

A codec works in frames of fixed size and adds a delay, so that the packets hold more samples than were given to it.
Packets behind the last sample are dropped; the last one is marked with how much of it counts, as a duration (the sample
table of MP4) and as side data (``DiscardPadding`` of Matroska).
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from av.packet import Packet, PacketSideData

    AnyPacket = Packet[Any]

# More than any codec's delay and padding together.
HELD_PACKETS = 4


class PacketTrimmer:
    """Passes packets on, the last few only when the length of the sound is known.

    Args:
        frame_size: samples per channel in each packet.
        sample_rate: in Hz.
    """

    def __init__(self, frame_size: int, sample_rate: int) -> None:
        self.frame_size, self.sample_rate = frame_size, sample_rate
        self.delay = 0
        self._held: deque[AnyPacket] = deque()
        self._count = 0

    def feed(self, packets: Iterable[AnyPacket]) -> Iterator[AnyPacket]:
        """Take packets and yield those that are certainly needed."""
        for packet in packets:
            if not packet.size:
                continue
            if not self._count and packet.pts is not None:
                self.delay = max(-packet.pts, 0)
            self._held.append(packet)
            self._count += 1
            if len(self._held) > HELD_PACKETS:
                yield self._held.popleft()

    def finish(self, frames: int) -> Iterator[AnyPacket]:
        """Yield the rest of the packets of a sound with ``frames`` samples per channel."""
        needed = -(-(self.delay + frames) // self.frame_size)
        while self._held and self._count > needed:
            self._held.pop()
            self._count -= 1
        surplus = self._count * self.frame_size - self.delay - frames
        while self._held:
            packet = self._held.popleft()
            if not self._held and 0 < surplus < self.frame_size:
                packet.duration = round((self.frame_size - surplus) / self.sample_rate / packet.time_base)
                _discard_padding(surplus).to_packet(packet)
            yield packet


def _discard_padding(samples: int) -> PacketSideData:
    """Side data that tells a decoder to drop samples from the end of a packet.

    PyAV makes none from nothing, but an Opus encoder that gets a single sample hands one out, which is then rewritten.
    """
    import av
    from av.packet import PacketSideData

    donor: Any = av.CodecContext.create("libopus", "w")
    donor.sample_rate, donor.layout, donor.format = 48_000, "mono", "flt"
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1), np.float32), format="flt", layout="mono")
    frame.sample_rate, frame.pts = 48_000, 0
    last = [*donor.encode(frame), *donor.encode(None)][-1]
    side_data = PacketSideData.from_packet(last, "skip_samples")
    side_data.update(struct.pack("<IIBB", 0, samples, 0, 0))
    return side_data
