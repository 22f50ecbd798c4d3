from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.core.model import MessageState
from monitor.store.database import Database
from tests import make
from tests.cli.conftest import Monitor


def test_preview_stores_nothing(polled: Monitor) -> None:
    first = polled("digest", "preview", "morning")
    assert first.code == 0
    assert "grain deal" in first.out
    document = polled("digest", "preview", "morning", "--json").json
    assert not document["empty"]
    assert document["coverage"]["sources"] == 3
    assert polled("deliveries", "list", "--json").json == []
    assert "OSCE" in polled("digest", "preview", "morning", "--html").out


def test_preview_into_a_file(polled: Monitor) -> None:
    ended = polled("digest", "preview", "morning", "--html", "--output", "out/preview.html")
    assert (ended.code, ended.out) == (0, "")
    assert Path("out/preview.html").read_text(encoding="utf-8").startswith("<!")


def test_preview_of_another_time_is_in_the_subscriptions_zone(polled: Monitor) -> None:
    document = polled("digest", "preview", "morning", "--as-of", "2030-01-15T07:30", "--json").json
    assert document["compiled_at"] == "2030-01-15T06:30:00Z"  # Vienna
    assert polled("digest", "preview", "morning", "--as-of", "tomorrow").code == 2


def test_preview_of_a_time_before_the_last_edition(polled: Monitor) -> None:
    assert polled("digest", "send", "morning", "--yes").code == 0
    ended = polled("digest", "preview", "morning", "--as-of", "2020-01-15T07:30")
    assert (ended.code, ended.out) == (2, "")
    assert "2020-01-15 06:30:00 UTC lies before the last edition of morning" in ended.err


def test_send_delivers_at_once_and_only_once(polled: Monitor) -> None:
    due = polled("subscriptions", "list", "--json").json[0]["next_due_at"]
    (message,) = polled("digest", "send", "morning", "--json").json
    assert message["state"] == "delivered"
    assert len(list(Path("data/mailbox").rglob("*.eml"))) == 1
    assert polled("subscriptions", "list", "--json").json[0]["next_due_at"] == due
    again = polled("digest", "send", "morning", "--yes")
    assert again.code == 0
    assert "nothing new" in again.out
    assert "nothing new for morning: nothing would be sent" in polled("digest", "preview", "morning").err


def test_a_message_that_cannot_be_delivered(polled: Monitor) -> None:
    Path("data/mailbox").write_text("not a directory")
    ended = polled("digest", "send", "morning")
    assert ended.code == 1
    assert "not delivered yet" in ended.err
    (message,) = polled("deliveries", "list", "--state", "waiting", "--json").json
    shown = polled("deliveries", "show", str(message["id"]))
    assert "waiting" in shown.out
    assert "Attempts" in shown.out
    assert polled("deliveries", "retry", str(message["id"]), "--json").json == {"retried": [message["id"]]}


def test_delivered_messages_are_not_sent_again(polled: Monitor) -> None:
    (message,) = polled("digest", "send", "morning", "--json").json
    ended = polled("deliveries", "retry", str(message["id"]))
    assert ended.code == 5
    assert "is delivered" in ended.err


def test_dead_messages_are_brought_back(polled: Monitor) -> None:
    database = Database("sqlite:///data/monitor.db")
    message = _dead(database)
    database.close()
    assert [m["id"] for m in polled("deliveries", "list", "--state", "dead", "--json").json] == [message]
    assert "given up" in polled("status").err
    assert polled("deliveries", "retry", "--dead", "--json").json == {"retried": [message]}
    assert polled("deliveries", "list", "--state", "dead", "--json").json == []
    assert polled("deliveries", "retry", "--dead").out == "no message was given up\n"


