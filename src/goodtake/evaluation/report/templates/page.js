"use strict";
// Two things: tables that sort when a head is pressed, and players that keep all versions of a clip in step.

// ---- tables
for (const head of document.querySelectorAll("thead th")) {
  head.querySelector("button").addEventListener("click", () => {
    const body = head.closest("table").tBodies[0];
    const place = head.cellIndex;
    const upward = head.getAttribute("aria-sort") === "descending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", upward ? "ascending" : "descending");
    const key = (row) => {
      const cell = row.cells[place];
      return "value" in cell.dataset ? Number(cell.dataset.value) : null;
    };
    const compare = (a, b) => {
      const [first, second] = [key(a), key(b)];
      if (first !== null && second !== null) return (first - second) * (upward ? 1 : -1);
      if (first === null && second === null) {
        return a.cells[place].textContent.localeCompare(b.cells[place].textContent) * (upward ? -1 : 1);
      }
      return first === null ? 1 : -1;
    };
    const rows = [...body.rows];
    const theirs = rows.filter((row) => row.classList.contains("theirs"));
    body.append(...rows.filter((row) => !row.classList.contains("theirs")).sort(compare), ...theirs);
  });
}

// ---- players
const FADE_S = 0.006; // between versions: too short to hear as a gap, long enough not to click
const LEAD_S = 0.03; // between the order to start and the start, the same for all versions
let context = null;
let active = null;

function decode(uri) {
  const text = atob(uri.slice(uri.indexOf(",") + 1));
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return context.decodeAudioData(bytes.buffer);
}

class Player {
  constructor(root) {
    this.root = root;
    this.seconds = Number(root.dataset.seconds);
    this.radios = [...root.querySelectorAll("input[type=radio]")];
    this.seek = root.querySelector(".seek");
    this.toggleButton = root.querySelector(".toggle");
    this.time = root.querySelector(".time");
    this.loop = root.querySelector(".loop input");
    this.position = 0; // seconds, while paused
    this.startedAt = 0; // of the context's clock, while playing
    this.voices = []; // one source and one gain per version, while playing
    this.buffers = null;
    this.toggleButton.addEventListener("click", () => this.toggle());
    this.seek.addEventListener("input", () => this.moveTo(Number(this.seek.value)));
    this.radios.forEach((radio) => radio.addEventListener("change", () => this.choose(this.chosen)));
    root.addEventListener("pointerdown", () => this.activate());
    root.addEventListener("focusin", () => this.activate());
    root.querySelectorAll(".place").forEach((picture, number) => {
      picture.addEventListener("click", (event) => {
        const box = picture.getBoundingClientRect();
        this.choose(number);
        this.moveTo(((event.clientX - box.left) / box.width) * this.seconds);
      });
    });
    this.choose(this.chosen);
  }

  get playing() {
    return this.voices.length > 0;
  }

  get chosen() {
    return this.radios.findIndex((radio) => radio.checked);
  }

  get now() {
    if (!this.playing) return this.position;
    const passed = Math.max(0, context.currentTime - this.startedAt);
    return this.loop.checked ? passed % this.seconds : Math.min(passed, this.seconds);
  }

  activate() {
    if (active === this) return;
    if (active) {
      active.pause();
      active.root.classList.remove("active");
      active.buffers = null; // decoded sound is large
    }
    active = this;
    this.root.classList.add("active");
  }

  async toggle() {
    if (this.playing) this.pause();
    else await this.play();
  }

  async play() {
    this.activate();
    context = context || new AudioContext();
    context.resume();
    if (!this.buffers) {
      this.root.setAttribute("aria-busy", "true");
      this.buffers = await Promise.all([...this.root.querySelectorAll("audio")].map((audio) => decode(audio.src)));
      this.root.removeAttribute("aria-busy");
    }
    if (active !== this || this.playing) return;
    if (this.position >= this.seconds - 0.05) this.position = 0;
    const start = context.currentTime + LEAD_S;
    this.voices = this.buffers.map((buffer, number) => {
      const source = new AudioBufferSourceNode(context, { buffer, loop: true, loopEnd: this.seconds });
      const gain = new GainNode(context, { gain: number === this.chosen ? 1 : 0 });
      source.connect(gain).connect(context.destination);
      source.start(start, this.position);
      return { source, gain };
    });
    this.startedAt = start - this.position;
    this.show();
    this.tick();
  }

  pause() {
    this.position = this.now;
    this.voices.forEach(({ source }) => source.stop());
    this.voices = [];
    this.show();
  }

  async moveTo(seconds) {
    const wasPlaying = this.playing;
    if (wasPlaying) this.pause();
    this.position = Math.min(Math.max(seconds, 0), this.seconds);
    this.show();
    if (wasPlaying) await this.play();
  }

  choose(number) {
    if (!this.radios[number]) return;
    this.radios[number].checked = true;
    this.root.dataset.version = number;
    this.voices.forEach(({ gain }, place) => {
      gain.gain.cancelScheduledValues(context.currentTime);
      gain.gain.setTargetAtTime(place === number ? 1 : 0, context.currentTime, FADE_S / 3);
    });
  }

  tick() {
    if (!this.playing) return;
    if (!this.loop.checked && this.now >= this.seconds) this.pause();
    this.show();
    if (this.playing) requestAnimationFrame(() => this.tick());
  }

  show() {
    const now = this.now;
    this.root.classList.toggle("playing", this.playing);
    this.toggleButton.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.toggleButton.setAttribute("aria-pressed", String(this.playing));
    this.seek.value = now;
    this.time.textContent = `${now.toFixed(1)} / ${this.seconds.toFixed(1)} s`;
    this.root.style.setProperty("--at", now / this.seconds);
  }
}

const players = [...document.querySelectorAll(".player")];
if (players.length && "AudioContext" in window) {
  document.documentElement.classList.add("scripted");
  const made = players.map((root) => new Player(root));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inside = event.target.closest ? event.target.closest(".player") : null;
    if (!inside && event.target.closest && event.target.closest("button, summary, a, input, .scroll")) return;
    const player = inside ? made[players.indexOf(inside)] : active;
    if (!player) return;
    if (event.key === " " && !event.target.matches(".toggle, .loop input")) player.toggle();
    else if (/^[1-9]$/.test(event.key)) player.choose(Number(event.key) - 1);
    else if (event.key === "ArrowLeft" && !event.target.matches("input")) player.moveTo(player.now - 1);
    else if (event.key === "ArrowRight" && !event.target.matches("input")) player.moveTo(player.now + 1);
    else return;
    event.preventDefault();
  });
}
