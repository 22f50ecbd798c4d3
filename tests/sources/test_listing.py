"""Lists found without selectors: layouts written by us, pages that have none, and the recorded ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.core.errors import SourceError
from monitor.core.model import Document, Source, Window
from monitor.sources.datelines import datelines, month_comes_first, with_month_first
from monitor.sources.page import parse
from tests.shared import SHARED, needs_shared

NOW = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://www.example.int/news/list.html"
MENU = "<nav><ul>" + "".join(f'<li><a href="/m{n}">Menu entry number {n}</a></li>' for n in range(12)) + "</ul></nav>"


def read(body: str | bytes, **options: str) -> Window:
    content = body if isinstance(body, bytes) else f"<html><head><title>News</title></head><body>{body}</body></html>"
    document = Document(
        url=URL,
        content=content if isinstance(content, bytes) else content.encode(),
        content_type="text/html; charset=utf-8" if isinstance(content, str) else "text/html",
        fetched_at=NOW,
    )
    return parse(document, Source(slug="x", title="X", kind="page", url=URL, options=options))


def shown(window: Window) -> list[tuple[str | None, str | None, str | None]]:
    return [
        (entry.title, (entry.link or "").removeprefix("https://www.example.int"), entry.published)
        for entry in window.entries
    ]


TITLES = [f"The minister received the ambassador of country {name}" for name in ("A", "B", "C", "D", "E")]
WANTED = [(title, f"/press/{n}", f"2026-03-0{n + 1}") for n, title in enumerate(TITLES)]
LAYOUTS = {
    "list": "<ul>{}</ul>",
    "table": "<table><tr><th>Date</th><th>Title</th></tr>{}</table>",
    "definitions": "<dl>{}</dl>",
    "paragraphs": "<div>{}</div>",
    "cards": '<div class="grid">{}</div>',
    "articles": "<main>{}</main>",
    "calendar": '<div class="events">{}</div>',
    "picture links": "<div>{}</div>",
}
ITEMS = {
    "list": '<li class="{odd}"><span>2026-03-0{day}</span> <a href="/press/{n}">{title}</a></li>',
    "table": '<tr><td>2026-03-0{day}</td><td><a href="/press/{n}">{title}</a></td><td><a href="/x">PDF</a></td></tr>',
    "definitions": '<dt>2026-03-0{day}</dt><dd><a href="/press/{n}">{title}</a></dd>',
    "paragraphs": '<p>2026-03-0{day} <a href="/press/{n}">{title}</a> (Press Office)</p>',
    "cards": '<a class="card c{n}" href="/press/{n}"><img alt=""><time datetime="2026-03-0{day}">{day} March</time>'
    "<h3>{title}</h3><p>{long}</p></a>",
    "articles": '<article class="post-{n} post"><h2><a href="/press/{n}">{title}</a></h2>'
    '<time datetime="2026-03-0{day}">last week</time><p>{long}</p><a href="/press/{n}#more">Read more</a></article>',
    "calendar": "<div><div>0{day}</div><div>March</div><div>2026</div><a href='/press/{n}'>{title}</a></div>",
    "picture links": '<div class="row"><h4>{title}</h4>2026-03-0{day}<a href="/press/{n}"><img alt="Text"></a></div>',
}
LONG = "A paragraph that tells in some more words what they talked about, and what they agreed on in the end."


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    rows = "".join(
        ITEMS[layout].format(n=n, day=n + 1, title=title, odd="odd" if n % 2 else "even first", long=LONG)
        for n, title in enumerate(TITLES)
    )
    window = read(MENU + LAYOUTS[layout].format(rows) + f"<footer>{MENU}</footer>")
    wanted = WANTED
    if layout == "calendar":
        wanted = [(title, link, f"0{n + 1} March 2026") for n, (title, link, _) in enumerate(WANTED)]
    assert shown(window) == wanted
    if layout in {"cards", "articles"}:
        assert window.entries[0].summary == LONG


def test_dates_in_headings_go_down_to_the_items() -> None:
    groups = "".join(
        f"<h3>8月{day}日付</h3><ul>"
        + "".join(f"<li><a href='/{day}/{n}'>外務大臣と大使との会談（第{n}回）</a></li>" for n in range(3))
        + "</ul>"
        for day in (19, 18)
    )
    window = read(f"<p>更新日 2020年1月5日</p>{groups}")
    assert [entry.published for entry in window.entries] == ["2026-08-19"] * 3 + ["2026-08-18"] * 3


def test_dates_in_rows_below() -> None:
    rows = "".join(
        f"<tr><td colspan=2><a href='/d/{n}.pdf'>2026 TS {n}</a></td></tr><tr><td>Parties</td><td>{title}</td></tr>"
        f"<tr><td>Date</td><td>{n + 1} March 2026</td></tr>"
        for n, title in enumerate(TITLES)
    )
    assert shown(read(f"<table>{rows}</table>")) == [
        (title, f"/d/{n}.pdf", f"{n + 1} March 2026") for n, title in enumerate(TITLES)
    ]


def test_items_that_share_their_title_are_told_apart_by_their_heading() -> None:
    groups = "".join(
        f"<h3>{day} March 2026</h3>"
        f"<p><a href='/{day}/agenda.pdf'>Agenda</a></p><p><a href='/{day}/minutes.pdf'>Minutes</a></p>"
        for day in (12, 5, 3)
    )
    assert [entry.title for entry in read(groups).entries][:3] == [
        "12 March 2026 – Agenda",
        "12 March 2026 – Minutes",
        "5 March 2026 – Agenda",
    ]


def test_the_month_comes_first_where_the_list_shows_it() -> None:
    rows = "".join(f"<li>10/{day:02}/2026 <a href='/{day}'>{TITLES[0]} again</a></li>" for day in (30, 8, 7, 1))
    window = read(f"<ul>{rows}</ul>")
    assert [entry.published for entry in window.entries] == ["2026-10-30", "2026-10-08", "2026-10-07", "2026-10-01"]
    assert "dates were read with the month first" in window.notes


def test_a_stated_format_decides() -> None:
    rows = "".join(f"<li>0{day}/04/2026 <a href='/{day}'>{TITLES[0]} again</a></li>" for day in (9, 8, 7))
    window = read(f"<ul>{rows}</ul>", date_format="%m/%d/%Y")
    assert [entry.published for entry in window.entries] == ["2026-09-04", "2026-08-04", "2026-07-04"]


NEWS = "".join(f'<li>2026-03-0{n + 1} <a href="/press/{n}">{title}</a></li>' for n, title in enumerate(TITLES))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "no list of news was recognised"),
        (MENU * 3, "no list of news was recognised"),
        ("<div>" + "".join(f"<p>{LONG} {title}</p>" for title in TITLES) + "</div>", "no list of news was recognised"),
        (f"<h1>404 – Page not found</h1><ul>{NEWS}</ul>", "an error message"),
        (f"<h1>Страница не найдена</h1><ul>{NEWS}</ul>", "an error message"),
        (f"<h1>Sign in to continue</h1><ul>{NEWS}</ul>", "a log-in page"),
        (f"<h1>Are you a robot?</h1><ul>{NEWS}</ul>", "a check for robots"),
        ("<h1>Hotel WiFi login</h1><form><input type=password></form>", "a log-in page"),
    ],
)
def test_what_is_no_list_gives_no_posts(body: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as raised:
        read(body)
    assert raised.value.reason == "not-a-feed"


def test_a_headline_about_errors_is_no_error_message() -> None:
    assert len(read(f"<h1>News on 404 million people in need</h1><ul>{NEWS}</ul>").entries) == len(TITLES)


def test_a_file_is_no_page() -> None:
    with pytest.raises(SourceError, match="is a file"):
        read(b"%PDF-1.7 ...")


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 30_000 + "<a href='/x'>x</a>",
        "<ul>" + "<li><a href='/x'>" * 20_000,
        "<p>" + "1 2 3 4 5 6 " * 50_000,
        "<table>" + "<tr><td>".join(f"<a href='/{n}'>{'long words ' * 3}{n}</a>" for n in range(5_000)),
    ],
    ids=["deep", "unclosed", "numbers", "many"],
)
def test_hostile_pages_end(body: str) -> None:
    try:
        assert len(read(body).entries) <= 1_000
    except SourceError as error:
        assert error.reason == "not-a-feed"


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("Wien, am 3. März 2026", ["3. März 2026"]),
        ("Москва, 17 августа 2026 г.", ["17 августа 2026"]),
        ("le 1er mars 2026", ["1er mars 2026"]),
        ("27 de enero de 2026", ["27 de enero de 2026"]),
        ("JUNE 21st, 2019", ["JUNE 21st, 2019"]),
        ("2026. augusztus 17.", ["2026. augusztus 17"]),
        ("17 أغسطس 2026", ["17 أغسطس 2026"]),
        ("2026年8月17日", ["2026年8月17日"]),
        ("2026년 8월 17일", ["2026년 8월 17일"]),
        ("2026.08.17", ["2026.08.17"]),
        ("令和8年8月17日", ["2026-08-17"]),
        ("令和元年5月1日", ["2019-05-01"]),
        ("平成31年4月30日", ["2019-04-30"]),
        ("R8.8.17", ["2026-08-17"]),
        ("8月19日付", ["2026-08-19"]),
        ("12月24日", ["2025-12-24"]),  # a month from now would be odd: it was last year
        ("Aug 17", ["2026-08-17"]),
        ("17\nAug\n2026", ["17 Aug 2026"]),
        ("June 2005", [None]),
        ("Rule 5 may not be read so in the year 2026 or later", []),
        ("docket 22-0282, section 3.1.4, call 030-12-345", []),
        ("from 1 March 2026 to 3 March 2026", ["1 March 2026", "3 March 2026"]),
        ("NEW\n07-22-2014", ["07-22-2014"]),
        ("16 พ.ย. 2569", ["16 พ.ย. 2569"]),
        ("16 كانون الثاني 2026", ["16 كانون الثاني 2026"]),
        ("Hà Nội, 16 tháng 11 năm 2026", ["16 tháng 11 năm 2026"]),
        ("۲۵ آبان ۱۴۰۵", ["۲۵ آبان ۱۴۰۵"]),
        ("۲۵ آبان", []),  # a day of another calendar, of no year
        ("二〇二六年十一月十六日", ["二〇二六年十一月十六日"]),
        ("16 नवंबर 2026", ["16 नवंबर 2026"]),
        ("2026 оны 11 сарын 16", ["2026 оны 11 сарын 16"]),
        ("16. 11. 2026", ["16. 11. 2026"]),
        ("5 months 1402 days, 16 years 2500 people", []),
    ],
)
def test_dates_in_text(text: str, published: list[str | None]) -> None:
    assert [date.published for date in datelines(text, now=NOW)] == published


def test_which_number_is_the_month() -> None:
    assert month_comes_first(datelines("10/30/2026\n10/08/2026", now=NOW))
    assert month_comes_first(datelines("11/04/2025\n10/08/2025\n09/10/2025\n09/03/2025", now=NOW))
    assert not month_comes_first(datelines("30/10/2026\n08/10/2026", now=NOW))
    assert not month_comes_first(datelines("04/11/2025\n08/10/2025\n10/09/2025\n03/09/2025", now=NOW))
    assert with_month_first("1/2/26") == "2026-01-02"
    assert with_month_first("13/2/2026") == "13/2/2026"


RECORDED = {  # name: items that a reader counts, dated ones, a title near the top
    "city-chi_boardofethics": (151, 0, "2005 – June"),
    "city-chi_human_relations": (55, 0, "May 2024"),
    "city-cook_landbank_docs": (185, 185, "JUNE 21st, 2019 – AGENDA"),
    "city-il_regional_transit_past": (117, 117, "Board of Directors (following Committee meetings)"),
    "court-armfor_example": (25, 25, "U.S. v. Warda"),
    "court-ca11_p_example": (16, 16, "Entela Ruga v. U.S. Attorney General"),
    "court-cadc_example": (11, 11, "Kimball Wind, LLC v. FERC"),
    "court-conn_example": (96, 96, "SC20677 - Ahmed v. Oak Management Corp."),
    "court-haw_example": (
        50,
        50,
        "Valdez v. Somerville (Order Denying Petition Without Prejudice)."
        " Petition for Writ of Mandamus, filed 07/22/2024.",
    ),
    "court-prsupreme_example": (10, 10, "Hope Tucker v. Money Group, LLC y otros"),
    "court-scotusoyez_example": (48, 0, "Alaska v. American Can Co."),
    "court-va_example": (91, 91, "McKeithen v. City of Richmond"),
    "jp-meti": (20, 20, "「健康経営銘柄2027」・「健康経営優良法人2027」の申請受付を開始しました"),
    "jp-mofa": (121, 121, "駐日ボツワナ共和国大使信任状捧呈"),
    "jp-moj": (13, 0, "令和7年のプレスリリース"),
}


@needs_shared
@pytest.mark.corpus
@pytest.mark.parametrize("name", RECORDED)
def test_recorded_listings(name: str) -> None:
    window = read((SHARED / f"corpus/pages/listing/{name}.html").read_bytes())
    count, dated, title = RECORDED[name]
    assert len(window.entries) == count
    assert sum(1 for entry in window.entries if entry.published) == dated
    assert title in [entry.title for entry in window.entries[:4]]
