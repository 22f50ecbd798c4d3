"""Sources: one module per kind, and the guarded, polite HTTP they are fetched with.

Adding a kind: one module here that defines `KIND`, one line in `KINDS`, its tests.
"""

from collections.abc import Mapping

from monitor.sources import document, feed, jsonfeed, page, sitemap, telegram
from monitor.sources.kind import SourceKind

KINDS: Mapping[str, SourceKind] = {
    kind.name: kind
    for kind in (
        feed.KIND,
        jsonfeed.KIND,
        telegram.KIND,
        page.KIND,
        sitemap.KIND,
        document.KIND,
    )
}
