"""The compiled taxonomy, kept in a file from one start to the next.

It is a cache and nothing else: it is named by a hash of the taxonomy and of the code that compiles it, so a change to
either makes it anew; without it, or where it cannot be written, everything works, a tenth of a second later. It holds
plain data, never code, and is read only where nobody but this user could have written it.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from monitor.core import forms, inflection, lexicon, text
from monitor.core.lexicon import Lexicon
from monitor.core.taxonomy import Taxonomy

_NAME = "taxonomy.json"


def lexicon_of(taxonomy: Taxonomy, directory: Path) -> Lexicon:
    """The lexicon of a taxonomy, from the cache in `directory` where it has it; else made, and kept there if possible.

    The directory is not created: a program that only looks leaves no traces.
    """
    path = directory / _NAME
    key = _key(taxonomy)
    kept = _read(path, key)
    if kept is not None:
        return kept
    made = Lexicon.of(taxonomy)
    with suppress(OSError):
        _write(path, key, made.to_json())
    return made


def _key(taxonomy: Taxonomy) -> str:
    """What the lexicon depends on: every name in the taxonomy, in order, and every line of code that reads them."""
    content = sha256(_code())
    content.update(repr(taxonomy).encode("utf-8", "surrogatepass"))
    return content.hexdigest()


@cache
def _code() -> bytes:
    files = (module.__file__ for module in (forms, inflection, lexicon, text))
    sources = [Path(file).read_bytes() for file in files if file and Path(file).is_file()]
    return unicodedata.unidata_version.encode() + b"".join(sources)


def _read(path: Path, key: str) -> Lexicon | None:
    try:
        # Whether it is ours is asked of the very file that is read, and a link is not followed to somebody else's.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return None
            head, _, body = file.read().partition(b"\n")
    except OSError:
        return None
    if head.decode("ascii", "replace").split() != [key, sha256(body).hexdigest()]:
        return None
    return Lexicon.from_json(body.decode())


def _write(path: Path, key: str, body: str) -> None:
    """Replace the file as a whole, so that two starts at once harm nobody."""
    data = body.encode()
    with NamedTemporaryFile(dir=path.parent, prefix=f".{_NAME}.", delete=False) as file:  # mode 0600
        try:
            file.write(f"{key} {sha256(data).hexdigest()}\n".encode() + data)
            file.close()
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink()
            raise
