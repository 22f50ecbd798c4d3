"""What a channel is made of. Each module beside this one fills in one of these."""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from monitor.core.model import Message, Receipt


class Options(BaseModel):
    """Base of the per-subscription options that one channel understands; a name not listed is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Channel(Protocol):
    """Hands a message over to one recipient."""

    name: str  # as written in subscriptions.yaml
    templates: str  # folder under templates/ that renders its messages: "email" or "webhook"

    async def send(self, message: Message) -> Receipt:
        """Hand over; DeliveryError says whether another attempt makes sense. Safe to repeat with the same key."""
        ...
