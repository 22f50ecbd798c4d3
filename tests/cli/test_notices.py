"""Notices and templates of one's own, as an operator meets them."""

from __future__ import annotations

from monitor.app import utc_now
from monitor.core.notices import of_database, of_disk
from monitor.store import notices
from monitor.store.database import Database
from tests.cli.conftest import Monitor


def told(polled: Monitor) -> None:
    database = Database(f"sqlite:///{polled.directory}/data/monitor.db")
    with database.writing() as tx:
        notices.add(tx, of_disk("/data", free=2**20, total=2**40, at=utc_now()))
        notices.add(tx, of_database("a page is malformed", at=utc_now()))
    database.close()


def test_notices_are_listed_and_shown_in_the_status(polled: Monitor) -> None:
    assert "nothing to report" in polled("notices", "list").out
    told(polled)
    everything = polled("notices", "list", "--json").json
    assert [each["kind"] for each in everything] == ["database", "disk"]
    assert [each["kind"] for each in polled("notices", "list", "--kind", "disk", "--json").json] == ["disk"]
    assert "no notice is like that" in polled("notices", "list", "--kind", "source", "--since", "1h").out
    assert "1 MiB of 1024.0 GiB" in " ".join(polled("notices", "list", columns=200).out.split())
    wrong = polled("notices", "list", "--kind", "disks")
    assert wrong.code == 2
    assert "disks" in wrong.err
    assert "a page is malformed" in " ".join(polled("status", columns=200).out.split())
    assert polled("status", "--json").json["notices"]["last_7_days"] == 2


OWN = """
subscriptions:
  - slug: morning
    title: Morning briefing
    channel: mailbox
    to: [desk@localhost]
    schedule: {daily: "07:30", timezone: Europe/Vienna}
    templates_dir: own
    notices: also
"""


def test_templates_of_a_subscription_are_checked_and_used(polled: Monitor) -> None:
    polled.file("subscriptions.yaml").write_text(OWN)
    absent = polled("config", "check")
    assert absent.code == 3
    assert "own' is not there; expected a directory of templates" in absent.err

    own = polled.file("own") / "email"
    own.mkdir(parents=True)
    (own / "subject.txt.j2").write_text("OWN {{ edition.title }}")
    (own / "subjet.txt.j2").write_text("misspelt")
    fine = polled("config", "check")
    assert fine.code == 0, fine.err
    assert "subjet.txt.j2 replaces none of the shipped templates" in fine.err
    assert polled("config", "apply").code == 0
    assert "OWN Morning briefing" in polled("digest", "preview", "morning").out

    (own / "digest.txt.j2").write_text("{% for notice in edition.notices %}\n{{ notice.nonsense }}{% endfor %}")
    broken = polled("config", "check")
    assert broken.code == 3
    assert "own/email/digest.txt.j2:2: this template cannot be filled" in broken.err
    (own / "digest.txt.j2").write_text("\n{% if %}")
    preview = polled("digest", "preview", "morning")
    assert preview.code == 0
    assert "other templates stand in" in preview.err
    assert "own/email/digest.txt.j2:2" in preview.err
    assert "OWN" not in preview.out
