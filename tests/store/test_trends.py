from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import event, text

from monitor.core.model import Facet
from monitor.core.trends import ALL, days_before
from monitor.store import trends
from monitor.store.database import Database
from tests import make
from tests.make import NOW, hours

DAY = datetime(2026, 3, 1, tzinfo=UTC)
OSCE = make.tag("osce")


def filled(database: Database) -> None:
    source = make.stored_source(database)
    make.arrive(database, source, make.prepared("before", tags=[OSCE]), at=DAY - timedelta(microseconds=1))
    make.arrive(
        database,
        source,
        make.prepared("a", tags=[OSCE, make.tag("sahel", Facet.REGION), make.tag("mfa", Facet.ISSUER)]),
        make.prepared("b", tags=[OSCE, make.tag("nato", main=False)]),
        make.prepared("c"),
        at=DAY,
    )
    make.arrive(database, source, make.prepared("old", tags=[OSCE]), at=DAY + hours(1), backlog=True)
    make.arrive(database, source, make.prepared("after", tags=[OSCE]), at=DAY + hours(24))


COUNTED = {ALL: 3, ("organisation", "osce"): 2, ("region", "sahel"): 1}


def test_posts_are_counted_by_what_they_are_about(database: Database) -> None:
    filled(database)
    with database.reading() as tx:
        assert trends.between(tx, since=DAY, until=DAY + hours(24)) == COUNTED
        assert trends.between(tx, since=DAY - hours(48), until=DAY - hours(24)) == {ALL: 0}


def test_days_are_counted_once_when_they_are_over(database: Database) -> None:
    filled(database)
    days = days_before(NOW)
    assert days[-1] == DAY.date()
    with database.writing() as tx:
        assert trends.keep(tx, days, now=DAY + hours(24.5)) == 27  # the last is not settled yet
        assert trends.daily(tx, days, now=DAY + hours(24.5)).keys() == set(days[:-1])
    with database.reading() as tx:
        before = trends.daily(tx, days, now=NOW)
    with database.writing() as tx:
        assert trends.keep(tx, days, now=NOW) == 1
        assert trends.keep(tx, days, now=NOW) == 0
    with database.reading() as tx:
        assert trends.daily(tx, days, now=NOW) == before
        assert (len(before), before[DAY.date()], before[date(2026, 2, 10)]) == (28, COUNTED, {ALL: 0})


def test_a_kept_day_is_read_and_not_counted_again(database: Database) -> None:
    filled(database)
    days = days_before(NOW)
    with database.writing() as tx:
        trends.keep(tx, days, now=NOW)
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", hear)
    with database.reading() as tx:
        assert trends.daily(tx, days, now=NOW)[DAY.date()] == COUNTED
    event.remove(database.engine, "before_cursor_execute", hear)
    assert not [statement for statement in said if "JOIN post" in statement]


def test_days_are_counted_anew_when_tags_have_changed(database: Database) -> None:
    filled(database)
    days = days_before(NOW)
    with database.writing() as tx:
        trends.keep(tx, days, now=NOW)
        tx.execute(text("UPDATE tag SET slug = 'asean' WHERE slug = 'osce'"))
        assert ("organisation", "osce") in trends.daily(tx, days, now=NOW)[DAY.date()]
        trends.recount(tx)
        assert trends.daily(tx, days, now=NOW)[DAY.date()][("organisation", "asean")] == 2
