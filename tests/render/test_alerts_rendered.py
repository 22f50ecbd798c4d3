"""Alerts as they are sent: by mail, to programs, and to chat services in the form of each."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.alerting import Alert
from monitor.core.mail import UNSUBSCRIBE_HERE
from monitor.core.model import Priority
from monitor.render import Renderer
from tests.channels.limits import keeps_to_the_limits, words_of
from tests.channels.messages import message
from tests.channels.test_mime import INJECTIONS, headers, readers, written
from tests.render import alerted
from tests.render.test_payload import faults

TEMPLATES = Path(__file__).parents[2] / "templates"
SCHEMA = json.loads((TEMPLATES.parent / "docs/schemas/webhook-alert.schema.json").read_text("utf-8"))
RENDERER = Renderer(shipped=TEMPLATES)
LANGUAGES = ("en", "ru")


def seen(markup: str) -> str:
    """What a reader sees of HTML."""
    body = re.sub(r"<style.*?</style>|<title.*?</title>|<!--.*?-->", "", markup, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def hostile(alert: Alert, words: str) -> Alert:
    (first, *others) = alert.told
    post = replace(first.stored.post, title=words, text=words * 2)
    stored = replace(first.stored, post=post, source=replace(first.stored.source, title=words))
    return replace(
        alert,
        watch=replace(alert.watch, title=words),
        told=(replace(first, stored=stored, evidence=(), before=words), *others),
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make", alerted.EVERY.values(), ids=alerted.EVERY)
def test_every_form_tells_every_story_and_keeps_to_the_limits_of_its_service(make, language: str) -> None:
    alert = make(language, channel="chat")
    content = RENDERER.alert(alert, templates="chat")
    payload = content.payload or {}
    keeps_to_the_limits(payload)
    forms = {"text": content.text, "html": seen(content.html), "markdown": payload["markdown"]}
    forms |= {family: words_of(payload[family]) for family in ("slack", "discord", "teams")}
    for form, text in forms.items():
        flat = re.sub(r"[\\*]", "", text)
        assert alert.watch.title in flat, form
        for told in alert.told:
            assert told.stored.post.title[:60] in flat, (form, told.stored.post.title)
            assert told.stored.source.title in flat, form
            if told.before:
                assert told.before in flat, form
        if alert.number:
            assert "9" in flat, form


@pytest.mark.parametrize("number", [1, 40, 400])
def test_no_alert_is_too_long_for_a_chat_and_none_of_it_is_lost(number: int) -> None:
    alert = alerted.many(number, channel="chat", most=500)
    content = RENDERER.alert(alert, templates="chat")
    payload = content.payload or {}
    keeps_to_the_limits(payload)
    for family in ("slack", "discord", "teams"):
        written = re.sub(r"[\\*]", "", words_of(payload[family]))
        assert all(told.stored.post.title[:60] in written for told in alert.told), family
    beyond = RENDERER.alert(alerted.many(number, channel="chat", most=3), templates="chat").payload or {}
    for family in ("slack", "discord", "teams"):
        written = re.sub(r"[\\*]", "", words_of(beyond[family]))
        assert all(told.stored.post.title[:60] in written for told in alert.told), family


def test_text_that_looks_like_markup_is_text_in_every_chat() -> None:
    words = "<!channel> <b>@everyone</b> *bold* [x](https://evil.example) & <https://evil.example|click>"
    for make in (alerted.found, alerted.edited):
        content = RENDERER.alert(hostile(make(channel="chat"), words), templates="chat")
        payload = content.payload or {}
        assert "<b>@everyone" not in content.html
        assert words in html.unescape(content.html)
        slack = json.dumps(payload["slack"], ensure_ascii=False)
        for block in (block for sent in payload["slack"] for block in sent["blocks"]):
            if block["type"] == "section":
                assert "<!channel>" not in block["text"]["text"]
                assert "<https://evil" not in block["text"]["text"]
        assert "&lt;!channel&gt;" in slack
        for sent in payload["discord"]:
            assert sent["allowed_mentions"] == {"parse": []}
        assert "[x](https://evil" not in payload["markdown"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_email_marks_what_was_found_and_says_what_changed(language: str) -> None:
    found = RENDERER.alert(alerted.found(language), templates="email")
    assert "<mark" in found.html
    edited = RENDERER.alert(alerted.edited(language), templates="email")
    before = alerted.WATCHES[language][1]
    assert re.search(rf"<del[^>]*>{before}</del>", edited.html)
    assert before in " ".join(edited.text.split())
    assert 'class="name gone"' in edited.html
    for content in (found, edited):
        assert len(content.html.encode()) < 100_000
        assert 'dir="rtl"' in content.html
        assert max(map(len, content.text.splitlines())) <= 200  # only addresses are longer than 78


def test_a_follow_up_has_the_whole_subject_of_what_it_follows() -> None:
    first = alerted.found()
    long = replace(first, watch=replace(first.watch, title="Grain " * 40), told=first.told[:1])
    subject = RENDERER.alert(long, templates="email").subject
    assert (len(subject), subject[-1]) == (140, "…")
    answer = RENDERER.alert(replace(alerted.edited(), followed=subject), templates="email")
    assert answer.subject == f"Re: {subject}"
    assert subject in " ".join(answer.text.split())


def test_an_address_cannot_end_its_link() -> None:
    url = 'https://a.example/x>)|"<!channel><b>'
    for make in (alerted.found, alerted.edited):
        alert = make(channel="chat")
        (first, *others) = alert.told
        stored = replace(first.stored, post=replace(first.stored.post, url=url))
        alert = replace(alert, told=(replace(first, stored=stored), *others))
        content = RENDERER.alert(alert, templates="chat")
        everything = json.dumps(content.payload) + content.html + content.text
        assert "%3C!channel%3E%3Cb%3E" in everything
        for broken in ("<!channel", "<b>\n", "x>"):
            assert broken not in everything


@pytest.mark.parametrize("words", INJECTIONS)
def test_no_title_of_a_source_or_a_watch_adds_a_header(words: str) -> None:
    plain = set(headers(written(message())))
    for make in (alerted.found, alerted.edited):
        alert = hostile(make(), words)
        alert = replace(alert, told=alert.told[:1], followed=words if alert.follows else "")
        content = RENDERER.alert(alert, templates="email")
        raw = written(message(content=content))
        assert set(headers(raw)) <= {*plain, "Content-Transfer-Encoding"}
        for read in readers(raw):
            assert not {"bcc", "Bcc"} & set(read)
            assert not re.search(r"[\r\n]", read["Subject"])


def test_an_email_of_many_stories_stays_below_the_limit_and_its_text_has_all() -> None:
    alert = alerted.many(400, most=500)
    content = RENDERER.alert(alert, templates="email")
    assert len(content.html.encode()) < 100_000
    assert "more" in seen(content.html)
    text = " ".join(content.text.replace("*", "").split())
    assert all(told.stored.post.title[:40] in text for told in alert.told)


def test_the_link_to_unsubscribe_stands_where_readers_reach_the_service() -> None:
    with_pages = Renderer(shipped=TEMPLATES, pages=True).alert(alerted.found(), templates="email")
    assert UNSUBSCRIBE_HERE in with_pages.html
    assert UNSUBSCRIBE_HERE in with_pages.text
    without = RENDERER.alert(alerted.found(), templates="email")
    assert UNSUBSCRIBE_HERE not in without.html + without.text


@pytest.mark.parametrize("make", alerted.EVERY.values(), ids=alerted.EVERY)
def test_what_programs_get_fits_the_schema_and_the_schema_what_they_get(make) -> None:
    payload = RENDERER.alert(make(channel="webhook"), templates="webhook").payload
    sent = json.loads(json.dumps(payload, allow_nan=False))
    assert faults(sent, SCHEMA, root=SCHEMA) == []
    never = RENDERER.alert(replace(alerted.silence(), since=None), templates="webhook").payload
    assert faults(json.loads(json.dumps(never)), SCHEMA, root=SCHEMA) == []
    for wrong in ({"type": "x"}, {"version": 2}, {"data": sent["data"] | {"kind": "x"}}, {"more": 1}):
        assert len(faults(sent | wrong, SCHEMA, root=SCHEMA)) == 1, wrong


@pytest.mark.parametrize(("zone", "says"), [("Asia/Almaty", "11:00"), ("UTC", "06:00")])
def test_times_are_told_in_the_zone_of_the_alerts(zone: str, says: str) -> None:
    alert = alerted.found()
    there = replace(alert, watch=replace(alert.watch, alerts=replace(alert.watch.alerts, timezone=zone)))
    content = RENDERER.alert(there, templates="email")
    assert f"23 Nov, {says}" in content.text
    assert f"23 Nov, {says}" in content.html
    assert f"Times are those of {zone}." in content.text


@pytest.mark.parametrize(
    ("priority", "says"), [(Priority.CRITICAL, "[critical] "), (Priority.HIGH, "[important] "), (Priority.NORMAL, "")]
)
def test_priority_stands_in_the_subject(priority: Priority, says: str) -> None:
    content = RENDERER.alert(alerted.spike(priority=priority), templates="email")
    assert content.subject == f"{says}Grain and mediation: 9 stories in an hour"
