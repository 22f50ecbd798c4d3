from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.store import sources
from monitor.store.database import Database
from tests.cli.conftest import Monitor


def test_polling_stores_and_reports(monitor: Monitor) -> None:
    assert monitor("db", "upgrade").code == 0
    assert monitor("config", "apply").code == 0
    ended = monitor("poll", columns=80)
    assert ended.code == 1  # one source is missing
    assert "3 sources polled, 1 failed; 6 new posts, 0 changed" in ended.out
    assert "answered 404" in ended.out
    assert "Traceback" not in ended.err
    nothing = monitor("poll")
    assert (nothing.code, nothing.out) == (0, "nothing is due; poll all the same with: monitor poll --all\n")


def test_named_sources_are_polled_whether_due_or_not(polled: Monitor) -> None:
    (one,) = polled("poll", "mfa", "--json").json
    assert (one["source"], one["outcome"], one["new"]) == ("mfa", "known", 0)
    assert polled("poll", "mfa").code == 0
    assert polled("poll", "--all").code == 1


def test_paused_sources_are_polled_by_name_only(polled: Monitor) -> None:
    assert polled("sources", "pause", "mfa").code == 0
    assert "mfa" not in {one["source"] for one in polled("poll", "--all", "--json").json}
    assert [one["source"] for one in polled("poll", "mfa", "--json").json] == ["mfa"]


def test_nothing_is_polled_when_one_name_is_unknown(polled: Monitor) -> None:
    ended = polled("poll", "mfa", "agancy")
    assert ended.code == 4
    assert "did you mean 'agency'?" in ended.err
    assert len(polled("sources", "show", "mfa", "--json").json["polls"]) == 1


def test_a_source_that_somebody_else_is_polling_is_left_to_them(polled: Monitor) -> None:
    database = Database("sqlite:///data/monitor.db")
    now = datetime.now(UTC)
    with database.writing() as tx:
        assert sources.claim_due(tx, now=now, until=now + timedelta(minutes=5), limit=1, slugs=["mfa"])
    database.close()
    ended = polled("poll", "mfa", "agency")
    assert ended.code == 0
    assert "another process is polling it" in ended.out
    assert {one["source"]: one["outcome"] for one in polled("poll", "mfa", "--json").json} == {"mfa": "busy"}
