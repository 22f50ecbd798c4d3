"""The only wiring: builds the parts from settings and hands them in. Entry points use nothing below this module."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from monitor import alerts, delivery, digests, noticing, polling, retagging
from monitor.channels import CHANNELS, chat
from monitor.channels.channel import Channel
from monitor.channels.chat import Chat
from monitor.channels.email import Email
from monitor.channels.mailbox import Mailbox
from monitor.channels.webhook import Webhook
from monitor.core import schedule
from monitor.core.addresses import refusal
from monitor.core.alerting import Alert
from monitor.core.errors import ConfigError, SourceError
from monitor.core.lexicon import Lexicon
from monitor.core.model import (
    Clock,
    Digest,
    Document,
    Fetched,
    Notice,
    Printed,
    Source,
    Subscription,
)
from monitor.core.notices import of_stumble
from monitor.core.pacing import Patience
from monitor.core.retagging import Job, Retagged
from monitor.core.tagging import Tagger
from monitor.core.taxonomy import Taxonomy
from monitor.logs import get_logger
from monitor.metrics import Metrics
from monitor.poller import USER_AGENT, Tools
from monitor.poller import build as poller_of
from monitor.press import Limits, Press
from monitor.provisioning import Configuration, compiled, load, shipped
from monitor.render import Design, feeds
from monitor.settings import Settings
from monitor.sources import KINDS, glimpse
from monitor.sources.candidates import Discovery
from monitor.sources.discovery import discover
from monitor.sources.equipped import retagged_equipped
from monitor.sources.guard import literal
from monitor.sources.transport import guarded_client
from monitor.store import (
    catalogue,
    editions,
    habits,
    health,
    histories,
    notices,
    outbox,
    schema,
    search,
    sources,
    trends,
)
from monitor.store.catalogue import Change
from monitor.store.database import Database, Transaction
from monitor.store.health import Heartbeat

log = get_logger()

EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
ALERTING = timedelta(seconds=15)
INDEXING = timedelta(seconds=30)
INDEXED_AT_ONCE = 200  # posts in one transaction, so that polling never waits long for the write lock
INDEXED_AT_MOST = 5_000  # posts a tick
TENDING = timedelta(hours=1)  # how often old records are cleared away, and sources are listened to for silence
DAY = timedelta(days=1)
RETAGGING = timedelta(seconds=10)  # how often posts are looked for that another version of the taxonomies tagged

Loop = tuple[str, timedelta, Callable[[Callable[[str], Awaitable[None]]], Awaitable[str]]]


def utc_now() -> datetime:
    """The clock of the running service."""
    return datetime.now(UTC)


def open_database(settings: Settings) -> Database:
    """The configured database, not yet connected."""
    return Database(settings.database.url.get_secret_value())


def load_configuration(settings: Settings) -> Configuration:
    """What the files under config/ say; ConfigError lists everything that is wrong with them."""
    loaded = load(
        settings.paths.config,
        kinds={name: kind.options for name, kind in KINDS.items()},
        addresses={name: kind.address for name, kind in KINDS.items()},
        channels={name: kind.options for name, kind in CHANNELS.items()},
        recipients={name: kind.recipient for name, kind in CHANNELS.items()},
        languages=languages(settings.digests.templates_dir),
        interval=settings.polling.interval,
    )
    hourly_limits(settings)  # which name channels too
    return loaded


def hourly_limits(settings: Settings) -> dict[str, int]:
    """How many messages one recipient is handed in an hour, by channel or "channel:recipient"; a mailbox has none."""
    return settings.delivery.by_recipient([name for name in CHANNELS if name != Mailbox.name])


def lexicon_of(settings: Settings, taxonomy: Taxonomy) -> Lexicon:
    """The compiled taxonomy, from the data directory where an earlier start has left it there."""
    return compiled.lexicon_of(taxonomy, settings.paths.data)


def tagger(settings: Settings, taxonomy: Taxonomy) -> Tagger:
    """What tags posts by `taxonomy`."""
    return Tagger(taxonomy, lexicon_of(settings, taxonomy))


def languages(override: Path | None = None) -> frozenset[str]:
    """The languages that digests can be written in: those of the label files, the operator's own among them."""
    directories = [shipped("templates"), *([override] if override else [])]
    found = (path for directory in directories for path in directory.glob("email/labels.*.toml"))
    return frozenset(path.name.removeprefix("labels.").removesuffix(".toml") for path in found)


