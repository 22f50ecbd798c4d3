"""The kinds of delivery, one module each. To add one, see docs/adding-a-channel.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from monitor.channels import chat, email, mailbox, webhook
from monitor.channels.channel import Options
from monitor.core.mail import recipient_address


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind:
    """What configuration needs to know of a channel before one is built."""

    name: str  # as written in subscriptions.yaml
    summary: str  # one line for tables and documentation
    templates: str  # what the renderer is asked for: "email", "webhook" or "chat"
    options: type[Options]  # what a subscription may set
    recipient: Callable[[str], str]  # the recipient in its canonical form; ValueError is a sentence
    threads: bool = False  # whether a message that follows up on another stands in one thread with it
    needs: str = ""  # the settings without which nothing goes out, as an operator is told; "": none


CHANNELS: Mapping[str, ChannelKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ChannelKind(
                name=email.Email.name,
                summary="an email over SMTP",
                templates=email.Email.templates,
                options=email.EmailOptions,
                threads=True,
                recipient=recipient_address,
                needs="smtp.host and smtp.sender (MONITOR_SMTP__HOST, MONITOR_SMTP__SENDER)",
            ),
            ChannelKind(
                name=webhook.Webhook.name,
                summary="a signed JSON document posted to an address (Standard Webhooks)",
                templates=webhook.Webhook.templates,
                options=webhook.WebhookOptions,
                recipient=webhook.recipient_url,
                needs="webhook.secrets (MONITOR_WEBHOOK__SECRETS)",
            ),
            ChannelKind(
                name=chat.Chat.name,
                summary="messages in a chat: Slack, Teams, Discord, Telegram, Matrix and many more (Apprise)",
                templates=chat.Chat.templates,
                options=chat.ChatOptions,
                recipient=chat.target_name,
                needs="chat.targets (MONITOR_CHAT__TARGETS)",
            ),
            ChannelKind(
                name=mailbox.Mailbox.name,
                summary="an .eml and an .html file in a folder, no server needed",
                templates=mailbox.Mailbox.templates,
                options=mailbox.MailboxOptions,
                threads=True,
                recipient=mailbox.recipient_folder,
            ),
        )
    }
)

__all__ = ["CHANNELS", "ChannelKind", "Options"]
