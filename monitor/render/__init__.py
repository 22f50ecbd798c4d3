"""From a digest to what is sent."""

from monitor.render.design import Design, alert_filled, digest_filled, edition_filled, page_filled
from monitor.render.renderer import Renderer

__all__ = ["Design", "Renderer", "alert_filled", "digest_filled", "edition_filled", "page_filled"]
