"""Whole directories of files, small ones written here: what they become, and what is said about mistakes."""

import re
from datetime import time, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from pydantic import BaseModel, ConfigDict, field_validator

from monitor.app import load_configuration
from monitor.core.errors import ConfigError
from monitor.core.model import (
    Alerts,
    Authority,
    Change,
    Facet,
    Grouping,
    Owner,
    Priority,
    Quiet,
    QuietHours,
    Schedule,
    Selection,
    Sensitivity,
)
from monitor.provisioning import load, shipped
from monitor.settings import Settings


class Plain(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FeedOptions(Plain):
    retries: int = 1
    path: str = "/"

    @field_validator("path")
    @classmethod
    def _absolute(cls, path):
        if not path.startswith("/"):
            raise ValueError(f"{path!r} does not begin with a slash")
        return path


def web_address(text):
    if not text.strip().startswith("https://"):
        raise ValueError(f"{text!r} is not a web address: it should begin with https://")
    return text.strip().lower()


def mail_address(text):
    if "@" not in text:
        raise ValueError(f"{text!r} is not a mail address")
    return text


KNOWN = {
    "kinds": {"feed": FeedOptions, "telegram": Plain},
    "addresses": {"feed": web_address, "telegram": str},
    "channels": {"mailbox": Plain, "email": Plain},
    "recipients": {"email": mail_address},
    "languages": {"en", "ru"},
}

SOUND = {
    "sources": """\
        sources:
          - slug: un-news
            title: UN News
            kind: feed
            url: https://News.UN.org/feed
            organisation: united-nations
            language: en
            authority: primary
            tags: [world]
            interval: 1h
            options: {retries: 3}
          - {slug: kz-mfa, title: 外交部, kind: telegram, url: "@mfa_kz", country: KZ, paused: true}
        """,
    "watches": """\
        watches:
          - {slug: grain, title: Grain, query: '"grain deal" OR зерно'}
          - {slug: un, title: The UN, query: "org:united-nations AND NOT region:central-*", paused: true}
        """,
    "subscriptions": """\
        subscriptions:
          - slug: morning
            title: Morning
            channel: email
            to: [a@example.org, b@example.org]
            schedule: {times: ["18:00", 7:30], weekdays: [fri, Monday], timezone: Europe/Vienna}
            select:
              watches: [grain]
              organisations: [united-nations]
              regions: [central-asia]
              countries: [no]
              issuers: [united-nations, kz]
              sources: [un-news]
              source_tags: [world]
              languages: [en, zh]
              authorities: [primary]
            group_by: country
            send_empty: true
          - slug: all
            title: Everything
            channel: mailbox
            to: [desk]
            schedule: {cron: "30 7 * * 1-5", timezone: UTC}
        """,
    "organisations": """\
        organisations:
          - slug: united-nations
            names: {en: [United Nations], ru: [Организация Объединённых Наций]}
            acronyms: {en: [UN]}
            hashtags: ["#UN", ООН]
            members: [kz, no]
            wikidata: Q1065
          - slug: security-council
            names: {en: [Security Council]}
            parent: united-nations
            context: {requires: [UN], excludes: [regional]}
        """,
    "regions": """\
        regions:
          - {slug: central-asia, names: {en: [Central Asia]}, countries: [kz], hashtags: [CentralAsia]}
        """,
    "countries": """\
        countries:
          - {code: kz, names: {en: [Kazakhstan]}, demonyms: {en: [Kazakh]}, cities: {en: [Astana, Almaty]}}
          - {code: no, names: {en: [Norway]}, wikidata: Q20}
        """,
}


def write(directory, **files):
    for name, text in (SOUND | files).items():
        if text is not None:
            (directory / f"{name}.yaml").write_text(dedent(text), encoding="utf-8")
    return directory


def complaints(directory, **files):
    with pytest.raises(ConfigError) as caught:
        load(write(directory, **files), **KNOWN)
    return [str(problem).replace(f"{directory}/", "") for problem in caught.value.problems]


# ── what sound files become ────────────────────────────────────────────────────────────────────────────────


def test_sources(tmp_path):
    feed, channel = load(write(tmp_path), **KNOWN).sources
    assert (feed.slug, feed.title, feed.kind, feed.url) == ("un-news", "UN News", "feed", "https://news.un.org/feed")
    assert (feed.organisation, feed.language, feed.authority) == ("united-nations", "en", Authority.PRIMARY)
    assert (feed.tags, feed.interval, feed.options) == (("world",), timedelta(hours=1), {"retries": 3})
    assert (feed.owner, feed.paused, feed.id) == (Owner.FILE, False, 0)
    assert (channel.title, channel.country, channel.paused) == ("外交部", "KZ", True)
    assert (channel.authority, channel.interval) == (Authority.PRESS, timedelta(minutes=15))


def test_watches(tmp_path):
    grain, un = load(write(tmp_path), **KNOWN).watches
    assert (grain.slug, grain.title, grain.query) == ("grain", "Grain", '"grain deal" OR зерно')
    assert (grain.owner, grain.paused, un.paused) == (Owner.FILE, False, True)


ALERTING = """\
watches:
- slug: a
  title: A
  query: a
  priority: critical
  alerts:
    channel: email
    to: [a@example.org, b@example.org]
    every: 15m
    quiet_hours: {start: "22:00", end: "07:00", timezone: Europe/Vienna, then: critical}
    threshold: {stories: 3, within: 2h}
    cooldown: 2h
    most: 5
    spike: high
    silence: 48h
    edits: [removed, withdrawn, removed]
"""


def test_alerts_of_watches(tmp_path):
    (watch,) = load(write(tmp_path, watches=ALERTING, subscriptions=None), **KNOWN).watches
    quiet = QuietHours(start=time(22), end=time(7), timezone="Europe/Vienna", then=Quiet.CRITICAL)
    assert watch.priority is Priority.CRITICAL
    assert watch.alerts == Alerts(
        channel="email",
        recipients=("a@example.org", "b@example.org"),
        timezone="Europe/Vienna",
        every=timedelta(minutes=15),
        quiet=quiet,
        stories=3,
        within=timedelta(hours=2),
        cooldown=timedelta(hours=2),
        most=5,
        spike=Sensitivity.HIGH,
        silence=timedelta(hours=48),
        edits=(Change.REMOVED, Change.WITHDRAWN),
    )
    own = ALERTING.replace("    every: 15m\n", "    every: 15m\n    timezone: Asia/Almaty\n    language: ru\n")
    (watch,) = load(write(tmp_path, watches=own, subscriptions=None), **KNOWN).watches
    assert (watch.alerts.timezone, watch.alerts.quiet, watch.alerts.language) == ("Asia/Almaty", quiet, "ru")
    least = ALERTING.partition("    every")[0]
    (watch,) = load(write(tmp_path, watches=least, subscriptions=None), **KNOWN).watches
    assert watch.alerts == Alerts(channel="email", recipients=("a@example.org", "b@example.org"))


def test_subscriptions(tmp_path):
    morning, everything = load(write(tmp_path), **KNOWN).subscriptions
    assert morning.schedule == Schedule(timezone="Europe/Vienna", times=(time(7, 30), time(18)), weekdays=(0, 4))
    assert morning.recipients == ("a@example.org", "b@example.org")
    assert morning.selection == Selection(
        watches=("grain",),
        organisations=("united-nations",),
        regions=("central-asia",),
        countries=("no",),
        issuers=("united-nations", "kz"),
        sources=("un-news",),
        source_tags=("world",),
        languages=("en", "zh"),
        authorities=(Authority.PRIMARY,),
    )
    assert (morning.grouping, morning.send_empty, morning.owner) == (Grouping.COUNTRY, True, Owner.FILE)
    assert everything.schedule == Schedule(timezone="UTC", cron="30 7 * * 1-5")
    assert (everything.selection, everything.grouping) == (Selection(), Grouping.ORGANISATION)


def test_taxonomy(tmp_path):
    taxonomy = load(write(tmp_path), **KNOWN).taxonomy
    un, council = taxonomy.organisations
    assert un.names["ru"] == ("Организация Объединённых Наций",)
    assert (un.acronyms, un.hashtags, un.members) == ({"en": ("UN",)}, ("UN", "ООН"), ("kz", "no"))
    assert (council.parent, council.requires, council.excludes) == ("united-nations", ("UN",), ("regional",))
    assert taxonomy.countries[0].cities == {"en": ("Astana", "Almaty")}
    assert taxonomy.label(Facet.COUNTRY, "no", "en") == "Norway"
    assert taxonomy.regions_of("kz") == ("central-asia",)
    assert taxonomy.problems() == ()


def test_files_of_the_operator_may_be_absent(tmp_path):
    files = dict.fromkeys(("sources", "watches", "subscriptions"))
    configuration = load(write(tmp_path, **files), **KNOWN)
    assert (configuration.sources, configuration.watches, configuration.subscriptions) == ((), (), ())
    assert [note.replace(f"{tmp_path}/", "") for note in configuration.notes] == [
        f"{name}.yaml is not there: no {name} come from a file" for name in files
    ]


@pytest.mark.parametrize("text", ["", "# sources:\n", "sources:\n", "sources: []\n"])
def test_files_may_hold_nothing(tmp_path, text):
    files = {"sources": text, "subscriptions": None}
    assert load(write(tmp_path, **files), **KNOWN).sources == ()


def test_an_absent_taxonomy_is_the_shipped_one(tmp_path):
    configuration = load(write(tmp_path, countries=None), **KNOWN)
    assert len(configuration.taxonomy.countries) > 190
    assert configuration.notes == (f"{tmp_path}/countries.yaml is not there: the shipped countries are used",)


def test_other_files_are_pointed_out_and_likely_slips_refused(tmp_path):
    (write(tmp_path) / "overview.yaml").write_text("x: 1", encoding="utf-8")
    assert load(tmp_path, **KNOWN).notes == (f"{tmp_path}/overview.yaml is not read: no file of this name is known",)
    (tmp_path / "watches.yaml").rename(tmp_path / "watches.yml")
    said = complaints(tmp_path, watches=None, subscriptions=None)
    assert "watches.yml: no file of this name is read; did you mean 'watches.yaml'?" in said


def test_a_directory_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="there is no such directory"):
        load(tmp_path / "none", **KNOWN)


