"""The keys that webhooks are signed with, as https://www.standardwebhooks.com writes them.

"whsec_" and base64: a secret shared with the receiver, HMAC-SHA256, signatures begin with "v1,". "whsk_" and base64: an
Ed25519 key (RFC 8032), whose public half "whpk_…" is all that a receiver needs; signatures begin with "v1a,".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SHORTEST, LONGEST = 24, 64  # bytes of a shared secret, as the specification asks
SEED = 32  # bytes of an Ed25519 private key; some programs write the public key behind it

_SHARED, _PRIVATE, _PUBLIC = "whsec_", "whsk_", "whpk_"


class SigningKey(Protocol):
    """Signs what is posted."""

    def signature(self, content: bytes) -> str:
        """One signature as it stands in the header: version, comma, base64."""
        ...


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """HMAC-SHA256 with a secret that the receiver has too."""

    key: bytes

    def signature(self, content: bytes) -> str:
        """ "v1,…"."""
        return "v1," + base64.b64encode(hmac.new(self.key, content, hashlib.sha256).digest()).decode()


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """Ed25519, which the receiver checks by the public key."""

    seed: bytes

    def signature(self, content: bytes) -> str:
        """ "v1a,…"."""
        return "v1a," + base64.b64encode(self._key.sign(content)).decode()

    @property
    def public(self) -> str:
        """What the receiver is given: "whpk_…"."""
        return _PUBLIC + base64.b64encode(self._key.public_key().public_bytes_raw()).decode()

    @property
    def _key(self) -> Ed25519PrivateKey:
        # Settings are read at every start, and hardly any of them hold such a key.
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        return Ed25519PrivateKey.from_private_bytes(self.seed)


def signing_key(secret: str) -> SharedSecret | PrivateKey:
    """The key that a configured secret stands for. ValueError never repeats the secret."""
    text = secret.strip()
    if text.startswith(_PUBLIC):
        raise ValueError("this is the public half of a key, which signs nothing; the private one begins with 'whsk_'")
    encoded = text.removeprefix(_PRIVATE).removeprefix(_SHARED)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a webhook secret is 'whsec_' or 'whsk_' and base64; this one is not base64") from error
    if text.startswith(_PRIVATE):
        if len(key) not in {SEED, 2 * SEED}:
            raise ValueError(f"an Ed25519 key has {SEED} bytes, this one has {len(key)}")
        return PrivateKey(key[:SEED])
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a webhook secret has {SHORTEST} to {LONGEST} bytes, this one has {len(key)}")
    return SharedSecret(key)


def signed_content(*, identity: str, at: datetime, content: bytes) -> bytes:
    """What a signature is made over: id, timestamp in whole seconds and body, joined by full stops."""
    return f"{identity}.{int(at.timestamp())}.".encode() + content
