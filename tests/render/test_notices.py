"""What the operator should know, in every form and language."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from string import Formatter

import pytest

from monitor.core.model import Health, HealthChange, Notices
from monitor.core.notices import KINDS, SENTENCES, nearly_full, notice, of_change
from monitor.render import Renderer, labels
from monitor.render.payload import payload
from tests.channels.limits import keeps_to_the_limits
from tests.make import NOW
from tests.render import editions
from tests.render.test_payload import SCHEMA, faults

TEMPLATES = Path(__file__).parents[2] / "templates"
WORDS = {language: labels.load(language, [TEMPLATES / "email"]) for language in ("en", "ru")}
NAMES = {name for pattern in SENTENCES.values() for _, name, _, _ in Formatter().parse(pattern) if name}


def some(what: str = "dead", subject: str = "desk", at=NOW, **values):
    told = dict.fromkeys(NAMES, "<b>x</b>") | values
    kind = "source" if what in {"failing", "gone", "silent", "recovered"} else "delivery"
    return notice(what, key=f"{what}:{subject}:{at}", at=at, kind=kind, subject=subject, **told)


def told(*found, language: str = "en", only: bool = True):
    quiet = editions.quiet_day(language)
    wants = replace(quiet.subscription, notices=Notices.ONLY if only else Notices.ALSO)
    return replace(quiet, subscription=wants, notices=found)


@pytest.mark.parametrize("what", SENTENCES)
def test_each_sentence_is_said_the_same_by_english_labels_and_has_russian_ones(what):
    values = {name: name for _, name, _, _ in Formatter().parse(SENTENCES[what]) if name}
    assert WORDS["en"](f"notice_{what}", **values) == SENTENCES[what].format_map(values)
    russian = WORDS["ru"](f"notice_{what}", **values)
    assert russian != SENTENCES[what].format_map(values)
    assert re.search("[а-я]{4}", russian)
    assert all(f"notice_kind_{kind}" in WORDS["ru"].words for kind in KINDS)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_notices_alone_make_an_edition(language):
    digest = told(some("failing", "mfa", title="MFA", why="no answer"), some("dead", id="17"), language=language)
    renderer = Renderer(shipped=TEMPLATES)
    email, chat = (renderer.digest(digest, templates=form) for form in ("email", "chat"))
    said = WORDS[language]("notice_failing", title="MFA", why="no answer")
    for text in (email.text, email.html, chat.text, chat.html, chat.payload["markdown"].replace("\\", "")):
        flat = " ".join(text.split())
        assert said in flat
        assert "monitor deliveries retry 17" in flat
        assert WORDS[language]("quiet") not in flat, "there is something to tell"
    assert "<b>x</b>" not in email.html
    assert WORDS[language].count("notices", 2) in email.subject


@pytest.mark.parametrize("language", ["en", "ru"])
def test_chat_services_of_their_own_form_get_each_notice_within_their_limits(language):
    found = [some("failing", f"s{n}", title=f"Source *{n}*", why="не отвечает_ <!everyone> " * 16) for n in range(60)]
    payload = Renderer(shipped=TEMPLATES).digest(told(*found, language=language), templates="chat").payload
    keeps_to_the_limits(payload)
    for family in ("slack", "discord", "teams"):
        everything = json.dumps(payload[family], ensure_ascii=False).replace("\\", "")
        assert all(f"Source *{n}*" in everything for n in range(60)), family
    assert "<!everyone>" not in json.dumps(payload["slack"])
    counted = WORDS[language].count("notices", 60)
    assert counted in json.dumps(payload["slack"], ensure_ascii=False)


def test_with_nothing_to_report_it_says_so():
    empty = Renderer(shipped=TEMPLATES).digest(told(), templates="email")
    assert "nothing to report" in empty.subject
    assert "Nothing to report" in empty.text
    assert "Nothing to report" in empty.html


def test_beside_posts_they_have_a_place_of_their_own():
    digest = replace(editions.full_day(), notices=(some("disk", path="/data", free="1 MiB", total="1 GiB"),))
    email = Renderer(shipped=TEMPLATES).digest(digest, templates="email")
    assert "9 stories" in email.subject
    assert "/data is nearly full" in email.html
    assert "/data is nearly full" in " ".join(email.text.split())


def test_of_a_source_the_last_state_is_told():
    digest = told(
        some("failing", "mfa", title="MFA"), some("recovered", "mfa", title="MFA", at=NOW + timedelta(minutes=9))
    )
    text = Renderer(shipped=TEMPLATES).digest(digest, templates="email").text
    assert "MFA is read again" in text
    assert "cannot be read" not in text


def test_thousands_fit_into_a_page_and_stand_in_the_text():
    found = [some("failing", f"s{n}", title=f"Source {n}", why="no answer " * 40) for n in range(2000)]
    email = Renderer(shipped=TEMPLATES).digest(told(*found), templates="email")
    assert len(email.html.encode()) < 100_000
    assert "and" in email.html
    assert email.text.count("cannot be read") == 2000


def test_a_webhook_carries_them_as_its_schema_says():
    sent = json.loads(json.dumps(payload(told(some("dead", id="17")))))
    assert sent["data"]["notices"][0]["values"]["id"] == "17"
    assert faults(sent, SCHEMA) == []
    assert set(SCHEMA["$defs"]["notice"]["properties"]["kind"]["enum"]) == set(KINDS)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (Health.FINE, Health.FAILING, "failing"),
        (Health.NEW, Health.FAILING, "failing"),
        (Health.FAILING, Health.GONE, "gone"),
        (Health.FINE, Health.SILENT, "silent"),
        (Health.SILENT, Health.FINE, "recovered"),
        (Health.FAILING, Health.SLOW, "recovered"),
        (Health.FINE, Health.SLOW, None),
        (Health.NEW, Health.FINE, None),
    ],
)
def test_which_changes_are_worth_a_notice(before, after, what):
    change = HealthChange(slug="mfa", title="MFA", before=before, after=after, at=NOW, why="so", id=7)
    found = of_change(change)
    assert (found.what if found else None) == what


def test_reasons_are_cut_and_stay_on_one_line():
    found = notice("database", key="k", at=NOW, kind="database", subject="d", why="a\r\nb " + "x" * 5000)
    assert len(found.sentence) < 500
    assert "\n" not in found.sentence


@pytest.mark.parametrize(
    ("free", "total", "full"),
    [(2**29, 2**33, True), (2**31, 2**33, False), (2**34, 2**41, True), (2**37, 2**41, False)],
)
def test_when_a_disk_is_nearly_full(free, total, full):
    assert nearly_full(free=free, total=total) is full
