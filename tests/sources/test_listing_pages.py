# ruff: noqa: E501 - markup and titles are easier to read unbroken
"""Whole listing pages as sites build them, with menus, asides and footers: what a person would call the list is found.

Written without looking at the rules; each has another shape.
"""

from __future__ import annotations

import pytest

from monitor.core.errors import SourceError
from tests.sources.test_listing import read

MENU = (
    "<header><a href='/'>Home</a><nav><ul><li><a href='/ministry/minister'>The Minister</a></li>"
    "<li><a href='/ministry/organisation'>Organisation of the Ministry</a></li>"
    "<li><a href='/policy/europe'>European policy</a></li><li><a href='/policy/trade'>Foreign trade policy</a></li>"
    "<li><a href='/services/visas'>Visas and consular services</a></li><li><a href='/press'>Press</a></li>"
    "<li><a href='/contact'>Contact and opening hours</a></li></ul></nav></header>"
)
FOOTER = (
    "<footer><ul><li><a href='/imprint'>Imprint</a></li><li><a href='/privacy'>Data protection notice</a></li>"
    "<li><a href='https://social.example/mfa'>Follow the Ministry</a></li></ul><p>© 2026 Ministry</p></footer>"
)
READ_MOST = (
    "<aside><h3>Read most</h3><ol><li><a href='/visa-form'>Application form for visas</a></li>"
    "<li><a href='/travel'>Travel advice for all countries</a></li><li><a href='/jobs'>Vacancies at the Ministry</a></li>"
    "</ol></aside>"
)
PAGER = "<div class='pager'><a href='?p=1'>1</a> <a href='?p=2'>2</a> <a href='?p=3'>3</a> <a href='?p=2'>Next page</a></div>"