# ── what is said about mistakes ────────────────────────────────────────────────────────────────────────────

SOURCE = "sources:\n- slug: a\n  title: A\n  kind: feed\n  url: https://a\n"
SUBSCRIPTION = "subscriptions:\n- slug: a\n  title: A\n  channel: mailbox\n  to: [desk]\n"
UTC = "  schedule: {daily: '07:30', timezone: UTC}\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("sources", "- a\n", ":1: a list does not fit; expected a mapping of keys to values"),
        ("sources", "source: []\n", ":1: unknown key 'source'; expected sources; did you mean 'sources'?"),
        ("sources", "sources: {a: b}\n", ":1: sources: a mapping does not fit; expected a list"),
        ("sources", "sources: [a]\n", ":1: sources[0]: 'a' does not fit; expected a mapping of keys to values"),
        (
            "sources",
            "sources:\n- slug: a\n  titel: A\n  title: B\n  kind: feed\n  url: https://a\n",
            ":3: sources[0]: unknown key 'titel'; expected slug, title, kind, url, homepage, organisation, country, "
            "language, authority, tags, default_tags, interval, paused or options; did you mean 'title'?",
        ),
        (
            "sources",
            "sources:\n- slug: a\n  title: A\n  kind: feed\n",
            ":2: sources[0].url: is missing; expected something like 'https://news.un.org/feed/rss.xml'",
        ),
        (
            "sources",
            SOURCE
            + "- slug: b\n  title: B\n  kind: feed\n  url: https://b\n- slug: a\n  title: C\n  kind: feed\n  url: https://c\n",
            ":10: sources[2].slug: the slug 'a' is taken by the entry on line 2; expected another",
        ),
        (
            "sources",
            SOURCE.replace("slug: a", "slug: Élysée Paris"),
            ":2: sources[0].slug: 'Élysée Paris' cannot be a slug; expected at most 80 of a–z and 0–9, "
            "words joined by hyphens; did you mean 'elysee-paris'?",
        ),
        (
            "sources",
            SOURCE.replace("feed", "feeds"),
            ":4: sources[0].kind: no kind is called 'feeds'; expected feed or telegram; did you mean 'feed'?",
        ),
        (
            "sources",
            SOURCE.replace("https://a", "ftp://a"),
            ":5: sources[0].url: 'ftp://a' is not a web address: it should begin with https://",
        ),
        (
            "sources",
            SOURCE + "  options:\n    retires: 3\n",
            ":7: sources[0].options: unknown key 'retires'; expected retries or path; did you mean 'retries'?",
        ),
        (
            "sources",
            SOURCE + "  options:\n    path: x\n",
            ":7: sources[0].options.path: 'x' does not begin with a slash",
        ),
        (
            "sources",
            SOURCE.replace("title: A", "title: 2024"),
            ":3: sources[0].title: 2024 does not fit; expected text, in quotes",
        ),
        ("sources", SOURCE + "  paused: yes\n", ":6: sources[0].paused: 'yes' does not fit; expected true or false"),
        ("sources", SOURCE + "  tags: news\n", ":6: sources[0].tags: 'news' does not fit; expected a list: [news]"),
        (
            "sources",
            SOURCE + "  interval: 10s\n",
            ":6: sources[0].interval: '10s' is out of bounds; expected at least 1 minute",
        ),
        (
            "sources",
            SOURCE + "  country: Kazakhstan\n",
            ":6: sources[0].country: 'Kazakhstan' is not listed in countries.yaml; "
            "expected an ISO 3166-1 code of two letters; did you mean 'KZ'?",
        ),
        (
            "sources",
            SOURCE + "  country: Norwey\n",
            ":6: sources[0].country: 'Norwey' is not listed in countries.yaml; "
            "expected an ISO 3166-1 code of two letters; did you mean 'NO'?",
        ),
        (
            "sources",
            SOURCE + "  country: QQ\n",
            ":6: sources[0].country: 'QQ' is not listed in countries.yaml; expected an ISO 3166-1 code of two letters",
        ),
        (
            "sources",
            SOURCE + "  homepage: javascript:alert(1)\n",
            ":6: sources[0].homepage: 'javascript:alert(1)' is not a web address; "
            'expected one like "https://example.org/news"',
        ),
        (
            "sources",
            SOURCE + "  homepage: https://user:pw@example.org/\n",
            ":6: sources[0].homepage: the address holds a username or password, which readers would be shown; "
            "expected the address without it",
        ),
        (
            "sources",
            SOURCE.replace("https://a", "https://user:pw@a/"),
            ":5: sources[0].url: the address holds a username or password, which would be shown in tables and logs; "
            "expected the address without it, and options.headers or options.cookies with ${SOURCE_…}, "
            'such as headers: {Authorization: "Basic ${SOURCE_EXAMPLE_LOGIN}"}',
        ),
        (
            "sources",
            SOURCE.replace("title: A", 'title: "A\\x1b[2J"'),
            ":3: sources[0].title: 'A\\x1b[2J' holds a control character; expected text without U+001B",
        ),
        (
            "sources",
            SOURCE + '  options: {path: "/\\a"}\n',
            ":6: sources[0].options: '/\\x07' holds a control character; expected text without U+0007",
        ),
        (
            "watches",
            'watches:\n- {slug: grain, title: A, query: "grain \\0 deal"}\n',
            ":2: watches[0].query: 'grain \\x00 deal' holds a control character; expected text without U+0000",
        ),
        (
            "watches",
            "watches:\n- {slug: grain, title: A, query: 'grain AND country:kazakhstan'}\n",
            ":2: watches[0].query: 'kazakhstan' is not listed in countries.yaml; "
            "expected an ISO 3166-1 code of two letters; did you mean 'kz'?",
        ),
        (
            "subscriptions",
            SUBSCRIPTION,
            ":2: subscriptions[0].schedule: is missing; "
            'expected something like {"daily": "07:30", "timezone": "Europe/Vienna"}',
        ),
        (
            "subscriptions",
            SUBSCRIPTION + UTC + "  language: fr\n",
            ":7: subscriptions[0].language: no digest can be written in 'fr'; expected en or ru",
        ),
        *(
            (
                name,
                f"{name}:\n- {key}\n  names: {{en: []}}\n",
                f":3: {name}[0].names.en: is empty; expected at least one entry",
            )
            for name, key in (("organisations", "slug: united-nations"), ("regions", "slug: central-asia"))
        ),
        (
            "sources",
            SOURCE + "  organisation: untied-nations\n",
            ":6: sources[0].organisation: 'untied-nations' is not listed in organisations.yaml; "
            "did you mean 'united-nations'?",
        ),
        (
            "sources",
            SOURCE + "  authority: state-agency\n",
            ":6: sources[0].authority: 'state-agency' is not known here; expected primary, state_agency or press; "
            "did you mean 'state_agency'?",
        ),
        (
            "watches",
            "watches:\n- slug: grain\n  title: A\n  query: (grain AND deal\n",
            ":4: watches[0].query: a parenthesis is never closed (at character 16); expected ')'",
        ),
        (
            "watches",
            "watches:\n- slug: grain\n  title: A\n  query: grain AND (deal OR org:united-nation)\n",
            ":4: watches[0].query: 'united-nation' is not listed in organisations.yaml; did you mean 'united-nations'?",
        ),
        (
            "subscriptions",
            SUBSCRIPTION.replace("mailbox", "mailbx") + UTC,
            ":4: subscriptions[0].channel: no channel is called 'mailbx'; expected mailbox or email; "
            "did you mean 'mailbox'?",
        ),
        (
            "subscriptions",
            SUBSCRIPTION.replace("[desk]", "[]") + UTC,
            ":5: subscriptions[0].to: is empty; expected at least one entry",
        ),
        (
            "subscriptions",
            SUBSCRIPTION.replace("[desk]", "[desk, desk]") + UTC,
            ":5: subscriptions[0].to[1]: 'desk' is named twice; each recipient gets one message",
        ),
        (
            "subscriptions",
            SUBSCRIPTION.replace("mailbox", "email") + UTC,
            ":5: subscriptions[0].to[0]: 'desk' is not a mail address",
        ),
        (
            "subscriptions",
            SUBSCRIPTION + "  schedule:\n    daily: '07:30'\n    timezone: Europe/Viena\n",
            ":8: subscriptions[0].schedule.timezone: 'Europe/Viena' is not a time zone; did you mean 'Europe/Vienna'?",
        ),
        (
            "subscriptions",
            SUBSCRIPTION + "  schedule: {daily: '25:00', timezone: UTC}\n",
            ":6: subscriptions[0].schedule.daily: '25:00' is not a time of day; "
            'expected hours and minutes from "00:00" to "23:59"',
        ),
        (
            "subscriptions",
            SUBSCRIPTION + "  schedule: {daily: 7:30, cron: '30 7 * * *', timezone: UTC}\n",
            ":6: subscriptions[0].schedule: daily and cron are given together; "
            'expected one of daily: "07:30", times: ["07:30", "18:00"], every: "6h" or cron: "30 7 * * 1-5"',
        ),
        (
            "subscriptions",
            SUBSCRIPTION + "  schedule: {timezone: UTC}\n",
            ":6: subscriptions[0].schedule: says no time; "
            'expected one of daily: "07:30", times: ["07:30", "18:00"], every: "6h" or cron: "30 7 * * 1-5"',
        ),
        (
            "subscriptions",
            SUBSCRIPTION + "  schedule: {cron: 30 7 * * 1-5, weekdays: [mon], timezone: UTC}\n",
            ":6: subscriptions[0].schedule: cron and weekdays are given together; "
            "expected the weekdays in the fifth field of cron",
        ),
        (
            "subscriptions",
            SUBSCRIPTION + "  schedule: {daily: 7:30, weekdays: [tues], timezone: UTC}\n",
            ":6: subscriptions[0].schedule.weekdays[0]: 'tues' is not a weekday; "
            "expected mon, tue, wed, thu, fri, sat or sun; did you mean 'tue'?",
        ),
        *(
            (
                "subscriptions",
                SUBSCRIPTION + UTC + f"  select:\n    {key}:\n    - {slug}\n",
                f":9: subscriptions[0].select.{key}[0]: {said}",
            )
            for key, slug, said in (
                ("watches", "grian", "'grian' is not listed in watches.yaml; did you mean 'grain'?"),
                ("organisations", "un", "'un' is not listed in organisations.yaml; did you mean 'united-nations'?"),
                (
                    "regions",
                    "central-aisa",
                    "'central-aisa' is not listed in regions.yaml; did you mean 'central-asia'?",
                ),
                (
                    "countries",
                    "qq",
                    "'qq' is not listed in countries.yaml; expected an ISO 3166-1 code of two letters",
                ),
                ("issuers", "qq", "'qq' is not listed in organisations.yaml or countries.yaml"),
                ("sources", "un-new", "'un-new' is not listed in sources.yaml; did you mean 'un-news'?"),
                ("source_tags", "word", "no source in sources.yaml carries the tag 'word'; did you mean 'world'?"),
            )
        ),
        (
            "organisations",
            "organisations:\n- slug: united-nations\n  names: {en: United Nations}\n",
            ":3: organisations[0].names.en: 'United Nations' does not fit; expected a list: [United Nations]",
        ),
        (
            "organisations",
            "organisations:\n- slug: united-nations\n  names: {English: [United Nations]}\n",
            ":3: organisations[0].names.English: 'English' does not fit; "
            'expected a language code such as "en" or "zh"',
        ),
        (
            "organisations",
            "organisations:\n- slug: united-nations\n  names: {}\n",
            ":3: organisations[0].names: is empty; expected at least one entry",
        ),
        (
            "organisations",
            "organisations:\n- slug: united-nations\n  names: {en: [A]}\n  parent: united-nations\n",
            ":4: organisations[0].parent: goes round in a circle: united-nations → united-nations",
        ),
        (
            "organisations",
            "organisations:\n- slug: united-nations\n  names: {en: [A]}\n  wikidata: 1065q\n",
            ":4: organisations[0].wikidata: '1065q' does not fit; expected something like 'Q485207'",
        ),
        (
            "organisations",
            "organisations:\n- slug: united-nations\n  names: {en: [A]}\n  hashtags: [two words]\n",
            ":4: organisations[0].hashtags[0]: 'two words' is not a hashtag; "
            "expected one word of letters, digits and underscores",
        ),
        (
            "sources",
            SOURCE.replace("title: A", 'title: "A\\nB"'),
            ":3: sources[0].title: 'A\\nB' holds a line break; expected one line",
        ),
        (
            "watches",
            ALERTING.replace("    every: 15m\n", "    timezone: Europe/Viena\n"),
            ":9: watches[0].alerts.timezone: 'Europe/Viena' is not a time zone; did you mean 'Europe/Vienna'?",
        ),
        (
            "watches",
            ALERTING.replace('end: "07:00"', 'end: "22:00"'),
            ":10: watches[0].alerts.quiet_hours.end: quiet hours that end when they begin last no time",
        ),
        (
            "watches",
            ALERTING.replace("channel: email", "channel: emial"),
            ":7: watches[0].alerts.channel: no channel is called 'emial'; expected mailbox or email; "
            "did you mean 'email'?",
        ),
        (
            "regions",
            "regions:\n- slug: central-asia\n  names: {en: [A]}\n  countries: [kz, qq]\n",
            ":4: regions[0].countries[1]: 'qq' is not listed in countries.yaml; "
            "expected an ISO 3166-1 code of two letters",
        ),
        (
            "countries",
            "countries:\n" + "".join(f"- {{code: {code}, names: {{en: [A]}}}}\n" for code in ("kz", "no", "KAZ")),
            ":4: countries[2].code: 'KAZ' does not fit; expected an ISO 3166-1 code of two letters",
        ),
    ],
)
def test_mistakes_are_said_with_line_expectation_and_nearest_name(tmp_path, name, text, said):
    files = {"subscriptions": None, name: text}  # so that references to what is replaced do not add to it
    assert complaints(tmp_path, **files) == [f"{name}.yaml{said}"]