def test_messages_are_cancelled_and_replayed(polled: Monitor) -> None:
    (message,) = polled("digest", "send", "morning", "--json").json
    number = str(message["id"])
    assert polled("deliveries", "cancel", number).code == 5
    assert polled("deliveries", "replay", "morning", "--since", "1d", "--json").json == {"replayed": [message["id"]]}
    assert polled("deliveries", "cancel", number, "--reason", "not today", "--json").json == {
        "cancelled": [message["id"]]
    }
    shown = polled("deliveries", "show", number)
    assert "replayed by hand" in shown.out
    assert "not today" in shown.out
    assert "no message was made in that time" in polled("deliveries", "replay", "morning", "--since", "0s").out


def test_recipients_are_disabled_and_enabled(polled: Monitor) -> None:
    assert polled("recipients", "list").out == "nothing was sent to anybody yet\n"
    polled("digest", "send", "morning")
    (standing,) = polled("recipients", "list", "--json").json
    assert standing["delivered"] == 1
    assert polled("recipients", "disable", standing["address"], "--reason", "on leave").code == 0
    assert "on leave" in polled("recipients", "list").out
    assert polled("recipients", "enable", standing["address"]).out == f"{standing['address']} is enabled\n"
    assert polled("recipients", "enable", standing["address"]).code == 5


def _dead(database: Database) -> int:
    """A message that was claimed, tried and given up, as the deliver loop records it."""
    from monitor.core.model import Delivery
    from monitor.store import outbox, subscriptions

    with database.writing() as tx:
        subscription = subscriptions.get(tx, "morning")
        assert subscription is not None
        outbox.add(
            tx,
            make.content(),
            keys=[("key-1", "desk@localhost")],
            channel="mailbox",
            options={},
            subscription_id=subscription.id,
            digest_id=None,
            now=make.NOW,
        )
        (message,) = outbox.claim_due(tx, now=make.NOW, until=make.NOW + make.minutes(5), token="t", limit=1)
        attempt = Delivery(attempt=1, started_at=make.NOW, finished_at=make.NOW, outcome="dead", detail="no such user")
        outbox.settle(tx, message.id, token="t", state=MessageState.DEAD, attempt=attempt)
    return message.id


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (["digest", "preview", "mornin"], 4, "did you mean 'morning'?"),
        (["digest", "send", "evening", "--yes"], 4, "monitor subscriptions list"),
        (["digest", "preview", "morning", "--html", "--text"], 2, "either"),
        (["deliveries", "show", "99"], 4, "there is no message 99"),
        (["deliveries", "retry", "99"], 4, "there is no message 99"),
        (["deliveries", "retry"], 2, "--dead"),
        (["deliveries", "cancel", "99"], 4, "there is no message 99"),
        (["deliveries", "replay", "morning", "--since", "soon"], 2, "'soon' is no time; expected 2026-03-02T07:30"),
        (["deliveries", "replay", "mornin", "--since", "1d"], 4, "did you mean 'morning'?"),
        (["recipients", "enable", "nobody@localhost"], 4, "nothing was ever sent to nobody@localhost"),
        (["webhooks", "test", "morning"], 4, "neither an address nor a subscription by webhook"),
        (["webhooks", "test", "ftp://example.org/"], 2, "is not an address"),
        (["webhooks", "test", "https://hooks.example.org/"], 3, "MONITOR_WEBHOOK__SECRETS"),
        (["deliveries", "list", "--subscription", "mornin"], 4, "did you mean 'morning'?"),
        (["deliveries", "list", "--state", "lost"], 2, "lost"),
    ],
)
def test_refusals(polled: Monitor, command: list[str], code: int, message: str) -> None:
    ended = polled(*command)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


def test_subscriptions(polled: Monitor) -> None:
    (subscription,) = polled("subscriptions", "list", "--json").json
    assert subscription["schedule"]["timezone"] == "Europe/Vienna"
    assert "every day at 07:30" in polled("subscriptions", "list").out