TABLES = (  # a site of the year 2000: tables in tables, two languages for each item
    "<table width='100%'><tr><td width='150'><table><tr><td><a href='/minister'>The Minister</a></td></tr>"
    "<tr><td><a href='/embassies'>Embassies abroad</a></td></tr><tr><td><a href='/visas'>Visa information</a></td></tr></table>"
    "</td><td><h2>Statements of the spokesman</h2><table border='0'>"
    + "".join(
        f"<tr><td nowrap>{day:02}.11.2026</td><td><a href='/statements/2026/{day}.htm'>{title}</a></td>"
        f"<td><a href='/statements/2026/{day}f.htm'>FR</a></td></tr>"
        for day, title in (
            (19, "On the situation in the Gulf of Guinea"),
            (17, "On the elections in Ruritania"),
            (12, "On the release of detained journalists"),
            (9, "On the anniversary of the peace accord"),
        )
    )
    + "</table></td></tr></table>"
)
DEFINITIONS = (
    MENU
    + "<main><h1>Communiqués</h1><h2>November 2026</h2><dl>"
    + "".join(
        f"<dt>{day} November 2026</dt><dd><a href='/com/{1200 + day}'>{title}</a><br>{note}</dd>"
        for day, title, note in (
            (20, "Joint communiqué on fisheries", "Signed in Valletta by both ministers."),
            (18, "Communiqué of the 14th bilateral commission", "The commission met in the capital."),
            (11, "Communiqué on the visit of the foreign minister", "Talks on energy and transit."),
        )
    )
    + "</dl></main>"
    + FOOTER
)
CARDS = (
    MENU
    + "<div class='layout'><section class='hero'><a href='/en/news/summit-closes'><h2>Summit closes with agreement on grain "
    "corridors</h2></a><span class='date'>21 Nov 2026</span></section><div class='cards'>"
    + "".join(
        f"<div class='card'><div class='card-img'><a href='/en/news/{slug}'><img src='/i/{n}.jpg' alt=''></a></div>"
        f"<div class='card-body'><span class='tag'><a href='/en/topics/{n}'>Topic {n}</a></span>"
        f"<h3 class='card-title'><a href='/en/news/{slug}'>{title}</a></h3><p>{title} in the presence of the press.</p>"
        f"<span class='date'>{20 - n} Nov 2026</span> <a class='more' href='/en/news/{slug}'>Read more</a></div></div>"
        for n, (slug, title) in enumerate(
            (
                ("ambassador-credentials", "Ambassador presents credentials"),
                ("climate-envoy", "Climate envoy meets island states"),
                ("sanctions-package", "Council adopts new sanctions package"),
                ("observer-mission", "Observer mission begins its work"),
                ("water-treaty", "Water treaty enters into force"),
            )
        )
    )
    + f"</div>{PAGER}</div>{READ_MOST}{FOOTER}"
)
HEADINGS = (  # nothing but headings and paragraphs, one after the other
    MENU
    + "<div id='content'><h1>Press releases</h1>"
    + "".join(
        f"<h3><a href='/press/{number}/'>{title}</a></h3><p class='meta'>Vienna, {day} November 2026 – Nr. {number}</p>"
        f"<p>{title}, the Ministry announced after talks that lasted until late in the evening.</p>"
        for number, day, title in (
            (411, 20, "Minister travels to the Western Balkans"),
            (410, 19, "Humanitarian aid for flood victims"),
            (409, 16, "Consular fees change in January"),
            (408, 13, "Statement on the ceasefire"),
        )
    )
    + f"</div>{READ_MOST}{FOOTER}"
)
ARABIC = (
    "<nav><ul><li><a href='/ar/about'>عن الوزارة</a></li><li><a href='/ar/minister'>معالي الوزير</a></li>"
    "<li><a href='/ar/services'>الخدمات القنصلية</a></li><li><a href='/ar/contact'>اتصل بنا</a></li></ul></nav>"
    "<div dir='rtl'><h1>البيانات الصحفية</h1><div class='news-list'>"
    + "".join(
        f"<div class='news-item'><span class='news-date'>{day} نوفمبر ٢٠٢٦</span>"
        f"<h4><a href='/ar/news/{number}'>{title}</a></h4></div>"
        for number, day, title in (
            (901, "٢٠", "وزير الخارجية يستقبل سفير مملكة بلجيكا"),
            (900, "١٨", "بيان بشأن التطورات في المنطقة"),
            (899, "١٥", "اختتام أعمال الدورة العادية لمجلس الوزراء"),
            (898, "١١", "توقيع مذكرة تفاهم في مجال الطاقة المتجددة"),
        )
    )
    + "</div></div><footer><a href='/ar/privacy'>سياسة الخصوصية</a></footer>"
)
CHINESE = (
    "<div class='nav'><a href='/wjb/'>外交部</a><a href='/wjbz/'>外交部长</a><a href='/ywgg/'>业务公告</a>"
    "<a href='/zlhd/'>资料活动</a><a href='/fw/'>领事服务</a></div><div class='rebox'><h2>发言人表态</h2>"
    "<ul class='rebox_news'>"
    + "".join(
        f"<li><a href='./2026{month:02}/t2026{month:02}{day:02}_{1000 + day}.shtml'>{title}</a>"
        f"<span>(2026-{month:02}-{day:02})</span></li>"
        for month, day, title in (
            (11, 20, "外交部发言人就有关问题答记者问"),
            (11, 18, "外交部长同法国外长通电话"),
            (11, 17, "第三轮中欧战略对话在北京举行"),
            (10, 30, "关于双边航空协定的联合声明"),
        )
    )
    + "</ul></div><div class='page'><a href='index_1.shtml'>下一页</a><a href='index_40.shtml'>尾页</a></div>"
)
DAYS = (  # the date stands once a day, above what happened then; items have the time alone
    MENU
    + "<main><h1>Новости</h1>"
    + "".join(
        f"<div class='day'><h2>{day} ноября 2026 года</h2>"
        + "".join(
            f"<div class='hentry'><time>{hour}:30</time><h3><a href='/events/{day}{hour}'>{title}</a></h3></div>"
            for hour, title in events
        )
        + "</div>"
        for day, events in (
            (20, ((18, "Телефонный разговор с президентом"), (11, "Встреча с главой региона"))),
            (19, ((16, "Совещание по экономическим вопросам"), (10, "Поздравление с национальным праздником"))),
            (18, ((12, "Заседание попечительского совета"),)),
        )
    )
    + "</main>"
    + FOOTER
)
LINKS_ALONE = (  # no dates at all, and a menu that is longer than the list
    MENU
    + "<div class='main'><h1>Latest statements</h1><ul class='statements'>"
    + "".join(
        f"<li><a href='/statements/{slug}'>{title}</a></li>"
        for slug, title in (
            ("un-human-rights-council-item-4", "UN Human Rights Council: statement under agenda item 4"),
            ("osce-permanent-council-freedom-media", "OSCE Permanent Council: statement on freedom of the media"),
            ("security-council-briefing-sahel", "Security Council briefing on the Sahel: remarks as delivered"),
            ("iaea-board-safeguards", "IAEA Board of Governors: statement on safeguards"),
            ("disarmament-conference-opening", "Conference on Disarmament: opening statement"),
        )
    )
    + f"</ul></div>{READ_MOST}{FOOTER}"
)
DOWNLOADS = (
    MENU
    + "<main><h1>Resolutions of the committee</h1><div class='accordion'>"
    + "".join(
        f"<div class='file-row'><div class='file-title'>{title}</div><div class='file-info'>adopted on 2026-0{month}-14</div>"
        f"<div class='file-link'><a href='/files/res-{number}.pdf'>Download (PDF, {number} KB)</a></div></div>"
        for number, month, title in (
            (312, 9, "Resolution 312 on the protection of cultural heritage"),
            (311, 7, "Resolution 311 on electoral observation"),
            (310, 6, "Resolution 310 on migration and transit"),
            (309, 3, "Resolution 309 on the budget of the assembly"),
        )
    )
    + "</div></main>"
    + FOOTER
)


