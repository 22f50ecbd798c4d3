"""From a digest to what is sent."""

from monitor.render.design import Design, digest_filled, page_filled
from monitor.render.renderer import Renderer

__all__ = ["Design", "Renderer", "digest_filled", "page_filled"]
