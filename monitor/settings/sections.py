"""Every setting with its type, default and meaning. The descriptions appear in editors and in docs/configuration.md.

A setting of type SecretStr is never read from the TOML file: only from the environment or from the file that the
setting of the same name with `_file` points at.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from monitor.core.checking import Duration, Flag, Unfit, Whole
from monitor.core.errors import ConfigError
from monitor.core.mail import sender_parts
from monitor.core.signing import LONGEST, SHORTEST, signing_key

_HOURLY = re.compile(r"[a-z]+(:.*\S)?:[0-9]{1,6}")

Port = Annotated[Whole, Field(ge=1, le=65_535)]


def _lasting(length: timedelta) -> timedelta:
    if not length:
        raise Unfit("'0s' is no time at all", expected="a duration longer than none")
    return length


Lasting = Annotated[Duration, AfterValidator(_lasting)]


def _network(written: object) -> IPv4Network | IPv6Network:
    if isinstance(written, (IPv4Network, IPv6Network)):
        return written
    try:
        return ip_network(str(written))
    except ValueError:
        pass
    try:  # "10.1.2.3/8" names a machine and a network at once; say which network that is
        suggestion = str(ip_network(str(written), strict=False))
    except ValueError:
        suggestion = ""
    raise Unfit(f"{str(written)!r} is not an address range", expected='CIDR such as "10.20.0.0/16"', nearest=suggestion)


Network = Annotated[
    IPv4Network | IPv6Network, BeforeValidator(_network), WithJsonSchema({"type": "string", "examples": ["10.0.0.0/8"]})
]


class DatabaseUrl(SecretStr):
    """A database address; `str()` shows it without the password."""

    def _display(self) -> str:
        parts = urlsplit(self.get_secret_value())
        if parts.password is None:
            return self.get_secret_value()
        user, _, host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))

    @property
    def has_password(self) -> bool:
        """Whether the address gives away a password."""
        return str(self) != self.get_secret_value()


class Security(StrEnum):
    """How a connection to the SMTP server is protected."""

    STARTTLS = "starttls"  # RFC 3207; usual on port 587
    TLS = "tls"  # from the first byte, RFC 8314; usual on port 465
    NONE = "none"  # for a server on the same machine


class LogFormat(StrEnum):
    """How a log line looks."""

    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """The least important events that are still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Section(BaseModel):
    """One table of the file; a key not listed is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Paths(Section):
    """Where things lie. Relative paths start at the working directory of the process."""

    config: Path = Field(
        default=Path("config"), description="Directory of sources.yaml, watches.yaml and the other YAML files"
    )
    data: Path = Field(default=Path("data"), description="Directory for what the service writes: database, mailbox")


class Database(Section):
    """Where posts, digests and messages are kept."""

    url: DatabaseUrl = Field(
        default=DatabaseUrl("sqlite:///data/monitor.db"),
        description="sqlite:///PATH (three slashes, then the path) or postgresql+psycopg://USER@HOST/NAME. Unset: "
        "monitor.db in the directory of paths.data. With a password only by environment or url_file",
        examples=["sqlite:///data/monitor.db", "postgresql+psycopg://monitor@db.example/monitor"],
    )
    url_file: Path | None = Field(
        default=None, description="A file that holds the address of the database, password included"
    )

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: DatabaseUrl) -> DatabaseUrl:
        text = url.get_secret_value()
        if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
            scheme = text.partition(":")[0] if "://" in text else ""
            near = "postgresql+psycopg" if scheme.startswith(("postgres", "psycopg")) else ""
            raise Unfit(
                f"a database address cannot begin with {scheme!r}" if scheme else "this is not a database address",
                expected="sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME",
                nearest=near,
            )
        return url


class Polling(Section):
    """How sources are asked and read."""

    tick: Lasting = Field(default=timedelta(seconds=5), description="How often due sources are looked for")
    concurrency: Whole = Field(default=20, ge=1, le=1_000, description="Sources fetched at the same time")
    host_concurrency: Whole = Field(
        default=2,
        ge=1,
        le=1_000,
        description="Of these, fetched from one registered domain (all hosts under example.org)",
    )
    host_spacing: Duration = Field(
        default=timedelta(seconds=1), description="Least time between two requests to one registered domain"
    )
    robots: Flag = Field(
        default=True,
        description="Whether robots.txt is heeded for pages; feeds and the like are made for programs",
    )
    interval: Lasting = Field(
        default=timedelta(minutes=15), description="Time between two polls of a source that states none"
    )
    interval_floor: Lasting = Field(
        default=timedelta(minutes=2), description="No source is polled more often than this"
    )
    interval_ceiling: Lasting = Field(
        default=timedelta(days=1), description="No source is polled less often, failing ones too"
    )
    timeout: Lasting = Field(default=timedelta(seconds=30), description="For one fetch in total, redirects included")
    max_bytes: Whole = Field(
        default=10 * 2**20, ge=1_024, le=2**30, description="Largest document read, in bytes after decompression"
    )
    contact: str = Field(
        default="",
        max_length=200,
        pattern=r"^[\x20-\x7e]*$",
        description="Web page or mail address named in the User-Agent header, so that a site can reach you",
        examples=["https://example.org/monitor"],
    )
    backlog: Duration = Field(
        default=timedelta(days=2),
        description="Posts older than this at a source's first poll are stored and searchable, but in no digest; posts "
        "that state no time count as older",
    )
    workers: Whole = Field(
        default=2,
        ge=1,
        le=64,
        description="Processes that parse documents, at most; started when needed, each can be killed by itself",
    )
    parse_timeout: Lasting = Field(default=timedelta(seconds=20), description="A worker that needs longer is killed")
    parse_memory_mb: Whole = Field(default=512, ge=128, le=65_536, description="Memory one worker may take, in MiB")
    keep_polls: Whole = Field(default=500, ge=1, le=100_000, description="Outcomes of polls kept for each source")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.interval_floor <= self.interval <= self.interval_ceiling:
            raise Unfit("the three intervals are out of order", expected="interval_floor ≤ interval ≤ interval_ceiling")
        return self


class NetworkAccess(Section):
    """What may be connected to."""

    allow: tuple[Network, ...] = Field(
        default=(),
        description="Address ranges sources may lie in although they are not public. Everything else that is private, "
        "local or reserved is refused, also when a name or a redirect leads there",
        examples=[["10.20.0.0/16"]],
    )


Share = Annotated[float, Field(ge=0, le=1)]


class Stories(Section):
    """When posts tell the same story: how near in time, and how like."""

    window: Lasting = Field(
        default=timedelta(days=30), description="Longest time between a post and the one that stands for its story"
    )
    short_window: Lasting = Field(
        default=timedelta(days=2), description="The same for posts of less than twelve words, which come again"
    )
    translation_window: Lasting = Field(
        default=timedelta(hours=48), description="Longest time between a text and its translation on the same site"
    )
    joint_window: Lasting = Field(
        default=timedelta(hours=12),
        description="Longest time between the first and the last body that issues a joint statement",
    )
    contained: Share = Field(
        default=0.75, description="Share of the words of one text found in the other that makes them one story"
    )
    rewritten: Share = Field(
        default=0.45, description="The same of both texts, where they begin alike and their numbers agree: a rewrite"
    )
    opening: Share = Field(
        default=0.5, description="Share of the first words of both texts found in the other: they begin alike"
    )
    numbers: Share = Field(default=0.6, description="Share of the numbers of a rewrite that are found in the other")

    @field_validator("window")
    @classmethod
    def _bounded(cls, window: timedelta) -> timedelta:
        if window > timedelta(days=3_650):
            raise Unfit("so long a window makes one story of everything alike", expected="ten years at most")
        return window


class Digests(Section):
    """How digests are compiled and what they look like."""

    tick: Lasting = Field(default=timedelta(seconds=20), description="How often due subscriptions are looked for")
    title: str = Field(
        default="Communiqué Monitor",
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Name under which digests appear: in subjects and headings",
        examples=["Communiqué Monitor"],
    )
    templates_dir: Path | None = Field(
        default=None, description="Directory whose templates replace the shipped ones of the same name"
    )

    render_timeout: Lasting = Field(
        default=timedelta(seconds=20),
        description="For filling your own templates; one that needs longer is stopped and the shipped ones stand in",
    )
    render_memory_mb: Whole = Field(
        default=256, ge=64, le=65_536, description="Memory that filling your own templates may take, in MiB"
    )

    @field_validator("templates_dir")
    @classmethod
    def _is_there(cls, directory: Path | None) -> Path | None:
        if directory is not None and not directory.is_dir():
            said = "is not a directory" if directory.exists() else "is not there"
            raise Unfit(
                f"{str(directory)!r} {said}", expected="a directory of templates, or nothing for the shipped ones"
            )
        return directory


class Delivery(Section):
    """How long handing a message over is tried."""

    tick: Lasting = Field(default=timedelta(seconds=5), description="How often due messages are looked for")
    attempts: Whole = Field(default=22, ge=1, le=1_000, description="Attempts before a message is kept as dead")
    backoff: Lasting = Field(
        default=timedelta(seconds=30), description="Pause after the first failure; doubled after each"
    )
    backoff_ceiling: Lasting = Field(default=timedelta(hours=6), description="Longest pause between two attempts")
    claim: Lasting = Field(
        default=timedelta(minutes=5), description="A message claimed longer than this is taken over: its sender died"
    )
    keep: Lasting = Field(
        default=timedelta(days=90),
        description="How long messages are kept after they were delivered, given up or cancelled, with their attempts",
    )
    hourly_limit: Whole = Field(
        default=100,
        ge=0,
        description="Messages that one recipient is handed in an hour; further ones wait, none is dropped. "
        "0: no limit. A mailbox has none",
    )
    hourly_limits: tuple[str, ...] = Field(
        default=(),
        description="Other limits, as CHANNEL:NUMBER or, for a single recipient, CHANNEL:RECIPIENT:NUMBER",
        examples=[["chat:20", "email:desk@example.org:300"]],
    )

    @field_validator("hourly_limits")
    @classmethod
    def _are_numbers(cls, limits: tuple[str, ...]) -> tuple[str, ...]:
        for limit in limits:
            if not _HOURLY.fullmatch(limit):
                raise Unfit(f"{limit!r} is no limit", expected="one like chat:20 or email:desk@example.org:300")
        return limits

    def by_recipient(self, channels: Collection[str]) -> dict[str, int]:
        """Messages an hour under each channel, and under "channel:recipient" where one has a limit of its own.

        ConfigError for a limit of a channel that is none of `channels`.
        """
        hourly = dict.fromkeys(channels, self.hourly_limit)
        for limit in self.hourly_limits:
            whose, _, most = limit.rpartition(":")
            channel = whose.partition(":")[0]
            if channel not in hourly:
                known = ", ".join(sorted(channels))
                raise ConfigError(
                    f"delivery.hourly_limits: {channel!r} is no channel that has a limit; those are {known}"
                )
            hourly[whose] = int(most)
        return hourly

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.backoff > self.backoff_ceiling:
            raise Unfit("the first pause is longer than the longest", expected="backoff ≤ backoff_ceiling")
        return self


class Smtp(Section):
    """The server that takes e-mail. Without a host the channel `email` cannot be used."""

    host: str = Field(default="", description="Name of the server", examples=["smtp.example.org"])
    port: Port = Field(default=587, description="Port; 587 is usual for starttls, 465 for tls, 25 for none")
    security: Security = Field(
        default=Security.STARTTLS, description="Protection of the connection: starttls, tls or none"
    )
    username: str = Field(default="", description="Account at the server; empty where it asks for none")
    password: SecretStr = Field(default=SecretStr(""), description="Password of the account")
    password_file: Path | None = Field(default=None, description="A file that holds the password")
    sender: str = Field(
        default="",
        description="Address in From, a name before it if you like",
        examples=["Monitor <monitor@example.org>"],
    )
    timeout: Lasting = Field(
        default=timedelta(seconds=30), description="For each step of the conversation with the server"
    )
    helo: str = Field(default="", description="Name by which we greet the server; empty: the sender's domain")

    @field_validator("sender")
    @classmethod
    def _can_send(cls, sender: str) -> str:
        if sender:
            try:
                sender_parts(sender)
            except ValueError:
                raise Unfit(
                    f"{sender!r} is not a sender",
                    expected='an address such as "monitor@example.org", or "Monitor <monitor@example.org>"',
                ) from None
        return sender

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.host and not self.sender:
            raise Unfit("a host is named, but no sender", expected="sender, the address that mail comes from")
        if self.username and not self.password.get_secret_value():
            raise Unfit("a username is named, but no password", expected="password by environment, or password_file")
        if self.password.get_secret_value() and not self.username:
            raise Unfit("a password is given, but no username", expected="username beside the password")
        return self


class Mailbox(Section):
    """The channel that needs no server: messages are written as .eml files."""

    directory: Path = Field(
        default=Path("data/mailbox"),
        description="Where the files are written. Unset: mailbox in the directory of paths.data",
    )


_TARGET = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*:[A-Za-z][A-Za-z0-9+.-]*://\S+")


class Webhook(Section):
    """Messages posted to an address, signed as Standard Webhooks describes."""

    secrets: tuple[SecretStr, ...] = Field(
        default=(),
        description='Signing secrets ("whsec_…", or "whsk_…" for Ed25519), the newest first while one is replaced; '
        "NAME:SECRET for one that only subscriptions asking for it by this name use",
    )
    secrets_file: Path | None = Field(default=None, description="A file that holds the secrets, one on a line")
    timeout: Lasting = Field(default=timedelta(seconds=15), description="For one request in total")
    allow_private: Flag = Field(default=False, description="Whether addresses that are not public may be posted to")
    disable_after: Duration = Field(
        default=timedelta(days=5),
        description="An address that failed for this long and never succeeded meanwhile is sent nothing more until "
        "somebody enables it; 0s: never",
    )

    @field_validator("secrets")
    @classmethod
    def _can_sign(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for place, secret in enumerate(secrets, start=1):
            try:
                signing_key(_bare(secret))
            except ValueError as error:
                which = f" (number {place} of {len(secrets)})" if len(secrets) > 1 else ""
                expected = (
                    f"whsec_ and the base64 of {SHORTEST} to {LONGEST} random bytes, or whsk_ and that of an Ed25519 "
                    "key, NAME: before it if you like"
                )
                raise Unfit(f"{error}{which}", expected=expected) from None
        return secrets

    def secrets_by_name(self) -> dict[str, tuple[str, ...]]:
        """The bare secrets under the names by which subscriptions ask for them; "default" where none is given."""
        named: dict[str, tuple[str, ...]] = {}
        for secret in self.secrets:
            name = secret.get_secret_value().rpartition(":")[0] or "default"
            named[name] = (*named.get(name, ()), _bare(secret))
        return named


def _bare(secret: SecretStr) -> str:
    """A signing secret without the name before it."""
    return secret.get_secret_value().rpartition(":")[2]


class Chat(Section):
    """Messages in chat services, by way of Apprise or of a service's own incoming webhook."""

    targets: tuple[SecretStr, ...] = Field(
        default=(),
        description="Where messages go, as NAME:ADDRESS; subscriptions say the name. An Apprise address, or "
        "slack+https://…, discord+https://…, teams+https://… for an incoming webhook",
    )
    targets_file: Path | None = Field(default=None, description="A file that holds the targets, one on a line")

    @field_validator("targets")
    @classmethod
    def _are_named(cls, targets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for place, target in enumerate(targets, start=1):
            if not _TARGET.fullmatch(target.get_secret_value()):
                which = f" (number {place} of {len(targets)})" if len(targets) > 1 else ""
                raise Unfit(
                    f"a chat target is a name, a colon and an address; this one is not{which}",
                    expected="one like desk:tgram://TOKEN/CHAT, its name in lower-case words joined by hyphens",
                )
        return targets

    def by_name(self) -> dict[str, str]:
        """The addresses under the names by which subscriptions ask for them."""
        written = (target.get_secret_value().partition(":") for target in self.targets)
        return {name: address for name, _, address in written}


class Web(Section):
    """The pages that readers reach: unsubscribing, a feed of each subscription, long digests whole."""

    listen: str = Field(
        default="",
        pattern=r"^$|^(\[[0-9a-fA-F:]+\]|[^:\s]+):[0-9]{1,5}$",
        description="HOST:PORT at which the pages are answered while `monitor run` runs; empty: nowhere",
        examples=["127.0.0.1:8080"],
    )
    url: str = Field(
        default="",
        pattern=r"^$|^https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$",
        description="Address at which readers reach them, behind a proxy that adds TLS; empty: e-mails have no link to "
        "unsubscribe by, and no page with all of a long digest",
        examples=["https://monitor.example.org"],
    )


class Metrics(Section):
    """Figures for Prometheus."""

    listen: str = Field(
        default="",
        pattern=r"^$|^(\[[0-9a-fA-F:]+\]|[^:\s]+):[0-9]{1,5}$",
        description="HOST:PORT at which GET /metrics is answered while `monitor run` runs; empty: nowhere",
        examples=["127.0.0.1:9464"],
    )


class Log(Section):
    """What is written to standard error."""

    format: LogFormat = Field(default=LogFormat.CONSOLE, description="console (for eyes) or json (for collectors)")
    level: LogLevel = Field(
        default=LogLevel.INFO, description="Least important events written: debug, info, warning or error"
    )