@pytest.mark.parametrize(
    ("page", "first", "last", "number", "dates"),
    [
        pytest.param(TABLES, "On the situation in the Gulf of Guinea", "On the anniversary of the peace accord", 4, 4, id="tables"),
        pytest.param(DEFINITIONS, "Joint communiqué on fisheries", "Communiqué on the visit of the foreign minister", 3, 3, id="definitions"),
        pytest.param(CARDS, "Ambassador presents credentials", "Water treaty enters into force", 5, 5, id="cards"),
        pytest.param(HEADINGS, "Minister travels to the Western Balkans", "Statement on the ceasefire", 4, 4, id="headings"),
        pytest.param(ARABIC, "وزير الخارجية يستقبل سفير مملكة بلجيكا", "توقيع مذكرة تفاهم في مجال الطاقة المتجددة", 4, 4, id="arabic"),
        pytest.param(CHINESE, "外交部发言人就有关问题答记者问", "关于双边航空协定的联合声明", 4, 4, id="chinese"),
        pytest.param(DAYS, "Телефонный разговор с президентом", "Заседание попечительского совета", 5, 5, id="days"),
        pytest.param(LINKS_ALONE, "UN Human Rights Council: statement under agenda item 4", "Conference on Disarmament: opening statement", 5, 0, id="links-alone"),
        pytest.param(DOWNLOADS, "Resolution 312 on the protection of cultural heritage", "Resolution 309 on the budget of the assembly", 4, 4, id="downloads"),
    ],
)  # fmt: skip
def test_the_list_that_a_person_sees_is_found(page: str, first: str, last: str, number: int, dates: int) -> None:
    entries = read(page).entries
    titles = [entry.title for entry in entries]
    assert first in titles, titles
    assert last in titles, titles
    assert number <= len(titles) <= number + 1, titles  # the one that is shown large, above the list, may be among them
    assert sum(entry.published is not None for entry in entries) >= dates


# ── articles, which are no lists ──────────────────────────────────────────────────────────────────────────