def test_a_preview_of_a_time_before_the_first_edition_is_refused(monitor: Monitor) -> None:
    assert monitor("db", "upgrade").code == 0
    assert monitor("config", "apply").code == 0
    ended = monitor("digest", "preview", "morning", "--as-of", "2020-01-15T07:30")
    assert ended.code == 2
    assert "before the first edition of morning" in " ".join(ended.err.split())


def test_editions_are_listed_and_shown_as_they_were_sent(polled: Monitor) -> None:
    assert "no edition of morning yet" in polled("digest", "list", "morning").out
    assert polled("digest", "send", "morning", "--yes").code == 0
    (edition,) = polled("digest", "list", "morning", "--json").json
    assert (edition["messages"], edition["page"]) == (1, None)
    shown = polled("digest", "list", "morning")
    assert f"{edition['coverage']['checked']} of {edition['coverage']['sources']}" in shown.out
    due = edition["due_at"].removesuffix("Z")[:16] + "+00:00"
    replayed = polled("digest", "replay", "morning", "--date", due)
    assert (replayed.code, replayed.err) == (0, "")
    assert "grain deal" in replayed.out
    document = polled("digest", "replay", "morning", "--date", due, "--json").json
    assert document["text"] in replayed.out
    assert polled("digest", "replay", "morning", "--date", due, "--html", "-o", "again.html").code == 0
    assert Path("again.html").read_text(encoding="utf-8") == document["html"]


def test_an_edition_is_sent_again(polled: Monitor) -> None:
    (sent,) = polled("digest", "send", "morning", "--json").json
    (edition,) = polled("digest", "list", "morning", "--json").json
    due = edition["due_at"].removesuffix("Z")[:16] + "+00:00"
    assert (
        "no message of this edition to x@example.org"
        in polled("digest", "replay", "morning", "--date", due, "--send", "--to", "x@example.org").out
    )
    assert polled("digest", "replay", "morning", "--date", due, "--send", "--json").json == {"replayed": [sent["id"]]}
    (waiting,) = polled("deliveries", "list", "--state", "waiting", "--json").json
    assert waiting["key"] == sent["key"]
    assert "those that there are still wait" in polled("digest", "replay", "morning", "--date", due, "--send").out


def test_an_edition_of_which_nothing_was_sent_is_put_together_again(polled: Monitor) -> None:
    assert polled("digest", "send", "morning", "--yes").code == 0
    assert polled("digest", "send", "morning", "--yes").code == 0
    quiet, told = polled("digest", "list", "morning", "--json").json
    assert (quiet["messages"], told["messages"]) == (0, 1)
    due = datetime.fromisoformat(quiet["due_at"]).astimezone(ZoneInfo("Europe/Vienna"))  # days are the subscription's
    day = polled("digest", "replay", "morning", "--date", due.date().isoformat())
    assert day.code == 2
    assert "had 2 editions then; name one" in day.err
    named = day.err.split()[-1]
    again = polled("digest", "replay", "morning", "--date", named)
    assert again.code == 0
    assert "nothing of this edition of morning was sent" in " ".join(again.err.split())
    assert "Nothing new." in again.out
    refused = polled("digest", "replay", "morning", "--date", named, "--send")
    assert refused.code == 5


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--date", "yesterday"], 2, "is no date; expected 2026-03-02"),
        (["--date", "2020-01-01"], 4, "no edition of morning was due at 2020-01-01; see: monitor digest list morning"),
        (["--date", "2020-01-01", "--send", "--html"], 2, "either --send"),
        (["--date", "2020-01-01", "--to", "x"], 2, "add --send"),
        (["--date", "9999-12-31"], 2, "is no date"),
    ],
)
def test_a_replay_that_cannot_be_says_what_to_do(monitor: Monitor, arguments: list[str], code: int, says: str) -> None:
    assert monitor("db", "upgrade").code == 0
    assert monitor("config", "apply").code == 0
    ended = monitor("digest", "replay", "morning", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert says in ended.err
