"""The secrets that webhooks are signed with, as Standard Webhooks writes them: "whsec_" and base64."""

from __future__ import annotations

import base64
import binascii

SHORTEST, LONGEST = 24, 64  # bytes, as https://www.standardwebhooks.com asks

_PREFIX = "whsec_"


def secret_key(secret: str) -> bytes:
    """The key that a secret stands for. ValueError never repeats the secret."""
    encoded = secret.strip().removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a webhook secret is 'whsec_' and base64; this one is not base64") from error
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a webhook secret has {SHORTEST} to {LONGEST} bytes, this one has {len(key)}")
    return key