def apply_configuration(database: Database, configuration: Configuration, *, now: datetime) -> tuple[Change, ...]:
    """Bring the files' sources, watches and subscriptions into the database. Applying them again changes nothing."""
    with database.writing() as tx:
        return catalogue.apply(
            tx,
            wanted_sources=configuration.sources,
            wanted_watches=configuration.watches,
            wanted_subscriptions=configuration.subscriptions,
            next_due_at=lambda subscription: schedule.due_after(subscription.schedule, now),
            now=now,
        )


def cautions(settings: Settings, subscriptions: Sequence[Subscription], sources: Sequence[Source] = ()) -> list[str]:
    """What is no fault of any file by itself, but will keep posts or digests from arriving."""
    found = []
    for name, missing in (
        (Email.name, not settings.smtp.host),
        (Webhook.name, not settings.webhook.secrets),
        (Chat.name, not settings.chat.targets),
    ):
        waiting = [s.slug for s in subscriptions if s.channel == name and not s.paused]
        if missing and waiting:
            needs = CHANNELS[name].needs
            found.append(
                f"{', '.join(waiting)}: nothing can go out by {name} until {needs} "
                f"{'are' if ' and ' in needs else 'is'} set; messages wait in the outbox"
            )
    return found + [sentence for source in sources if (sentence := _out_of_reach(source, settings))]


