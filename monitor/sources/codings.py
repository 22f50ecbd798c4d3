"""Undoing a body's content coding, never producing more bytes than asked for.

1 GB of zeros is 1 MB of gzip. So the decoder is told how much it may still give, and the rest stays compressed.
"""

from __future__ import annotations

import zlib

from monitor.core.errors import SourceError

OFFERED = "gzip, deflate"  # Accept-Encoding; of these zlib can stop in the middle

# A gzip body may be several members in a row (RFC 1952, 2.2), but each costs a copy of what is left:
# thousands of empty ones would be a bomb of work instead of size.
_MAX_MEMBERS = 100

_GZIP = zlib.MAX_WBITS | 16
_GZIP_MAGIC = b"\x1f\x8b"


class Body:
    """Collects a body piece by piece; at most `limit` bytes, sent or decoded.

    `coding` is the Content-Encoding header. Raises SourceError: "too-large", "encoding" (a coding that was not offered,
    or bytes that are not what it says) or "truncated".
    """

    def __init__(self, coding: str | None, *, limit: int) -> None:
        names = [name for part in (coding or "").split(",") if (name := part.strip().lower()) not in {"", "identity"}]
        if len(names) > 1 or any(name not in {"gzip", "x-gzip", "deflate"} for name in names):
            raise SourceError(
                f"the answer is encoded as {', '.join(names)!r}, which was not asked for", reason="encoding"
            )
        self._coding = names[0] if names else ""
        self._inflate = zlib.decompressobj(_GZIP) if self._coding in {"gzip", "x-gzip"} else None
        self._held = b""  # the first byte of something that takes two to tell what it is
        self._members = 1
        self._padding = False  # seen behind the last gzip member
        self._limit = limit
        self._sent = 0
        self._content = bytearray()

    def add(self, data: bytes) -> None:
        """Take the next bytes as they came off the wire."""
        self._sent += len(data)
        if self._sent > self._limit:
            raise self._too_large()
        if not self._coding:
            self._content += data
            return
        data, self._held = self._held + data, b""
        if self._inflate is None:
            if len(data) < 2:
                self._held = data
                return
            # "deflate" means the zlib format (RFC 9110, 8.4.1.2), yet some servers send the bare stream.
            wrapped = data[0] & 0x0F == zlib.DEFLATED and (data[0] << 8 | data[1]) % 31 == 0
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        try:
            self._decode(data, self._inflate)
        except zlib.error as error:
            raise SourceError("the compressed answer is damaged", reason="encoding") from error

    def content(self) -> bytes:
        """The whole body, once the last bytes were added. A file kept packed ("feed.xml.gz", or packed by a server that
        does not say so) is unpacked, once, where that can be done within the limit."""
        content = self._decoded()
        if not content.startswith(_GZIP_MAGIC):
            return content
        file = Body("gzip", limit=self._limit)
        try:
            file.add(content)
            return file._decoded()
        except SourceError:
            return content

    def _decoded(self) -> bytes:
        if self._coding and self._sent and not (self._inflate and self._inflate.eof):
            raise SourceError("the compressed answer ends in the middle", reason="truncated")
        return bytes(self._content)

    def _decode(self, data: bytes, inflate: zlib._Decompress) -> None:
        while data and not self._padding:
            if inflate.eof:  # what follows a gzip member is another one, or padding, which gzip ignores too
                if self._coding != "deflate" and len(data) < len(_GZIP_MAGIC):
                    self._held = data
                    return
                if self._coding == "deflate" or not data.startswith(_GZIP_MAGIC):
                    self._padding = True
                    return
                self._members += 1
                if self._members > _MAX_MEMBERS:
                    raise SourceError("the compressed answer has too many parts", reason="encoding")
                self._inflate = inflate = zlib.decompressobj(_GZIP)
            # One more than there is room for, so that a body of exactly `limit` bytes is told from a longer one.
            self._content += inflate.decompress(data, self._limit - len(self._content) + 1)
            if len(self._content) > self._limit:
                raise self._too_large()
            data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail

    def _too_large(self) -> SourceError:
        return SourceError(f"the answer is longer than {self._limit:,} bytes", reason="too-large")