PROSE = [
    "The Minister for Foreign Affairs received her counterpart in the capital on Thursday for talks on the implementation of the transit agreement, which both parliaments ratified in the spring after long debates.",
    "Both sides underlined that the corridor serves the people who live along it, and agreed that the joint commission will meet every quarter, for the first time in January, to look at the figures of the crossings.",
    "Asked about the negotiations on fisheries, the Minister said that the remaining questions concern quotas for the northern waters, and that experts would continue their work before the end of the month.",
    "The counterpart thanked the Government for the reception of the delegation and invited the Minister to a return visit, the date of which will be agreed through diplomatic channels in due course.",
    "The talks were followed by a working lunch, in which representatives of the chambers of commerce of both countries and of the universities took part, and by the opening of an exhibition of maps.",
]
PARAGRAPHS = "".join(f"<p>{p}</p>" for p in PROSE)


def _dated(number: int, day: int, title: str) -> str:
    return f"<li><span class='date'>{day} November 2026</span> <a href='/press/{number}'>{title}</a></li>"


RELEASE = (
    MENU
    + f"<main><h1>Minister receives counterpart</h1><p class='date'>20 November 2026</p>{PARAGRAPHS}<h2>Related statements</h2><ul class='related'>"
    + _dated(811, 12, "Transit agreement enters into force")
    + _dated(790, 9, "Joint commission prepares its first meeting")
    + _dated(771, 3, "Statement on the northern corridor")
    + "</ul></main>"
    + FOOTER
)
INTERVIEW = (
    MENU
    + "<div id='content'><h1>Interview of the Minister with the Evening Post</h1><dl>"
    + "".join(f"<dt>Question {n}: what was agreed on this point?</dt><dd>{p}</dd>" for n, p in enumerate(PROSE))
    + "</dl><h3>More interviews</h3><ul>"
    + "".join(
        f"<li><a href='/interviews/{n}'>{t}</a></li>"
        for n, t in enumerate(
            [
                "With Radio North on the corridor and its future",
                "With the Daily Mirror on the fisheries talks",
                "With Channel Five on the visit to Ruritania",
                "With the Gazette on the budget of the ministry",
                "With World Service on the peace conference",
            ]
        )
    )
    + "</ul></div>"
    + FOOTER
)
SPEECH = (
    "<table width='100%'><tr><td width='160'>"
    + "<br>".join(
        f"<a href='/{w.lower()}.htm'>{w}</a>" for w in ["Home", "Minister", "Speeches", "Embassies", "Visas", "Contact"]
    )
    + "</td><td><font size='4'>Address to the General Assembly</font><br>New York, 22 September 2026<br><br>"
    + "<br><br>".join(PROSE)
    + "<hr>"
    + "<br>".join(
        f"[{n}] See <a href='https://docs.un.example/A/RES/{70 + n}'>resolution {70 + n}/{n}12 of the Assembly</a>"
        for n in range(1, 6)
    )
    + "</td></tr></table>"
)
BLOG = (
    f"<header><a href='/'>Ambassador's blog</a></header><article><h1>A year in the mountains</h1><p><time datetime='2026-11-18'>18 November 2026</time></p>{PARAGRAPHS}</article><aside><h3>Archive</h3><ul>"
    + "".join(
        f"<li><a href='/2026/{m:02}'>{name} 2026</a> ({m})</li>"
        for m, name in enumerate(["January", "February", "March", "April", "May", "June", "July", "August"], 1)
    )
    + "</ul></aside>"
    + FOOTER
)
ARABIC_PROSE = "استقبل وزير الخارجية اليوم نظيره في العاصمة لبحث تنفيذ اتفاقية العبور التي صادق عليها البرلمانان في الربيع بعد مناقشات طويلة حول بنودها المختلفة. "
ARABIC_ARTICLE = (
    "<html lang='ar' dir='rtl'><body>"
    + MENU
    + "<main><h1>وزير الخارجية يستقبل نظيره</h1><div>20 نوفمبر 2026</div>"
    + "".join(f"<p>{ARABIC_PROSE * 2}</p>" for _ in range(6))
    + "<div class='tags'>"
    + "".join(
        f"<a href='/tag/{n}'>{t}</a> "
        for n, t in enumerate(
            [
                "اتفاقية العبور بين البلدين",
                "وزارة الخارجية والتعاون",
                "العلاقات الثنائية",
                "مصايد الأسماك",
                "الزيارات الرسمية",
                "اللجنة المشتركة",
            ]
        )
    )
    + "</div></main>"
    + FOOTER
)
ANNEX = (
    MENU
    + f"<main><h1>Agreement on transit</h1>{PARAGRAPHS}{PARAGRAPHS}<h2>Documents</h2><ul>"
    + "".join(
        f"<li><a href='/files/annex-{n}.pdf'>{t} (PDF)</a></li>"
        for n, t in enumerate(
            [
                "Text of the agreement on transit",
                "Annex on customs procedures",
                "Annex on railway crossings",
                "Explanatory memorandum to parliament",
                "Map of the corridor and its stations",
            ]
        )
    )
    + "</ul></main>"
    + FOOTER
)


