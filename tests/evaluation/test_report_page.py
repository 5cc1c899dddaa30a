"""The HTML page: whole, self-contained, safe, and alive in a real browser."""

import base64
import http.server
import io
import json
import re
import shutil
import subprocess
import threading
from html.parser import HTMLParser
from pathlib import Path

import av
import numpy as np
import pytest
from report_cases import ENHANCE, RATE, enhance_rows, write_run_with_sound

from goodtake.dsp.loudness import integrated_loudness
from goodtake.evaluation.report.measures import Options
from goodtake.evaluation.report.sound import (
    IMAGE_ROWS,
    LOWEST_HZ,
    match_loudness,
    mp3_bytes,
    spectrogram_levels,
    spectrogram_png,
)
from goodtake.evaluation.report.write import Wishes, write_report

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
VERSIONS = ["Reference", "Input", "wiener", "studio", "bound †"]


class Page(HTMLParser):
    """Collects elements and complains of tags that do not fit together."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            found for name, found in self.elements if name == tag and all(found.get(k) == v for k, v in wanted.items())
        ]


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    root = tmp_path_factory.mktemp("page")
    run = write_run_with_sound(root / "run", ENHANCE, enhance_rows(clips=4), ("bound",), seconds=2.0)
    write_report([run], root / "out", Wishes(formats=("html",), options=Options(resamples=100), players=2))
    return (root / "out" / "report.html").read_text(encoding="utf-8")


def test_the_page_is_whole(page):
    parsed = Page(page)
    assert (parsed.faults, parsed.open) == ([], [])
    ids = [found["id"] for _, found in parsed.elements if found.get("id")]
    assert len(ids) == len(set(ids))
    targets = [found["href"] for found in parsed.all("a")]
    assert {target[1:] for target in targets} <= set(ids)  # every link leads to a place on the page
    assert parsed.all("html", lang="en")
    assert all(found.get("alt") for found in parsed.all("img"))
    assert all(found.get("aria-label") for found in parsed.all("audio"))
    assert all(found.get("aria-label") for found in parsed.all("svg", role="img"))


def test_the_page_needs_nothing_else(page):
    parsed = Page(page)
    for tag, found in parsed.elements:
        for key in ("src", "href", "data", "poster", "action", "srcset"):
            value = found.get(key) or ""
            assert value.startswith(("data:", "#")) or not value, f"{tag} {key}={value[:60]}"
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(", page)
    assert "http" not in re.sub(r"data:[^\"]*", "", page)


def test_text_of_others_is_text(page):
    assert "Made-up &lt;figures&gt; &amp; more" in page
    assert "The &lt;Players&gt;" in page
    assert "<figures>" not in page
    assert "<Players>" not in page


def test_players_hold_every_version(page):
    parsed = Page(page)
    assert len(parsed.all("article")) == 2
    sounds = [found["src"] for found in parsed.all("audio")]
    pictures = [found["src"] for found in parsed.all("img")]
    assert (len(sounds), len(pictures)) == (10, 10)
    assert all(sound.startswith("data:audio/mpeg;base64,") for sound in sounds)
    assert re.findall(r'<span class="name"[^>]*>([^<]*)</span>', page) == 2 * VERSIONS
    assert "noise coloured, SNR 5.0 dB" in page
    assert "CC BY 4.0" in page
    pitches = [loudest_hz(base64.b64decode(sound.partition(",")[2])) for sound in sounds[:5]]
    assert pitches == pytest.approx([440, 550, 660, 880, 1100], abs=2)  # each player plays what it says


def decoded(content: bytes) -> tuple[np.ndarray, int]:
    with av.open(io.BytesIO(content)) as file:
        frames = [frame.to_ndarray() for frame in file.decode(audio=0)]
        return np.concatenate(frames, axis=1), file.streams.audio[0].rate


def loudest_hz(content: bytes) -> float:
    wave, rate = decoded(content)
    spectrum = np.abs(np.fft.rfft(wave[0] * np.hanning(wave.shape[1])))
    return float(np.argmax(spectrum) * rate / wave.shape[1])


def test_versions_are_equally_loud_and_do_not_clip():
    rng = np.random.default_rng(3)
    loud = np.tanh(3 * rng.standard_normal((2, RATE))).astype(np.float32)
    peaky = np.zeros((2, RATE), np.float32)
    peaky[:, ::4000] = 0.9
    matched = match_loudness({"loud": loud, "soft": 0.01 * loud, "peaky": peaky, "silent": 0 * loud}, RATE)
    found = {name: integrated_loudness(wave, RATE) for name, wave in matched.waves.items()}
    assert found.pop("silent") == -np.inf
    assert max(found.values()) - min(found.values()) < 0.05
    assert max(np.abs(wave).max() for wave in matched.waves.values()) <= 0.9001
    assert matched.gains_db["soft"] - matched.gains_db["loud"] == pytest.approx(40, abs=0.01)
    assert match_loudness({"a": 0 * loud}, RATE).loudness_lufs is None


@pytest.mark.parametrize(("rate", "channels", "most_kbps"), [(16_000, 1, 52), (44_100, 2, 165), (96_000, 1, 85)])
def test_sound_is_compressed_and_as_long_as_it_was(rate, channels, most_kbps):
    time = np.arange(3 * rate) / rate
    wave = np.stack([0.3 * np.sin(2 * np.pi * 500 * (place + 1) * time) for place in range(channels)]).astype(
        np.float32
    )
    content = mp3_bytes(wave, rate)
    assert 8 * len(content) / 3000 < most_kbps
    back, back_rate = decoded(content)
    assert back.shape[0] == channels
    assert back.shape[1] / back_rate == pytest.approx(3.0, abs=0.15)
    assert loudest_hz(content) == pytest.approx(500, abs=1)


def test_a_spectrogram_shows_a_tone_where_it_is():
    time = np.arange(2 * RATE) / RATE
    wave = (np.sin(2 * np.pi * 1000 * time) * (time > 1)).astype(np.float32)[None]
    levels = spectrogram_levels(wave, RATE)
    row = IMAGE_ROWS * (1 - np.log(1000 / LOWEST_HZ) / np.log(RATE / 2 / LOWEST_HZ))
    found = int(np.argmax(levels[:, -40]))
    assert abs(found - row) <= 1.5
    assert levels[:, :100].max() < levels.max() - 60  # silent before
    png = spectrogram_png(levels, float(levels.max()))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    with av.open(io.BytesIO(png)) as file:
        image = next(file.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert image.shape[:2] == levels.shape
    assert image[found, -40].sum() > 600  # bright
    assert image[10, 50].sum() < 60  # dark


BEFORE = """<script>
window.faults = []; window.gains = [];
addEventListener("error", (event) => faults.push(event.message));
addEventListener("unhandledrejection", (event) => faults.push(String(event.reason)));
for (const name of ["error", "warn"]) console[name] = (...words) => faults.push(words.join(" "));
window.GainNode = class extends GainNode { constructor(...given) { super(...given); gains.push(this); } };
</script>"""

AFTER = """<script>
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const press = (key) => {
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
};
(async () => {
  const player = document.querySelectorAll(".player")[0], other = document.querySelectorAll(".player")[1];
  const said = {};
  const state = (of = player) => ({
    playing: of.classList.contains("playing"),
    label: of.querySelector(".toggle").getAttribute("aria-label"),
    version: Number(of.querySelector("input[type=radio]:checked").value),
    heard: gains.slice(-5).map((gain) => Math.round(100 * gain.gain.value) / 100),
    at: Number(of.querySelector(".seek").value),
  });
  const start = async (of) => {
    of.querySelector(".toggle").click();
    for (let n = 0; n < 200 && !of.classList.contains("playing"); n++) await wait(25);
    await wait(250);
  };
  said.before = state();
  await start(player); said.playing = state();
  press("1"); await wait(80); said.first = state();
  press("4"); await wait(80); said.fourth = state();
  press("9"); await wait(80); said.none = state();
  press(" "); await wait(80); said.paused = state();
  press("ArrowLeft"); said.back = state();
  await start(other); said.other = state(other);
  const place = player.querySelectorAll(".place")[2], box = place.getBoundingClientRect();
  place.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
  place.dispatchEvent(new MouseEvent("click", { bubbles: true, clientX: box.left + box.width / 2 }));
  said.clicked = state(); said.stopped = state(other);
  const table = document.querySelector("table");
  const heads = () => [...table.querySelectorAll("tbody th")].map((head) => head.textContent);
  const button = table.querySelector("thead th:nth-child(2) button");
  button.click(); said.down = heads(); button.click(); said.up = heads();
  said.wide = document.documentElement.scrollWidth <= document.documentElement.clientWidth;
  const frame = document.createElement("iframe");
  frame.src = "/plain"; frame.style.width = "390px"; frame.style.height = "800px";
  const loaded = new Promise((done) => frame.addEventListener("load", done));
  document.body.append(frame); await loaded;
  said.narrow = frame.contentDocument.documentElement.scrollWidth <= frame.contentDocument.documentElement.clientWidth;
  said.faults = faults;
  await fetch("/said", { method: "POST", body: JSON.stringify(said) });
})();
</script>"""


@pytest.fixture(scope="module")
def said(page, tmp_path_factory):
    """What a script saw that used the page in Chromium, in real time, with a real audio clock."""
    if BROWSER is None:
        pytest.skip("no Chromium here")
    served = page.replace("<head>", f"<head>{BEFORE}", 1).replace("</body>", f"{AFTER}</body>")
    served = served.replace("<h1>", '<img src="/wait" alt=""><h1>', 1)  # the page is dumped once this is answered
    heard: list[dict] = []
    done = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/wait":
                done.wait(30)
            self.answer({"/": served, "/plain": page}.get(self.path, "").encode())

        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            done.set()
            self.answer(b"")

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        browse(tmp_path_factory.mktemp("profile"), f"http://127.0.0.1:{server.server_port}/", "--dump-dom")
    finally:
        done.set()
        server.shutdown()
        thread.join()
        server.server_close()
    assert heard, "the page told nothing"
    return heard[0]


def browse(profile: Path, address: str, *options: str) -> None:
    assert BROWSER is not None
    words = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    words += [f"--user-data-dir={profile}", "--autoplay-policy=no-user-gesture-required", "--window-size=900,900"]
    subprocess.run([*words, *options, address], capture_output=True, timeout=60, check=False)


def test_no_fault_in_the_browser(said):
    assert said["faults"] == []
    assert said["wide"]  # nothing sticks out to the side
    assert said["narrow"]  # nor on a phone


def test_switching_is_instant_and_keeps_the_position(said):
    assert (said["before"]["playing"], said["before"]["version"], said["before"]["label"]) == (False, 1, "Play")
    assert said["playing"]["playing"]
    assert said["playing"]["label"] == "Pause"
    assert said["playing"]["heard"] == [0, 1, 0, 0, 0]  # the input, all others silent
    assert said["first"]["heard"] == [1, 0, 0, 0, 0]
    assert said["fourth"]["heard"] == [0, 0, 0, 1, 0]
    assert said["none"]["version"] == 3  # there is no ninth version
    times = [said[name]["at"] for name in ("playing", "first", "fourth", "none")]
    assert times == sorted(times)
    assert times[0] > 0.1
    assert times[-1] - times[0] < 1.5  # it went on, it did not begin anew


def test_keys_and_pictures_move_and_stop(said):
    assert (said["paused"]["playing"], said["paused"]["label"]) == (False, "Play")
    assert said["paused"]["at"] >= said["none"]["at"] > 0  # it stays where it stopped
    assert said["back"]["at"] == pytest.approx(max(0.0, said["paused"]["at"] - 1), abs=0.06)
    assert said["other"]["playing"]
    assert said["clicked"]["version"] == 2
    assert said["clicked"]["at"] == pytest.approx(1.0, abs=0.02)  # the middle of two seconds
    assert not said["stopped"]["playing"]  # one clip at a time


def test_tables_sort(said):
    ours = ["bound †", "studio"]
    assert said["down"][:2] == ours
    assert said["up"][2:4] == ours[::-1]
    assert said["down"][4].startswith("paper")  # published rows stay below
    assert said["up"][-1].startswith("paper")
