"""The few pages that readers reach: unsubscribing, and a feed of each subscription. Nothing else is served."""

from monitor.web.pages import Parts, pages
from monitor.web.server import serving

__all__ = ["Parts", "pages", "serving"]