IN_DIVISIONS = (  # the menu of a large site has more words than the article
    "<div class='sections'>"
    + "".join(
        f"<div><a href='/s/{n}'>Questions and answers on subject number {n} of the ministry</a></div>"
        for n in range(60)
    )
    + "</div><div class='content'><h1>Minister presents the annual report on transit</h1><div>20 November 2026</div>"
    + "".join(f"<div>{p} See <a href='/glossary'>the glossary</a>.</div>" for p in PROSE)
    + "</div>"
    + FOOTER
)
CHINESE_PROSE = "外交部长周四在首都会见来访的对方外长，双方就过境协定的落实交换意见，并同意联合委员会每季度举行一次会议，首次会议定于明年一月举行。"
CHINESE_ARTICLE = (
    "<html lang='zh'><body>"
    + MENU
    + "<div id='main'><h1>外交部长会见来访外长并就过境协定交换意见</h1><p>2026年11月20日</p>"
    + f"<p>{CHINESE_PROSE}</p>" * 12
    + "<ul>"
    + "".join(
        f"<li><a href='/zh/{n}'>{t}</a> 2026年11月{n}日</li>"
        for n, t in [(19, "联合委员会筹备首次会议"), (12, "过境协定正式生效"), (3, "关于北部走廊的声明")]
    )
    + "</ul></div>"
    + FOOTER
)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(RELEASE, id="a release with related ones"),
        pytest.param(INTERVIEW, id="an interview with others below"),
        pytest.param(SPEECH, id="a speech with notes, in tables"),
        pytest.param(BLOG, id="a diary with an archive"),
        pytest.param(ARABIC_ARTICLE, id="Arabic with long tags"),
        pytest.param(ANNEX, id="an agreement with annexes"),
        pytest.param(IN_DIVISIONS, id="a report without paragraphs, with a menu of sections"),
        pytest.param(CHINESE_ARTICLE, id="Chinese with dated related ones"),
    ],
)
def test_an_article_is_no_list(page: str) -> None:
    with pytest.raises(SourceError, match="no list of news was recognised"):
        read(page)


def test_a_list_below_a_long_introduction_is_one() -> None:
    items = "".join(_dated(900 - n, 20 - n, f"Statement number {n} on the transit agreement") for n in range(15))
    introduced = (
        f"{MENU}<main><h1>Statements of the Minister for Foreign Affairs</h1>{PARAGRAPHS}<ul>{items}</ul></main>"
    )
    assert len(read(introduced + FOOTER).entries) == 15


# ── lists that show no dates, and lists that have just begun ────────────────────────────────────────────────


def undated(*items: tuple[str, str], heading: str = "h3") -> str:
    rows = "".join(f"<li class='item'><{heading}><a href='{url}'>{title}</a></{heading}></li>" for url, title in items)
    return f"{MENU}<main><h1>Press releases</h1><ul class='news'>{rows}</ul></main>{FOOTER}"


