"""From digests to messages: templates, the fixed words in several languages, and the shape of a webhook's JSON."""

from monitor.render.renderer import Renderer

__all__ = ["Renderer"]
