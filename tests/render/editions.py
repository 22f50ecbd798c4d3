"""Digests to render: a full day in five languages, a quiet day, a very long day. All bodies and texts are invented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from monitor.core.digest import ahead
from monitor.core.model import (
    Amendment,
    Authority,
    Coverage,
    Digest,
    DoubtfulSource,
    Evidence,
    Facet,
    FailingSource,
    Fate,
    Field,
    Forward,
    Health,
    HealthChange,
    Item,
    Match,
    MissingPosts,
    Notice,
    Notices,
    Post,
    Schedule,
    Section,
    Source,
    StoredPost,
    Subscription,
    Tag,
    Trend,
    Trends,
    Voice,
    Wording,
)
from monitor.core.notices import notice

DUE = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SINCE = DUE - timedelta(days=1)

LABELS = {
    "country:kz": "Kazakhstan",
    "country:at": "Austria",
    "country:eg": "Egypt",
    "country:ke": "Kenya",
    "country:cn": "China",
    "country:fr": "France",
    "country:ro": "Romania",
    "country:tr": "Türkiye",
    "organisation:osce": "OSCE",
    "organisation:sco": "SCO",
    "organisation:african-union": "African Union",
    "organisation:un": "United Nations",
    "organisation:wto": "WTO",
    "region:central-asia": "Central Asia",
    "region:black-sea": "Black Sea",
    "region:horn-of-africa": "Horn of Africa",
}

LABELS_RU = {
    "country:kz": "Казахстан",
    "country:at": "Австрия",
    "country:eg": "Египет",
    "country:ke": "Кения",
    "country:cn": "Китай",
    "country:fr": "Франция",
    "country:ro": "Румыния",
    "country:tr": "Турция",
    "organisation:osce": "ОБСЕ",
    "organisation:sco": "ШОС",
    "organisation:african-union": "Африканский союз",
    "organisation:un": "ООН",
    "organisation:wto": "ВТО",
    "region:central-asia": "Центральная Азия",
    "region:black-sea": "Чёрное море",
    "region:horn-of-africa": "Африканский Рог",
}


def source(slug: str, title: str, authority: Authority = Authority.PRIMARY, **more: str) -> Source:
    return Source(slug=slug, title=title, kind="feed", url=f"https://{slug}.example/feed", authority=authority, **more)


def tag(key: str, *, main: bool = True, weight: float = 0.8) -> Tag:
    facet, _, slug = key.partition(":")
    return Tag(facet=Facet(facet), slug=slug, main=main, weight=weight, evidence=())


def found(watch: str, post: Post, *words: str) -> Match:
    evidence = []
    for each in words:
        for field, text in ((Field.TITLE, post.title), (Field.TEXT, post.text)):
            at = text.find(each)
            if at >= 0:
                evidence.append(Evidence(field=field, offset=at, words=each, rule="phrase"))
    return Match(watch=watch, evidence=tuple(evidence))


def voice(title: str, minutes: int, authority: Authority = Authority.PRIMARY, *, at: datetime = SINCE) -> Voice:
    slug = title.lower().replace(" ", "-")
    lag = timedelta(minutes=minutes)
    url = f"https://{slug}.example/{minutes}" if title.isascii() else "https://xn--e1afmkfd.example/1"
    return Voice(
        post_id=900 + minutes, source_slug=slug, source_title=title, authority=authority, url=url, at=at + lag, lag=lag
    )


def item(
    story: int,
    by: Source,
    title: str,
    text: str,
    *,
    hours: float,
    language: str,
    tags: Iterable[str] = (),
    watch: dict[str, tuple[str, ...]] | None = None,
    others: Iterable[Voice] = (),
    forwarded_from: str | None = None,
    edited: bool = False,
    title_made: bool = False,
    url: str | None = "",
) -> Item:
    at = SINCE + timedelta(hours=hours)
    post = Post(
        guid=f"{by.slug}/{story}",
        url=f"https://{by.slug}.example/press/2026/11/{4000 + story}" if url == "" else url,
        title=title,
        title_made=title_made,
        text=text,
        html="",
        language=language,
        stated_at=at,
        forwarded_from=Forward(name=forwarded_from) if forwarded_from else None,
        edited=edited,
        content_hash=bytes(16),
        fingerprint=None,
    )
    matches = tuple(found(slug, post, *words) for slug, words in (watch or {}).items())
    tags = tuple(tag(key) for key in tags)
    lead = StoredPost(
        id=story, source=by, story_id=story, post=post, first_seen_at=at, backlog=False, tags=tags, matches=matches
    )
    return Item(story_id=story, lead=lead, others=tuple(others), tags=tags, matches=matches, at=at)


def subscription(language: str = "en") -> Subscription:
    return Subscription(
        slug="morning-brief",
        title="Утренний обзор" if language == "ru" else "Morning brief",
        channel="email",
        recipients=("desk@example.org",),
        schedule=Schedule(timezone="Europe/Vienna", times=(time(7, 0),)),
        language=language,
    )


def full_day(language: str = "en") -> Digest:
    """Nine stories in five languages: watches, a joint statement, a forward, an edit, two failing sources."""
    kazakhstan = source("mfa-kz", "Ministry of Foreign Affairs of Kazakhstan", country="KZ")
    vienna = source("osce", "OSCE Secretariat", organisation="osce")
    cairo = source("mfa-eg", "وزارة الخارجية المصرية", country="EG")
    paris = source("diplomatie-fr", "France Diplomatie", country="FR")
    peking = source("sco-secretariat-zh", "上海合作组织秘书处", organisation="sco")
    agency = source("agency", "Steppe News Agency", Authority.STATE_AGENCY)
    paper = source("harbour-post", "The Harbour Post", Authority.PRESS)
    moscow = source("sco-ru", "Секретариат ШОС", organisation="sco")

    grain = item(
        1,
        source("mfa-tr", "Ministry of Foreign Affairs of Türkiye", country="TR"),
        "Joint statement on the extension of the Black Sea grain corridor",
        "Joint statement on the extension of the Black Sea grain corridor\n\nThe ministers of Türkiye, Romania and "
        "Egypt met in Istanbul on 22 November. They welcomed the work of the coordination centre. The grain corridor "
        "will stay open for a further 120 days, and inspections will be limited to “six hours & one flag”. The parties "
        "will review tariffs <b>once a month</b>.\n\nA technical group will meet in Constanța in December.",
        hours=9.3,
        language="en",
        tags=("country:tr", "country:ro", "country:eg", "region:black-sea", "organisation:un"),
        watch={"grain": ("grain corridor",), "sanctions": ("tariffs",)},
        others=(
            voice("MFA of Romania", 2),
            voice("وزارة الخارجية المصرية", 12),
            voice("Embassy of Türkiye in Vienna", 41),
            voice("Steppe News Agency", 65, Authority.STATE_AGENCY),
            voice("The Harbour Post", 130, Authority.PRESS),
            voice("Danube Wire", 171, Authority.PRESS),
            voice("Ports Weekly", 1590, Authority.PRESS),
        ),
    )
    sanctions = item(
        2,
        paris,
        "Point de presse : nouvelles mesures restrictives et soutien à la médiation",
        "La porte-parole a répondu aux questions des journalistes. S’agissant du Sahel, la France salue la médiation "
        "en cours. Les ministres ont adopté des mesures restrictives visant onze entités ; les négociations sur le "
        "paquet suivant commenceront en janvier. La liste sera publiée au Journal officiel.",
        hours=11.5,
        language="fr",
        tags=("country:fr", "organisation:un"),
        watch={"sanctions": ("mesures restrictives",)},
        edited=True,
    )
    summit = item(
        3,
        kazakhstan,
        "Astana to host SCO transport ministers in May",
        "The transport ministers of the Shanghai Cooperation Organisation will meet in Astana on 14–15 May 2027. The "
        "agenda includes a single transit document and the electronic queue at border crossings. The deputy minister "
        "noted that freight between member states grew by 11 per cent in ten months.",
        hours=5.2,
        language="en",
        tags=("country:kz", "organisation:sco", "region:central-asia"),
        others=(voice("Steppe News Agency", 26, Authority.STATE_AGENCY),),
    )
    chinese = item(
        4,
        peking,
        "上合组织秘书长会见世界贸易组织副总干事：讨论单一过境文件",
        "上合组织秘书长二十二日在北京会见世界贸易组织副总干事。双方讨论了单一过境文件和数字贸易规则，并同意成立联合工作组。"
        "秘书长表示，成员国之间的货运量在前十个月增长了百分之十一，边境口岸电子排队系统将于明年春季开始试运行。"
        "世贸组织方面介绍了贸易便利化协定的实施情况，愿意提供技术援助，并邀请秘书处派观察员出席明年的部长级会议。",
        hours=8.1,
        language="zh",
        tags=("country:cn", "organisation:sco", "organisation:wto"),
    )
    russian = item(
        5,
        moscow,
        "О консультациях по вопросам международной информационной безопасности",
        "О консультациях по вопросам международной информационной безопасности\n\n21–22 ноября в Ташкенте прошли "
        "консультации экспертов государств-членов ШОС. Стороны согласовали перечень контактных пунктов и договорились "
        "провести совместные учения в первом квартале 2027 года. Следующая встреча намечена на апрель.",
        hours=12.9,
        language="ru",
        tags=("organisation:sco", "region:central-asia"),
        others=(
            voice("Steppe News Agency", 35, Authority.STATE_AGENCY),
            voice("Ведомство связи", 48),
        ),
        forwarded_from="Посольство в Ташкенте",
    )
    arabic = item(
        6,
        cairo,
        "وزير الخارجية يبحث مع نظيره الكيني الأوضاع في القرن الأفريقي",
        "أجرى وزير الخارجية اتصالاً هاتفياً مع نظيره الكيني تناول تطورات الأوضاع في القرن الأفريقي وسبل دعم جهود "
        "الاتحاد الأفريقي. واتفق الجانبان على عقد الجولة المقبلة من المشاورات السياسية في نيروبي خلال شهر يناير 2027. "
        "وأكد الوزير أهمية احترام سيادة الدول ووحدة أراضيها.",
        hours=14.4,
        language="ar",
        tags=("country:eg", "country:ke", "organisation:african-union", "region:horn-of-africa"),
        others=(voice("Ministry of Foreign Affairs of Kenya", 95),),
    )
    observers = item(
        7,
        vienna,
        "OSCE opens call for election observers; applications until 5 January",
        "The Secretariat invites participating States to second observers for the spring elections. Training takes "
        "place online. Observers serve for eight weeks and work in pairs.",
        hours=2.75,
        language="en",
        tags=("organisation:osce", "country:at"),
        others=(voice("The Harbour Post", 320, Authority.PRESS),),
    )
    short = item(
        8,
        agency,
        "Border crossing at Korday works around the clock again, the customs service says, after repairs that took…",
        "Border crossing at Korday works around the clock again, the customs service says, after repairs that took "
        "nine weeks; lorries are let through by electronic queue only.",
        hours=20.1,
        language="en",
        title_made=True,
        tags=("country:kz", "region:central-asia"),
    )
    port = item(
        9,
        paper,
        "Constanța port expects record maize exports",
        "Shipping agents in Constanța expect the busiest December on record.",
        hours=22.6,
        language="en",
        tags=("country:ro",),
        url=None,
    )
    russian_labels = language == "ru"
    labels = LABELS_RU if russian_labels else LABELS
    whole = Digest(
        subscription=subscription(language),
        due_at=DUE,
        compiled_at=DUE + timedelta(seconds=4),
        sections=(
            Section(
                kind="watch", slug="grain", label="Зерновая сделка" if russian_labels else "Grain deal", items=(grain,)
            ),
            Section(
                kind="watch", slug="sanctions", label="Санкции" if russian_labels else "Sanctions", items=(sanctions,)
            ),
            Section(
                kind="organisation", slug="sco", label=labels["organisation:sco"], items=(summit, chinese, russian)
            ),
            Section(
                kind="organisation",
                slug="african-union",
                label=labels["organisation:african-union"],
                items=(arabic,),
            ),
            Section(kind="organisation", slug="osce", label=labels["organisation:osce"], items=(observers,)),
            Section(kind="none", slug="", label="", items=(short, port)),
        ),
        coverage=Coverage(
            since=SINCE,
            until=DUE,
            sources=38,
            checked=36,
            polls=3412,
            silent=(DoubtfulSource(slug="river-council", title="Danube River Council", at=SINCE - timedelta(days=4)),),
            changes=(
                HealthChange(
                    slug="steppe",
                    title="Steppe News Agency",
                    before=Health.FAILING,
                    after=Health.FINE,
                    at=SINCE + timedelta(hours=10),
                    why="read again after 5 failed polls",
                    id=7,
                ),
                HealthChange(
                    slug="river-council",
                    title="Danube River Council",
                    before=Health.FINE,
                    after=Health.SILENT,
                    at=SINCE + timedelta(hours=11),
                    why="nothing new since 2026-11-18 07:00 UTC",
                    id=8,
                ),
            ),
            missing=(MissingPosts(slug="tg-mid", title="МИД России (Telegram)", never_seen=3, withdrawn=1),),
            gaps=(DoubtfulSource(slug="steppe", title="Steppe News Agency", at=SINCE + timedelta(hours=9)),),
            failing=(
                FailingSource(
                    slug="mfa-xx",
                    title="Ministry of Foreign Affairs of Moldova",
                    error="no answer from www.mfa-md.example within 30 s",
                    since=SINCE - timedelta(hours=9),
                ),
                FailingSource(
                    slug="tg-port",
                    title="Черноморские порты (Telegram)",
                    error="the channel has its public preview switched off",
                    since=None,
                ),
            ),
            posts=412,
            selected=31,
            folded=22,
            stories=9,
        ),
        labels=labels,
    )
    return replace(
        whole,
        ahead=ahead(item for section in whole.sections for item in section.items),
        trends=figures(labels),
        amended=amendments(),
    )


EDITED = (
    Wording(words="The export quota for wheat will be raised to", was=True, now=True),
    Wording(words="4.5", was=True, now=False),
    Wording(words="3.9", was=False, now=True),
    Wording(words="million tonnes from 1 January, the ministry", was=True, now=True),
    Wording(words="confirmed.", was=True, now=False),
    Wording(words="proposes.", was=False, now=True),
)


def amendments() -> tuple[Amendment, ...]:
    """One edit, and one Arabic post that was taken back."""
    return (
        Amendment(
            post_id=801,
            story_id=801,
            fate=Fate.EDITED,
            at=SINCE + timedelta(hours=19),
            title="Ministry of Agriculture on the export quota for wheat",
            url="https://agriculture.example/press/801",
            source_title="Ministry of Agriculture of Romania",
            language="en",
            edits=EDITED,
        ),
        Amendment(
            post_id=802,
            story_id=802,
            fate=Fate.WITHDRAWN,
            at=SINCE + timedelta(hours=16),
            title="بيان بشأن موعد القمة المقبلة",
            url="https://mfa-eg.example/press/802",
            source_title="وزارة الخارجية المصرية",
            language="ar",
        ),
    )


def figures(labels: Mapping[str, str]) -> Trends:
    """A day with more than usual on one organisation, and nothing on another."""

    def trend(key: str, posts: int, usual: float, *, odd: bool = False) -> Trend:
        facet, _, slug = key.partition(":")
        return Trend(facet=facet, slug=slug, label=labels[key], posts=posts, usual=usual, unusual=odd)

    return Trends(
        since=SINCE,
        until=DUE,
        days=28,
        total=Trend(facet="", slug="", label="", posts=412, usual=398.0),
        tags=(
            trend("organisation:sco", 31, 12.4, odd=True),
            trend("organisation:un", 26, 28.0),
            trend("organisation:osce", 9, 7.5),
            trend("organisation:african-union", 4, 4.2),
            trend("organisation:wto", 0, 11.0, odd=True),
            trend("region:black-sea", 17, 15.0),
            trend("region:central-asia", 12, 9.8),
            trend("region:horn-of-africa", 3, 5.0),
        ),
    )


def quiet_day(language: str = "en") -> Digest:
    """Nothing selected; one source failing."""
    busy = full_day(language)
    coverage = replace(
        busy.coverage, checked=37, posts=96, selected=0, folded=0, stories=0, failing=busy.coverage.failing[:1]
    )
    return replace(busy, sections=(), coverage=coverage, ahead=(), amended=())


def long_day(stories: int = 400, *, sections: int = 8, language: str = "en") -> Digest:
    """`stories` stories over `sections` sections, with long texts, many voices, and many failing sources."""
    busy = full_day(language)
    pattern = [each for section in busy.sections for each in section.items]
    filled: list[list[Item]] = [[] for _ in range(sections)]
    for number in range(stories):
        base = pattern[number % len(pattern)]
        lead = replace(
            base.lead,
            id=number,
            post=replace(
                base.lead.post,
                title=f"{number + 1}. {base.lead.post.title}",
                text=f"{number + 1}. " + "\n\n".join([base.lead.post.text] * 3),
            ),
        )
        filled[number % sections].append(replace(base, story_id=number, lead=lead))
    failing = tuple(
        replace(busy.coverage.failing[n % 2], slug=f"failing-{n}", title=f"Failing source {n}") for n in range(60)
    )
    return replace(
        busy,
        sections=tuple(
            Section(kind="region", slug=f"region-{n}", label=f"Region number {n + 1}", items=tuple(items))
            for n, items in enumerate(filled)
        ),
        coverage=replace(
            busy.coverage,
            failing=failing,
            posts=stories * 10,
            selected=stories * 4,
            folded=stories * 3,
            stories=stories,
        ),
    )


def noticed(language: str = "en") -> Digest:
    """An edition for the operator: notices of every kind and nothing else."""

    def some(what: str, kind: str, hours: float, **values: object) -> Notice:
        at = DUE - timedelta(hours=hours)
        return notice(what, key=f"{what}:{hours}", at=at, kind=kind, subject=f"{what}:{hours}", **values)

    day = quiet_day(language)
    title = "О самой службе" if language == "ru" else "The service itself"
    failing = "https://www.mfa.gov.eg.example/rss answered 503 Service Unavailable, 5 polls in a row"
    unusable = "templates/email/digest.txt.j2:2: this template cannot be filled: 'editon' is undefined"
    return replace(
        day,
        subscription=replace(day.subscription, title=title, notices=Notices.ONLY),
        notices=(
            some("failing", "source", 9, title="وزارة الخارجية المصرية", why=failing),
            some("silent", "source", 7, title="Danube River Council", why="nothing for 4 d, a post every 9 h is usual"),
            some("recovered", "source", 3, title="Секретариат ШОС"),
            some(
                "dead",
                "delivery",
                5,
                id=1204,
                subscription="morning-brief",
                recipient="desk@example.org",
                why="mail.example.org refused the recipient desk@example.org: 550 5.1.1 no such user",
            ),
            some(
                "disabled",
                "recipient",
                4,
                address="https://hooks.example/desk",
                channel="webhook",
                why="the receiver answered 410, it wants no more webhooks (2 waiting kept as dead)",
            ),
            some("template", "template", 2, why=unusable),
            some(
                "late",
                "digest",
                1.5,
                subscription="morning-brief",
                due="2026-11-23 04:00 UTC",
                compiled="2026-11-23 05:31 UTC",
            ),
            some("disk", "disk", 1, path="/var/lib/monitor", free="812 MiB", total="40.0 GiB"),
            some("stumbled", "service", 0.5, loop="deliver", why="OperationalError: database is locked"),
        ),
    )