def test_all_mistakes_of_all_files_are_said_together_in_order(tmp_path):
    said = complaints(
        tmp_path,
        sources=SOURCE + "  country: QQ\n  tags: x\n- {slug: b, title: B, kind: fed, url: https://b}\n",
        watches="watches:\n- a: 1\n  a: 2\n",
        regions="regions: [\n",
        subscriptions=SUBSCRIPTION + UTC + "  select: {watches: [x], regions: [x], sources: [a, c]}\n",
    )
    assert [line.partition(": ")[0] for line in said] == [
        "regions.yaml:2",
        "sources.yaml:6",  # the country, although the tags beside it do not fit
        "sources.yaml:7",
        "sources.yaml:8",
        "subscriptions.yaml:7",  # sources: c; what watches.yaml and regions.yaml hold, nobody can tell
        "watches.yaml:3",
    ]


@pytest.mark.parametrize("code", ["kz", "KZ", "Kz"])
def test_codes_of_countries_may_be_written_in_either_case(tmp_path, code):
    configuration = load(
        write(
            tmp_path,
            sources=SOURCE + f"  country: {code}\n",
            subscriptions=SUBSCRIPTION + UTC + f"  select: {{countries: [{code}]}}\n",
            countries=f"countries:\n- {{code: {code}, names: {{en: [A]}}}}\n- {{code: NO, names: {{en: [B]}}}}\n",
        ),
        **KNOWN,
    )
    assert configuration.sources[0].country == "KZ"
    assert configuration.subscriptions[0].selection.countries == ("kz",)
    assert [country.code for country in configuration.taxonomy.countries] == ["kz", "no"]


