"""Writes miniature data sets with the layout of the real ones, out of music made from a seed."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from goodtake.datasets import medley_solos_db
from goodtake.datasets.musdb18 import MIXTURE
from goodtake.datasets.synthetic import SOLOISTS, make_mixture, make_solo, make_stems

RATE = 44_100
COLUMNS = ("path", "part", "kind", "library", "instrument", "licence", "credit", "midi_pitch")


def write(path: Path, wave, rate=RATE, subtype="FLOAT"):
    """Writes (channel, time)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave.T, rate, subtype=subtype)
    return path


def write_folder(root: Path):
    """Three recordings of 3 s, one of them in stereo, in two subfolders."""
    write(root / "home" / "guitar" / "slow tune.wav", make_solo(1, "made guitar", 3.0, RATE))
    write(root / "home" / "flute" / "étude.wav", make_solo(2, "made flute", 3.0, 48_000, 2), 48_000)
    write(root / "song.flac", make_solo(3, "made piano", 3.0, RATE), subtype="PCM_16")
    return root


def write_index(root: Path, rows):
    with (root / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({"part": "dev", **row} for row in rows)


def write_library(root: Path):
    """Five orchestral phrases, two mixes and the notes of a harp, all dev; the phrases end in silence."""
    rows = []
    for number in range(5):
        path = f"dev/phrases/oboe_{number}.wav"
        wave = make_solo(number, "made flute", 1.5 + 0.3 * number, RATE)
        write(root / path, np.pad(wave, [(0, 0), (RATE // 2, RATE // 2)]))
        rows.append({"path": path, "kind": "performance", "library": "Philharmonia", "instrument": "oboe"})
        rows[-1] |= {"licence": "Philharmonia terms", "credit": "Philharmonia Orchestra"}
    for name, licence in (("open", "CC BY 3.0"), ("closed", "all rights reserved")):
        path = f"dev/{name}.wav"
        write(root / path, make_mixture(make_stems(len(name), 4.0, RATE, 2)))
        rows.append({"path": path, "kind": "performance", "library": "band", "instrument": "", "licence": licence})
        rows[-1]["credit"] = f"the {name} band"
    for pitch in range(36, 90, 3):
        path = f"dev/notes/harp_{pitch}.wav"
        time = np.arange(RATE) / RATE
        tone = sum(np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * k * time) / k**2 for k in (1, 2, 3))
        write(root / path, (0.3 * tone * np.exp(-time / 0.4))[None].astype(np.float32))
        licence = "CC0" if pitch < 60 else "CC BY 4.0"
        rows.append({"path": path, "kind": "note", "library": "made", "instrument": "harp", "midi_pitch": pitch})
        rows[-1] |= {"licence": licence, "credit": f"{licence} player"}
    write_index(root, rows)
    return root


@cache
def solo_of_a_clip(instrument):
    return make_solo(1, instrument, 131_072 / RATE, RATE)


def write_medley(root: Path, audio="Medley-solos-DB", annotation=""):
    """Two clips of each instrument and subset, 2.97 s long, from songs of their own, each song louder."""
    (root / annotation).mkdir(parents=True, exist_ok=True)
    rows, song = [], 0
    for subset in medley_solos_db.SUBSETS:
        for identity, instrument in enumerate(medley_solos_db.INSTRUMENTS):
            song += 1
            for take in range(2):
                uuid4 = f"{song:08x}-0000-5000-f000-{take:012x}"
                rows.append((subset, instrument, identity, f"{song:03d}", uuid4))
                wave = np.float32(song / 24) * solo_of_a_clip(SOLOISTS[take])
                write(root / audio / f"Medley-solos-DB_{subset}-{identity}_{uuid4}.wav", wave)
    with (root / annotation / medley_solos_db.METADATA_NAME).open("w", newline="\n", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(medley_solos_db.COLUMNS)
        writer.writerows(rows)
    return root


@cache
def song_waves(number, seconds=3.0, vocals_from_s=0.0):
    """Mixture and stems of a made song in stereo at 44.1 kHz; the voice may come in late."""
    stems = make_stems(number, seconds, RATE, 2)
    stems["vocals"][:, : round(vocals_from_s * RATE)] = 0
    return {MIXTURE: make_mixture(stems), **stems}


def write_musdb(root: Path):
    """Two songs to train on and three to test, 3 s each, in the layout of MUSDB18-HQ."""
    for split, numbers in (("train", (1, 2)), ("test", (3, 4, 5))):
        for number in numbers:
            for sound, wave in song_waves(number).items():
                write(root / split / f"Made Band - Song {number}" / f"{sound}.wav", wave, subtype="PCM_24")
    return root


def write_stem_mp4(path: Path, waves):
    """Writes a song as MUSDB18 has it: five AAC streams."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4") as container:
        order = ("mixture", "drums", "bass", "other", "vocals")
        streams = [container.add_stream("aac", rate=RATE, layout="stereo") for _ in order]
        for stream in streams:
            stream.bit_rate = 256_000
        for sound, stream in zip(order, streams, strict=True):
            for start in range(0, waves[sound].shape[1], 1024):
                piece = np.ascontiguousarray(waves[sound][:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts = RATE, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def write_dns(root: Path):
    """Rooms of the DNS challenge: five simulated, two measured with noises beside them; and a noise elsewhere."""
    rng = np.random.default_rng(6)
    responses = root / "datasets" / "impulse_responses"
    simulated, collection = responses / "SLR26" / "simulated_rirs_16k", responses / "SLR28" / "RIRS_NOISES"
    measured = collection / "real_rirs_isotropic_noises"
    decay = np.exp(-np.arange(3200) / 400)
    for number, path in enumerate(
        (
            simulated / "smallroom" / "Room001" / "Room001-00001.wav",
            simulated / "smallroom" / "Room001" / "Room001-00002.wav",
            simulated / "mediumroom" / "Room002" / "Room002-00001.wav",
            simulated / "largeroom" / "Room001" / "Room001-00001.wav",
            collection / "simulated_rirs" / "smallroom" / "Room001" / "Room001-00001.wav",
            measured / "air_type1_air_binaural_office_0_1.wav",
            measured / "RVB2014_type1_rir_largeroom1_far_angla.wav",
        )
    ):
        rir = 0.1 * decay * rng.standard_normal((8 if "RVB" in path.name else 1, 3200))
        rir[:, : 100 + number], rir[:, 100 + number] = 0.0, 1.0
        write(path, rir.astype(np.float32), 16_000)
    noise = 0.1 * rng.standard_normal((1, 8000)).astype(np.float32)
    write(measured / "RVB2014_type1_noise_largeroom1_1.wav", noise, 16_000)
    write(collection / "pointsource_noises" / "noise-free-sound-0000.wav", noise, 16_000)
    write(root / "datasets" / "noise" / "door.wav", noise, 16_000)
    return root


def write_ace(root: Path):
    """Noises of two devices in three rooms as the ACE corpus has them, 2 s long, with a room response beside them."""
    rng = np.random.default_rng(7)
    single = root / "ACE_Corpus_RIRN_Single" / "Single"
    for path, channels in (
        (single / "Lecture_Room_2" / "1" / "Single_403a_1_Ambient.wav", 1),
        (single / "Lecture_Room_2" / "1" / "Single_403a_1_Babble_2.wav", 1),
        (single / "Lecture_Room_2" / "1" / "Single_403a_1_RIR.wav", 1),
        (single / "Lecture_Room_2" / "2" / "Single_403a_2_Fan.wav", 1),
        (single / "Building_Lobby" / "1" / "Single_EE_lobby_1_Babble.wav", 1),
        (root / "ACE_Corpus_RIRN_Chromebook" / "Chromebook" / "Office_1" / "1" / "Chromebook_502_1_Fan.wav", 2),
    ):
        write(path, 0.1 * rng.standard_normal((channels, 96_000)).astype(np.float32), 48_000)
    return root