NAMES = ("amber", "birch", "cedar", "delta", "ember", "flint")
SERVICES = ("Visa services", "Passports", "Consular help", "Notary acts", "Birth certificates", "Legalisation")
EPISODES = {
    "one title, filed by month": undated(*((f"/2026/03/briefing-{name}", "Weekly briefing") for name in NAMES)),
    "one title, numbered": undated(*((f"/news/{n}", "Weekly briefing") for n in range(100, 106)), heading="p"),
    "one title, in headings": undated(*((f"/news/{name}", "Weekly briefing") for name in NAMES)),
    "one title and a number": undated(*((f"/bulletins/{n}", f"Bulletin No. {n}") for n in range(50, 44, -1))),
    "one of them corrected": undated(
        ("/2026/03/a", "Weekly briefing"),
        *((f"/2026/02/briefing-{name}", "Weekly briefing") for name in NAMES[:4]),
        ("/2026/01/briefing-f", "Weekly briefing (corrected)"),
    ),
    "short titles, filed by day": undated(
        *((f"/2026/03/{day:02}/{name}", f"Visit to {name}") for day, name in enumerate(NAMES, start=10))
    ),
    "in Chinese": undated(*((f"/202603/t202603{n:02}_1.html", "每周简报") for n in range(10, 16)), heading="span"),
}


@pytest.mark.parametrize("page", EPISODES.values(), ids=EPISODES)
def test_a_list_of_episodes_is_a_list_without_dates(page: str) -> None:
    window = read(page)
    assert len(window.entries) == len({entry.link for entry in window.entries}) == 6
    assert all("/minister" not in (entry.link or "") for entry in window.entries)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("date", ["<time datetime='2026-03-{day}'>{day} March 2026</time>", ""], ids=["dated", "filed"])
def test_a_list_that_has_just_begun_is_read(number: int, date: str) -> None:
    rows = "".join(
        f"<li>{date.format(day=10 + n)}<h3><a href='/2026/03/visit-{NAMES[n]}'>Visit of the envoy to {NAMES[n]}</a></h3></li>"
        for n in range(number)
    )
    window = read(f"{MENU}<main><h1>Press releases</h1><ul>{rows}</ul></main>{FOOTER}")
    assert [entry.title for entry in window.entries] == [f"Visit of the envoy to {name}" for name in NAMES[:number]]
    assert [bool(entry.published) for entry in window.entries] == [bool(date)] * number


NO_EPISODES = {
    "services": undated(*((f"/services/{name}", title) for name, title in zip(NAMES, SERVICES, strict=True))),
    "a menu with numbers": undated(
        *((f"/node/{n}", title) for n, title in enumerate(SERVICES, start=90)), heading="span"
    ),
    "one word for all": undated(*((f"/{name}/overview", "Product overview") for name in NAMES), heading="p"),
    "Read the full story": undated(*((f"/{name}", "Read the full story") for name in NAMES), heading="p"),
    "numbers of pages": undated(*((f"/news/page/{n}", f"Страница {n}") for n in range(2, 8)), heading="span"),
    "years": undated(*((f"/news/{year}/", f"News of {year}") for year in range(2020, 2026)), heading="span"),
    "one link and nothing else": undated(("/search", "Search all our press releases")),
    "an article that links another": (
        f"{MENU}<main><article><h1>The commission met in the capital</h1><p>{'Ministers spoke of fish. ' * 30}"
        "<a href='/2026/03/earlier'>The commission met in spring as well</a></p></article></main>"
    ),
    "a film": "<meta property='og:type' content='video.other'><main><h1>Ministers arrive</h1><ul>"
    + "".join(f"<li><a href='/2026/03/{name}'>Ministers are seen leaving {name}</a></li>" for name in NAMES)
    + "</ul></main>",
}


@pytest.mark.parametrize("page", NO_EPISODES.values(), ids=NO_EPISODES)
def test_what_repeats_or_is_numbered_is_not_yet_news(page: str) -> None:
    with pytest.raises(SourceError) as raised:
        read(page)
    assert raised.value.reason == "not-a-feed"