def _out_of_reach(source: Source, settings: Settings) -> str:
    """Why a source cannot be fetched, as far as its address tells by itself: names are not looked up here."""
    if source.paused or source.options.get("proxy"):
        return ""
    address = literal(urlsplit(source.url).hostname or "")
    reason = refusal(address, allow=settings.network.allow) if address is not None else None
    if reason is None:
        return ""
    return (
        f"{source.slug}: {address} is not a public address ({reason}); it is not fetched until network.allow lists it"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The built service: three loops over one database."""

    settings: Settings
    database: Database
    taxonomy: Taxonomy
    clock: Clock
    polling: polling.Parts
    digests: digests.Parts
    alerts: alerts.Parts
    delivery: delivery.Parts
    retagging: retagging.Parts
    tools: Tools
    metrics: Metrics
    press: Press
    noticing: noticing.Parts
    upkeep: Upkeep
    find: Callable[[str], Awaitable[Discovery]]  # the sources behind what a person pasted, see sources.discovery

    def loops(self) -> tuple[Loop, ...]:
        """Name, interval and tick of each loop, for whoever ticks them."""
        settings = self.settings
        return (
            ("poll", settings.polling.tick, self._poll),
            ("compile", settings.digests.tick, self._compile),
            ("alert", ALERTING, self._alert),
            ("deliver", settings.delivery.tick, self._deliver),
            ("index", INDEXING, self._index),
            ("tend", TENDING, self._tend),
            ("retag", RETAGGING, self._retag),
        )

    async def feed(self, subscription: Subscription, form: str, address: str) -> bytes:
        """What a subscription selected lately as an "atom" or "json" document; `address` is where that is fetched."""
        now = self.clock()
        stories = await self.database.read(lambda tx: digests.lately(tx, subscription, now=now))
        labels = {
            f"{tag.facet}:{tag.slug}": self.taxonomy.label(tag.facet, tag.slug, subscription.language)
            for story in stories
            for tag in story.tags
        }
        write = {"atom": feeds.atom, "json": feeds.json_feed}[form]
        updated = max((story.lead.first_seen_at for story in stories), default=subscription.created_at or now)
        return write(stories, title=subscription.title, address=address, labels=labels, updated=updated)

    async def edition(self, token: str) -> str:
        """The page of an edition with everything in it, as HTML; "" where there is none of that token."""

        def look(tx: Transaction) -> Digest | None:
            found = editions.by_token(tx, token)
            return None if found is None else digests.kept_edition(tx, *found, labels=self.taxonomy)

        kept = await self.database.read(look)
        return "" if kept is None else await self.press.edition(kept)

    async def beat(self, loop: str, *, every: timedelta, process: str, detail: str) -> None:
        """Record that a loop is alive."""
        sign = Heartbeat(loop=loop, at=self.clock(), every=every, process=process, detail=detail)
        stumbles = tuple(self.upkeep.stumbles)

        def alive(tx: Transaction) -> None:
            health.beat(tx, sign)
            for each in stumbles:
                notices.add(tx, each)

        await self.database.write(alive)
        del self.upkeep.stumbles[: len(stumbles)]
        if self.settings.metrics.listen:
            messages, states, due = await self.database.read(_standing)
            self.metrics.stands(
                messages=messages,
                sources=states,
                overdue=sign.at - due if due is not None else timedelta(),
                now=sign.at.timestamp(),
                loop=loop,
            )

    def stumbled(self, loop: str, error: Exception) -> None:
        """Remember that a round of a loop failed; the next sign of life tells the operator."""
        why = f"{type(error).__name__}: {error}"
        self.upkeep.stumbles.append(of_stumble(loop, why, at=self.clock()))

    async def sign_off(self, process: str) -> None:
        """Record that the service stopped in order."""
        await self.database.write(lambda tx: health.stopped(tx, process=process))

    async def _poll(self, alive: Callable[[str], Awaitable[None]]) -> str:
        await self.tools.renew()
        polled = new = 0
        said = self.clock()
        async for recorded in polling.poll_due(self.polling):
            polled, new = polled + 1, new + recorded.new
            self.metrics.polled(
                recorded.poll.outcome.value,
                took=recorded.poll.finished_at - recorded.poll.started_at,
                new=recorded.new,
                changed=recorded.changed,
                gap=recorded.poll.gap is not None,
                lags=recorded.lags,
            )
            if self.clock() - said > timedelta(seconds=15):
                said = self.clock()
                await alive(f"{polled} sources polled, {new} new posts, more to come")
        return f"{polled} sources polled, {new} new posts"

    async def _compile(self, _alive: Callable[[str], Awaitable[None]]) -> str:
        compiled = await digests.compile_due(self.digests)
        await noticing.note(self.noticing)
        self.metrics.compiled(len(compiled))
        return f"{len(compiled)} digests compiled"

    async def _alert(self, _alive: Callable[[str], Awaitable[None]]) -> str:
        spoken = await alerts.alert_due(self.alerts)
        return f"{sum(each.messages for each in spoken)} alerts written"

    async def _index(self, _alive: Callable[[str], Awaitable[None]]) -> str:
        indexed = 0
        for _ in range(INDEXED_AT_MOST // INDEXED_AT_ONCE):
            done = await self.database.write(lambda tx: search.index(tx, now=self.clock(), limit=INDEXED_AT_ONCE))
            indexed += done
            if done < INDEXED_AT_ONCE:
                break
        return f"{indexed} posts indexed for searching"

    async def _deliver(self, _alive: Callable[[str], Awaitable[None]]) -> str:
        attempted = await delivery.deliver_due(self.delivery)
        for each in attempted:
            self.metrics.attempted(each.message.channel, each.attempt.outcome)
        return f"{len(attempted)} messages tried"

    async def _tend(self, _alive: Callable[[str], Awaitable[None]]) -> str:
        keep = self.settings.polling.keep_polls
        dropped = await self.database.write(lambda tx: sources.forget_polls(tx, keep=keep))
        await self.database.write(lambda tx: _forget_traces(tx, now=self.clock()))
        silent = await polling.note_silence(self.polling)
        checks_database = self.upkeep.daily(self.clock())
        wrong = await noticing.inspect(self.noticing, database=checks_database)
        _, messages = await noticing.forget(self.noticing, keep=self.settings.delivery.keep)
        return (
            f"{len(silent)} sources found silent, {dropped} old poll records and {messages} old messages dropped, "
            f"{len(wrong)} troubles found"
        )

    async def _retag(self, _alive: Callable[[str], Awaitable[None]]) -> str:
        if not self.tools.begun:
            await retagging.begin(self.retagging)
            self.tools.begun = True
        done = await retagging.retag_waiting(self.retagging)
        if done.changed:
            await self.database.write(trends.recount)
        return f"{done.posts} posts tagged anew, {done.changed} changed"


def _forget_traces(tx: Transaction, *, now: datetime) -> None:
    """Clear away what was noted of posts and came to nothing."""
    habits.forget(tx, now=now)
    histories.forget(tx, now=now)


@dataclass(slots=True, kw_only=True)
class Upkeep:
    """What this process remembers between rounds."""

    checked_at: datetime | None = None  # the database
    stumbles: list[Notice] = field(default_factory=list)  # rounds that failed, to be told when the database can

    def daily(self, now: datetime) -> bool:
        """True once a day."""
        if self.checked_at is not None and now - self.checked_at < DAY:
            return False
        self.checked_at = now
        return True


def _standing(tx: Transaction) -> tuple[dict[str, int], dict[str, int], datetime | None]:
    messages = {state.value: number for state, number in outbox.counts(tx).items()}
    return messages, sources.states(tx), sources.next_due_at(tx)


@asynccontextmanager
async def build(
    settings: Settings, database: Database, taxonomy: Taxonomy, *, clock: Clock = utc_now
) -> AsyncGenerator[App]:
    """The service, ready to tick; its connections and worker processes end with the context."""
    schema.require_current(database)
    chance = random.SystemRandom().random
    async with AsyncExitStack() as stack:
        poller = await stack.enter_async_context(poller_of(settings, database, lambda: taxonomy, clock=clock))
        fetcher, tools = poller.fetcher, poller.tools
        built = await stack.enter_async_context(channels(settings, clock=clock))

        async def retag(jobs: Sequence[Job]) -> list[Retagged]:
            return await tools.run(retagged_equipped, jobs)

        async def visit(url: str, accept: str) -> Document:
            result = await fetcher.fetch(url=url, accept=accept, etag=None, last_modified=None, clock=clock)
            if isinstance(result, Fetched):
                return result.document
            raise SourceError(f"{url} is gone for good, its server says (410)", reason="http-410", permanent=True)

        async def look(document: Document, kind: str | None) -> glimpse.Glimpse:
            return await tools.run(glimpse.look, document, kind)

        async def find(address: str) -> Discovery:
            return await discover(address, fetch=visit, look=look, clock=clock, spacing=0)  # manners see to it

        metrics = Metrics()
        printing = await stack.enter_async_context(press(settings))
        yield App(
            settings=settings,
            metrics=metrics,
            press=printing,
            noticing=noticing.Parts(database=database, clock=clock, folders=_written_to(settings)),
            upkeep=Upkeep(),
            find=find,
            database=database,
            taxonomy=taxonomy,
            clock=clock,
            tools=tools,
            polling=poller.parts,
            digests=digest_parts(database, taxonomy, clock=clock, press=printing, pages=settings.web.url.rstrip("/")),
            alerts=alert_parts(database, clock=clock, press=printing),
            retagging=retagging.Parts(database=database, retag=retag, version=taxonomy.version, clock=clock),
            delivery=delivery.Parts(
                database=database,
                channels=built,
                clock=clock,
                chance=chance,
                patience=Patience(
                    attempts=settings.delivery.attempts,
                    first=settings.delivery.backoff,
                    longest=settings.delivery.backoff_ceiling,
                ),
                claim_for=settings.delivery.claim,
                hourly=hourly_limits(settings),
                disable_after={Webhook.name: settings.webhook.disable_after} if settings.webhook.disable_after else {},
            ),
        )


def _written_to(settings: Settings) -> tuple[Path, ...]:
    """The folders on whose disks the service writes."""
    data, mailbox = settings.paths.data, settings.mailbox.directory
    return (data,) if mailbox.is_relative_to(data) else (data, mailbox)


def press(settings: Settings) -> Press:
    """Where digests and pages are rendered: an async context."""
    own, limits = settings.digests.templates_dir, settings.digests
    return Press(
        Design(
            shipped=shipped("templates"),
            overrides=(own.resolve(),) if own else (),
            title=settings.digests.title,
            pages=bool(settings.web.url),
        ),
        limits=Limits(seconds=limits.render_timeout.total_seconds(), memory=limits.render_memory_mb * 2**20),
    )


async def printed(settings: Settings, edition: Digest) -> Printed:
    """A digest as it would be sent, for commands that compile without the service."""
    async with press(settings) as printing:
        return await printing.digest(edition, templates=CHANNELS[edition.subscription.channel].templates)


def digest_parts(
    database: Database, taxonomy: Taxonomy, *, press: Press, clock: Clock = utc_now, pages: str = ""
) -> digests.Parts:
    """What compiling needs; `pages` is where readers reach the service, "" where they do not."""

    async def render(edition: Digest) -> Printed:
        return await press.digest(edition, templates=CHANNELS[edition.subscription.channel].templates)

    return digests.Parts(database=database, labels=taxonomy, render=render, clock=clock, pages=pages)


def alert_parts(database: Database, *, press: Press, clock: Clock = utc_now) -> alerts.Parts:
    """What alerting needs."""

    async def render(alert: Alert) -> Printed:
        channel = alert.watch.alerts.channel if alert.watch.alerts else "email"
        return await press.alert(alert, templates=CHANNELS[channel].templates)

    return alerts.Parts(database=database, render=render, clock=clock)


@asynccontextmanager
async def channels(settings: Settings, *, clock: Clock) -> AsyncGenerator[dict[str, Channel]]:
    """The channels that the settings are enough for."""
    built: dict[str, Channel] = {}
    smtp, webhook = settings.smtp, settings.webhook
    sender = {"sender": smtp.sender} if smtp.sender else {}
    base = settings.web.url.rstrip("/")
    unsubscribe = (lambda token: f"{base}/unsubscribe/{token}") if base else None
    built[Mailbox.name] = Mailbox(folder=settings.mailbox.directory, clock=clock, unsubscribe=unsubscribe, **sender)
    async with AsyncExitStack() as stack:
        if smtp.host:
            email = built[Email.name] = Email(
                host=smtp.host,
                port=smtp.port,
                sender=smtp.sender,
                clock=clock,
                security=smtp.security.value,
                username=smtp.username or None,
                password=smtp.password.get_secret_value() or None,
                timeout=smtp.timeout.total_seconds(),
                helo=smtp.helo or None,
                unsubscribe=unsubscribe,
            )
            stack.push_async_callback(email.aclose)
        if webhook.secrets:
            client = guarded_client(
                user_agent=USER_AGENT,
                timeout=webhook.timeout.total_seconds(),
                allow=EVERYWHERE if webhook.allow_private else settings.network.allow,
            )
            built[Webhook.name] = Webhook(
                client=await stack.enter_async_context(client),
                secrets=webhook.secrets_by_name(),
                clock=clock,
                user_agent=USER_AGENT,
                timeout=webhook.timeout.total_seconds(),
            )
        if settings.chat.targets:
            client = guarded_client(user_agent=USER_AGENT, timeout=chat.TIMEOUT, allow=settings.network.allow)
            try:
                built[Chat.name] = Chat(
                    targets=settings.chat.by_name(), client=await stack.enter_async_context(client), clock=clock
                )
            except ValueError as error:
                raise ConfigError(f"chat.targets: {error}") from error
        yield built