def test_a_language_may_name_its_region(tmp_path):
    text = SUBSCRIPTION + UTC + "  language: ru-KZ\n"
    assert load(write(tmp_path, subscriptions=text), **KNOWN).subscriptions[0].language == "ru-KZ"


def test_a_query_may_go_over_several_lines(tmp_path):
    text = "watches:\n- slug: grain\n  title: A\n  query: |\n    grain\n    OR wheat\n"
    assert load(write(tmp_path, watches=text), **KNOWN).watches[0].query == "grain\nOR wheat"


def test_a_mistake_of_form_hides_none_of_reference(tmp_path):
    said = complaints(
        tmp_path,
        subscriptions=SUBSCRIPTION
        + "  schedule: {daily: x, timezone: UTC}\n"
        + "  select:\n    watches: [x]\n    languages: english\n    regions: [x]\n    source_tags: [x]\n",
        organisations="organisations:\n- {slug: united-nations, name: x, parent: x, members: [qq]}\n",
        watches="watches:\n- {slug: grain, query: 'org:x AND grain'}\n",
    )
    assert [line.partition(": ")[2].partition(": ")[0] for line in said] == [
        "organisations[0]",
        "organisations[0].members[0]",
        "organisations[0].names",
        "organisations[0].parent",
        "subscriptions[0].schedule.daily",
        "subscriptions[0].select.watches[0]",
        "subscriptions[0].select.languages",
        "subscriptions[0].select.regions[0]",
        "subscriptions[0].select.source_tags[0]",
        "watches[0].query",
        "watches[0].title",
    ]


