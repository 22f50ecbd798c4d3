"""What a reader gets: everything once, in order, escaped, within the size that mail programs show."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from monitor.core.errors import ConfigError
from monitor.core.model import Section, Show
from monitor.render import Renderer
from monitor.render.edition import web_address
from monitor.render.plain import width
from tests.render import editions

TEMPLATES = Path(__file__).parents[2] / "templates"
LIMIT = 100_000


@pytest.fixture(scope="module")
def renderer():
    return Renderer(shipped=TEMPLATES)


@pytest.fixture(scope="module")
def full(renderer):
    return renderer.digest(editions.full_day(), templates="email")


def read(html: str) -> LexborHTMLParser:
    return LexborHTMLParser(html)


def seen(html: str) -> str:
    """The words of a page, without the preheader."""
    tree = read(html)
    for node in tree.css(".preheader, style, title"):
        node.decompose()
    return " ".join(tree.body.text(separator=" ").split())


def test_the_subject_says_what_is_inside(renderer, full):
    assert full.subject == "Morning brief · 9 stories, 2 on your watches · 23 Nov"
    quiet = renderer.digest(editions.quiet_day(), templates="email")
    assert quiet.subject == "Morning brief · nothing new · 23 Nov"
    russian = renderer.digest(editions.full_day("ru"), templates="email")
    assert russian.subject == "Утренний обзор · 9 сюжетов, по вашим темам: 2 · 23 нояб."


def test_a_title_cannot_break_the_subject(renderer):
    digest = editions.full_day()
    hostile = replace(digest.subscription, title="A\r\nBcc: x@example.org " + "long " * 80)
    subject = renderer.digest(replace(digest, subscription=hostile), templates="email").subject
    assert "\n" not in subject
    assert "\r" not in subject
    assert len(subject) <= 140


def test_each_story_stands_once_in_both_parts_in_the_same_order(full):
    items = [item for section in editions.full_day().sections for item in section.items]
    titles = [item.lead.post.title for item in items]
    in_html = [" ".join(node.text().split()) for node in read(full.html).css("h3")]
    assert in_html == titles
    flat = " ".join(full.text.replace("*", "").split())
    places = [flat.index(title) for title in titles]
    assert places == sorted(places)
    assert full.text.count("Joint statement on the extension") == 1
    for item in items:
        if item.lead.post.url:
            assert item.lead.post.url in full.text
            assert f'href="{item.lead.post.url}"' in full.html


def test_watches_come_first_and_sections_are_named(full):
    assert [node.text() for node in read(full.html).css("h2")] == [
        "Grain deal", "Sanctions", "SCO", "African Union", "OSCE", "Everything else",
        "Changed since it was given", "Ahead", "Against the usual week",
    ]  # fmt: skip


def test_matched_words_are_marked_wherever_they_are_shown(full):
    marks = [node.text() for node in read(full.html).css("mark")]
    assert marks == ["grain corridor", "grain corridor", "mesures restrictives", "mesures restrictives"]
    assert "*grain corridor*" in " ".join(full.text.split())


def test_who_said_it_when_and_who_followed(full):
    for words in (
        "22 Nov, 16:18 · Ministry of Foreign Affairs of Türkiye · official",
        "03:06 · Steppe News Agency · state agency",  # on the day itself the clock is enough
        "05:36 · The Harbour Post · press",
        "forwarded from Посольство в Ташкенте",
        "MFA of Romania +2 min",
        "The Harbour Post +2 h 10 min",
        "and 1 more",
        "· edited",
        "watch: Sanctions",
        "Egypt · Romania · Türkiye · United Nations · Black Sea",
    ):
        assert words in seen(full.html).replace("\u00a0", " ").replace(" ,", ","), words
    assert "Ports Weekly (+1 d 2 h)" in " ".join(full.text.split())  # the text part names everybody


def test_a_tag_does_not_repeat_its_heading(full):
    assert "Kazakhstan · Central Asia" in seen(full.html)
    assert "SCO · " not in seen(full.html)


def test_coverage_is_shown_with_what_failed(full):
    for part in (seen(full.html), " ".join(full.text.split())):
        assert "36 of 38 sources were read at least once" in part
        assert "412 posts were new in that time; this digest asked for 31 of them." in part
        assert "no answer from www.mfa-md.example within 30 s" in part
        assert "last read 21 Nov, 22:00" in part
        assert "never read so far" in part


def test_coverage_tells_of_changed_states_and_missing_posts(renderer, full):
    russian = renderer.digest(editions.full_day("ru"), templates="email")
    for part, words in (
        (full.text, ("1 source changed its state", "failing → fine", "1 withdrawn after it was read, 3 never shown")),
        (seen(full.html), ("1 source changed its state", "failing → fine", "3 never shown")),
        (russian.text, ("Изменилось состояние 1 источника", "не читается → в порядке", "1 отозвана после прочтения")),
    ):
        flat = " ".join(part.split())
        assert all(each in flat for each in words), flat[-1500:]
    assert "read again after 5 failed polls" in " ".join(full.text.split())
    assert full.text.count("Danube River Council") == 1  # silent: named once, for what it is


def test_a_quiet_day_is_proven(renderer):
    quiet = renderer.digest(editions.quiet_day(), templates="email")
    for part in (seen(quiet.html), " ".join(quiet.text.split())):
        assert "Nothing new." in part
        assert "37 of 38 sources were read between 22 Nov, 07:00 and 23 Nov, 07:00" in part
        assert "The sources named below could not be read" in part


def test_times_are_local_to_the_subscription(renderer):
    digest = editions.full_day()
    schedule = replace(digest.subscription.schedule, timezone="Asia/Kathmandu")
    html = renderer.digest(
        replace(digest, subscription=replace(digest.subscription, schedule=schedule)), templates="email"
    ).html
    assert "22 Nov, 11:45 to 23 Nov, 11:45 · Asia/Kathmandu" in seen(html)


def test_words_run_in_their_own_direction(full):
    arabic = [node for node in read(full.html).css("[dir=rtl]") if "وزير الخارجية" in node.text()]
    assert {node.tag for node in arabic} >= {"h3", "p"}
    assert all(node.attributes.get("align") == "right" for node in arabic)
    assert all(node.attributes.get("lang") == "ar" for node in arabic)


def test_nothing_is_fetched_and_nothing_runs(full):
    tree = read(full.html)
    assert not tree.css("img, link, script, iframe, form, svg, object, [background], [onclick]")
    assert "url(" not in full.html
    assert "@import" not in full.html
    assert all(node.attributes["href"].startswith("https://") for node in tree.css("a[href]"))


def test_styles_are_inlined_and_at_rules_kept(full):
    tree = read(full.html)
    assert "font-size" in tree.css_first("h3").attributes["style"]
    assert "prefers-color-scheme: dark" in tree.css_first("style").text()
    assert tree.css_first('meta[name="color-scheme"]').attributes["content"] == "light dark"
    assert tree.css_first(".preheader").text().strip().startswith("Joint statement")


HOSTILE = (
    '</a></p><script>alert(1)</script><img src="https://tracker.example/x.gif"> '
    "\"'{{ 7*7 }} {% raw %} \x00\x1b[31m\ud800"
)


def test_what_sources_write_stays_text(renderer):
    digest = editions.full_day()
    section = digest.sections[0]
    item = section.items[0]
    post = replace(item.lead.post, title=HOSTILE, text=HOSTILE * 3, url='https://a.example/"onmouseover="x')
    source = replace(item.lead.source, title=HOSTILE)
    voice = replace(item.others[0], source_title=HOSTILE, url="javascript:alert(1)")
    item = replace(item, lead=replace(item.lead, post=post, source=source), others=(voice,))
    failing = replace(digest.coverage.failing[0], title=HOSTILE, error=HOSTILE)
    digest = replace(
        digest,
        sections=(replace(section, label=HOSTILE, items=(item,)),),
        labels={"country:tr": HOSTILE},
        coverage=replace(digest.coverage, failing=(failing,)),
        subscription=replace(digest.subscription, title=HOSTILE),
    )
    content = renderer.digest(digest, templates="email")
    tree = read(content.html)
    assert not tree.css("script, img, [onmouseover]")
    assert "alert(1)" in seen(content.html)
    assert "javascript:" not in content.html
    assert "{{ 7*7 }}" in seen(content.html)
    for part in (content.html, content.text, content.subject):
        part.encode("utf-8")
        assert not re.search(r"[\x00-\x08\x0b-\x1f]", part)


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://example.org/a", True), ("http://example.org/", True), ("javascript:alert(1)", False),
        ("data:text/html,x", False), ("https://", False), ("//example.org", False), ("https://a b.example/", False),
        ("https://[broken", False), ("https://example.org/" + "x" * 3000, False), ("", False), (None, False),
    ],
)  # fmt: skip
def test_only_web_addresses_are_linked(url, linked):
    assert web_address(url) == (url if linked else "")


def test_the_text_part_keeps_to_78_columns(renderer, full):
    for content in (full, renderer.digest(editions.full_day("ru"), templates="email")):
        for line in content.text.splitlines():
            assert width(line) <= 78 or "://" in line, line
        assert "\n\n\n\n" not in content.text


def shown_counts(html: str) -> tuple[int, int, int]:
    """Stories in full, by title, and told to be elsewhere."""
    tree = read(html)
    note = re.search(r"(\d+) stor(?:y|ies) (?:is|are) only in the plain-text part", seen(html))
    links = [node for node in tree.css("p.small") if node.css_first("a")]
    return len(tree.css("h3")), len(links), int(note[1]) if note else 0


@pytest.mark.parametrize(
    ("stories", "sections"), [(9, 1), (30, 2), (120, 6), (400, 8), (500, 20), (500, 1), (700, 350), (3000, 3000)]
)
def test_the_page_stays_below_the_limit_and_accounts_for_every_story(renderer, stories, sections):
    content = renderer.digest(editions.long_day(stories, sections=sections), templates="email")
    assert len(content.html.encode()) <= LIMIT
    assert sum(shown_counts(content.html)) == stories
    numbered = re.findall(r"^ *(\d+)\. ", content.text, re.MULTILINE)
    assert [int(number) for number in numbered][-1] == stories
    assert len(numbered) >= stories


def test_a_long_section_collapses_and_says_so(renderer):
    content = renderer.digest(editions.long_day(30, sections=1), templates="email")
    full, by_title, hidden = shown_counts(content.html)
    assert (full, by_title, hidden) == (10, 20, 0)
    assert "… and 20 more" in seen(content.html)
    assert "20 stories are shown here by title only" in seen(content.html)


def test_the_limit_is_used_before_anything_is_left_out(renderer):
    content = renderer.digest(editions.long_day(400), templates="email")
    assert len(content.html.encode()) > LIMIT * 0.8


def test_endless_fields_of_one_story_still_fit(renderer):
    digest = editions.full_day()
    item = digest.sections[0].items[0]
    post = replace(item.lead.post, title="T" * 60_000, text="я" * 300_000)
    source = replace(item.lead.source, title="S" * 60_000)
    others = tuple(replace(item.others[0], source_title="O" * 9_000) for _ in range(300))
    item = replace(item, lead=replace(item.lead, post=post, source=source), others=others)
    section = Section(kind="region", slug="x", label="L" * 60_000, items=(item,) * 30)
    failing = tuple(replace(digest.coverage.failing[0], title="F" * 9_000, error="E" * 9_000) for _ in range(300))
    digest = replace(digest, sections=(section,), coverage=replace(digest.coverage, failing=failing))
    assert len(renderer.digest(digest, templates="email").html.encode()) <= LIMIT


def test_a_webhook_gets_a_payload(renderer):
    content = renderer.digest(editions.full_day(), templates="webhook")
    assert content.payload is not None
    assert content.payload["type"] == "digest.compiled"
    assert content.subject.startswith("Morning brief")
    assert (content.text, content.html) == ("", "")
    with pytest.raises(ValueError, match="'fax'"):
        renderer.digest(editions.full_day(), templates="fax")


def overriding(tmp_path, name: str, text: str) -> Renderer:
    (tmp_path / "email").mkdir(exist_ok=True)
    (tmp_path / "email" / name).write_text(text, "utf-8")
    return Renderer(shipped=TEMPLATES, overrides=[tmp_path], title="The Desk")


def test_an_operator_replaces_one_template(tmp_path):
    content = overriding(tmp_path, "subject.txt.j2", "{{ edition.product }}: {{ edition.stories }} & more").digest(
        editions.full_day(), templates="email"
    )
    assert content.subject == "The Desk: 9 & more"
    assert "Grain deal" in content.html


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("one\n{{ edition.storys }}", r"subject\.txt\.j2:2.*storys"),
        ("one\n{{ nothing }}", r"subject\.txt\.j2:2.*nothing"),
        ("one\ntwo {% if %}", r"subject\.txt\.j2:2"),
        ("{{ ''.__class__.__mro__ }}", r"subject\.txt\.j2:1.*unsafe"),
        ("{% include 'email/absent.j2' %}", r"email/absent\.j2 is in none of"),
        ("{% include '../../../../etc/passwd' %}", "in none of"),
    ],
)
def test_a_broken_template_is_named_with_its_line(tmp_path, text, says):
    with pytest.raises(ConfigError, match=says):
        overriding(tmp_path, "subject.txt.j2", text).digest(editions.full_day(), templates="email")


def test_a_template_that_can_never_fit_is_refused(tmp_path):
    renderer = overriding(tmp_path, "style.css.j2", "p { content: '" + "x" * 120_000 + "' }")
    with pytest.raises(ConfigError, match="too long for mail programs"):
        renderer.digest(editions.full_day(), templates="email")


def test_what_is_unusual_stands_in_the_headline_in_both_languages(renderer, full):
    russian = renderer.digest(editions.full_day("ru"), templates="email")
    for words in (
        "SCO: more than twice the usual (31 posts in a day, usually about 12)",
        "WTO: nothing in a day, usually about 11",
    ):
        assert words in seen(full.html)
        assert words in " ".join(full.text.split())
    for words in (
        "ШОС: более чем вдвое больше обычного (31 публикация за сутки, обычно около 12)",
        "ВТО: ничего за сутки, обычно около 11",
    ):
        assert words in seen(russian.html)
        assert words in " ".join(russian.text.split())


@pytest.mark.parametrize(
    ("last", "english", "russian"),
    [
        (date(2027, 5, 14), "Friday, 14 May 2027", "Пятница, 14 мая 2027 года"),
        (date(2027, 5, 15), "14–15 May 2027", "14–15 мая 2027 года"),
        (date(2027, 6, 2), "14 May 2027 to 2 June 2027", "14 мая 2027 года – 2 июня 2027 года"),
        (date(2028, 5, 2), "14 May 2027 to 2 May 2028", "14 мая 2027 года – 2 мая 2028 года"),
    ],
)
def test_days_of_an_event(renderer, last, english, russian):
    for language, says in (("en", english), ("ru", russian)):
        busy = editions.full_day(language)
        event = replace(busy.ahead[0], first=date(2027, 5, 14), last=last)
        content = renderer.digest(replace(busy, ahead=(event,)), templates="email")
        assert says in " ".join(content.text.split())
        assert says in content.html


@pytest.mark.parametrize(("days", "says"), [(28, "Nothing unusual"), (20, None), (6, "6 of the 28 days")])
def test_nothing_unusual_is_said_only_where_it_is_known(renderer, days, says):
    busy = editions.full_day()
    calm = tuple(replace(trend, unusual=False) for trend in busy.trends.tags)
    content = renderer.digest(replace(busy, trends=replace(busy.trends, tags=calm, days=days)), templates="email")
    for part in (seen(content.html), " ".join(content.text.split())):
        assert "Unusual:" not in part
        assert ("Nothing unusual" in part) == (days == 28)
        assert says is None or says in part


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("summary", "Told by most"),
        ("ahead", "The attached calendar"),
        ("changes", "Changed since"),
        ("trends", "Against the usual week"),
        ("coverage", "were read at least once"),
    ],
)
def test_each_part_may_be_done_without(renderer, full, part, words):
    busy = editions.full_day()
    show = tuple(each for each in Show if each.value != part)
    without = replace(
        busy, subscription=replace(busy.subscription, show=show), ahead=busy.ahead if part != "ahead" else ()
    )
    content = renderer.digest(without, templates="email")
    for with_it, less in ((seen(full.html), seen(content.html)), (full.text, content.text)):
        assert words in " ".join(with_it.split())
        assert words not in " ".join(less.split())
    assert "2 sources could not be read" in content.text


def test_a_quiet_digest_is_proven_even_to_those_who_want_no_coverage(renderer):
    quiet = editions.quiet_day()
    bare = replace(quiet, subscription=replace(quiet.subscription, show=()))
    content = renderer.digest(bare, templates="email")
    assert "were read at least once" in seen(content.html)
    assert "were read at least once" in " ".join(content.text.split())


def test_edits_withdrawals_and_news_of_a_story_are_shown(renderer):
    busy = editions.full_day()
    (item, *rest) = busy.sections[0].items
    item = replace(
        item, edits=editions.EDITED, news=("Inspections <end> in May.",), withdrawn_at=busy.due_at - timedelta(hours=3)
    )
    section = replace(busy.sections[0], items=(item, *rest))
    content = renderer.digest(replace(busy, sections=(section,)), templates="email")
    page = read(content.html)
    assert [node.text() for node in page.css("del")] == ["4.5", "confirmed."] * 2
    assert [node.text() for node in page.css("ins")] == ["3.9", "proposes."] * 2
    assert "not there any more since 04:00" in seen(content.html)
    assert "Inspections <end> in May." in seen(content.html)
    assert "[-4.5-] {+3.9+}" in content.text
    assert "New in it: Inspections <end> in May." in content.text


def test_what_became_of_earlier_posts_is_told_in_their_own_direction(full):
    withdrawn = next(node for node in read(full.html).css("p.gone"))
    assert withdrawn.attributes["dir"] == "rtl"
    assert "line-through" in withdrawn.css_first("a").attributes["style"]
    assert "withdrawn · 22 Nov, 23:00 · وزارة الخارجية المصرية" in full.text


def test_what_is_not_shown_is_a_link_away_where_there_are_pages(renderer):
    address = "https://monitor.example.org/editions/abc"
    content = renderer.digest(replace(editions.long_day(120, sections=2), page=address), templates="email")
    links = [node.text() for node in read(content.html).css(f'a[href="{address}"]')]
    assert "Everything on one page" in links
    assert [link for link in links if link.startswith("… and ")]
    assert f"Everything on one page: {address}" in content.text
    without = renderer.digest(editions.long_day(120, sections=2), templates="email")
    assert "Everything on one page" not in without.html


def test_the_page_of_an_edition_has_all_of_it(renderer):
    busy = editions.long_day(150, sections=3)
    page = renderer.edition_page(replace(busy, page="https://monitor.example.org/editions/abc"))
    assert len(read(page).css("h3")) == 150
    assert "Everything on one page" not in page
    assert "<script" not in page
    assert "http-equiv" not in page
