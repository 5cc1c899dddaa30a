"""Takes and files that the tests of `goodtake enhance` share."""

from pathlib import Path

import numpy as np

from goodtake.audio import AudioInfo, open_writer

CODECS = {
    ".wav": "pcm",
    ".w64": "pcm",
    ".aiff": "pcm",
    ".caf": "pcm",
    ".flac": "flac",
    ".mp3": "mp3",
    ".ogg": "vorbis",
    ".opus": "opus",
    ".m4a": "aac",
    ".mov": "alac",
    ".mkv": "aac",
    ".webm": "opus",
}
CONTAINERS = {".m4a": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "matroska", ".opus": "ogg"}


def melody(seconds=1.0, sample_rate=44_100, channels=2, seed=0, noise_db=-46.0):
    """Plucked tones, a little apart on each channel, in white noise: (channel, time) float32."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    wave = np.zeros((channels, len(time)))
    for start in np.arange(0, seconds, 0.25):
        since = time - start
        pitch = 220 * 2 ** (rng.integers(0, 24) / 12)
        for partial in range(1, 6):
            tone = np.sin(2 * np.pi * partial * pitch * since) * np.exp(-since * 3 * partial) / partial
            wave += np.where(since >= 0, tone, 0) * rng.uniform(0.05, 0.1, (channels, 1))
    return (wave + 10 ** (noise_db / 20) * rng.standard_normal(wave.shape)).astype(np.float32)


def write(path, wave, sample_rate=44_100, bits=16, is_float=False, codec=None, tags=None, bit_rate=None):
    """Writes (channel, time) in the format that the name says."""
    codec = codec or CODECS[path.suffix]
    lossless = codec in ("pcm", "flac", "alac")
    like = AudioInfo(
        path=Path("-"),
        name="imagined",
        container=CONTAINERS.get(path.suffix, path.suffix[1:]),
        codec=codec,
        sample_rate=sample_rate,
        channels=wave.shape[0],
        frames=wave.shape[1],
        bit_depth=bits if lossless else None,
        is_float=is_float and lossless,
        bit_rate=bit_rate,
        tags=tags or {},
    )
    with open_writer(path, like) as writer:
        writer.write(wave)
    return path


def video(path, wave, sample_rate=48_000):
    """Writes an MP4 of moving pictures with (channel, time) as its sound."""
    import av

    with av.open(str(path), "w") as muxer:
        pictures = muxer.add_stream("mpeg4", rate=25, width=64, height=48)
        sound = muxer.add_stream("aac", rate=sample_rate, layout="stereo")
        rng = np.random.default_rng(0)
        for _ in range(round(25 * wave.shape[1] / sample_rate)):
            picture = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
            muxer.mux(pictures.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        muxer.mux(pictures.encode(None))
        for start in range(0, wave.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave[:, start : start + 1024]), "fltp", "stereo")
            frame.sample_rate, frame.pts = sample_rate, start
            muxer.mux(sound.encode(frame))
        muxer.mux(sound.encode(None))
    return path


def contents(folder):
    """Everything in a folder, byte for byte: {relative name: bytes, or None for a folder}."""
    paths = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in paths}
