"""Music to train on, rendered from note samples or a SoundFont, from scores or from generated phrases."""

from goodtake.datasets.render.plan import Clip, Event, MixPlan, RenderPlan, VoicePlan
from goodtake.datasets.render.renderer import Renderer

__all__ = ["Clip", "Event", "MixPlan", "RenderPlan", "Renderer", "VoicePlan"]