def test_an_entry_with_a_mistake_may_still_be_referred_to(tmp_path):
    said = complaints(tmp_path, watches="watches:\n- {slug: grain, title: Grain}\n")
    assert len(said) == 1
    assert "watches[0].query: is missing" in said[0]


# ── what is shipped ────────────────────────────────────────────────────────────────────────────────────────


def test_the_shipped_directories_are_those_beside_the_package():
    root = Path(__file__).parents[2]
    assert shipped("config") == root / "config"
    with pytest.raises(ConfigError, match="the installation is incomplete: the directory 'nonsense'"):
        shipped("nonsense")


def shipped_with(directory):
    """The configuration in `directory`, read as the service reads it."""
    return load_configuration(Settings(paths={"config": directory}))


def test_the_shipped_files_are_sound():
    configuration = shipped_with(shipped("config"))
    assert configuration.notes == ()
    assert configuration.taxonomy.problems() == ()
    assert [subscription.channel for subscription in configuration.subscriptions] == ["mailbox"]
    assert len(configuration.watches) >= 3


def test_the_examples_that_are_commented_out_are_sound_too(tmp_path):
    uncommented = {}
    for path in shipped("config").glob("*.yaml"):
        text, uncommented[path.stem] = re.subn(
            r"^  # ( *(?:- )?[a-z_]+: .*| *(?:- )?[a-z_]+:)$", r"  \1", path.read_text("utf-8"), flags=re.MULTILINE
        )
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    assert {name for name, lines in uncommented.items() if lines} == {"subscriptions", "watches"}
    before, after = shipped_with(shipped("config")), shipped_with(tmp_path)
    assert {each.slug for each in after.subscriptions} - {each.slug for each in before.subscriptions} == {
        "central-asia",
        "archive",
        "operator",
    }
    assert {each.slug for each in after.watches} - {each.slug for each in before.watches} == {
        "elections",
        "wheat-words",
        "wheat-exports",
    }
