"""What may be written into each file under config/: one model a file. The JSON Schemas are made from these."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from monitor.core.checking import Duration, Flag, Unfit, brief
from monitor.core.daysoff import EXPECTED_HOLIDAY
from monitor.core.durations import show
from monitor.core.model import (
    FACET_SLUG,
    SHORT_FACETS,
    Authority,
    Change,
    Facet,
    Grouping,
    Notices,
    Order,
    Priority,
    Quiet,
    Sensitivity,
    Show,
)
from monitor.core.query import FIELDS
from monitor.core.suggest import nearest, one_of

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
COUNTRY_EXPECTED = "an ISO 3166-1 code of two letters"
_LANGUAGE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _slug(text: str) -> str:
    if len(text) <= 80 and re.fullmatch(SLUG.rstrip("$"), text):
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    suggestion = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-")
    raise Unfit(
        f"{text!r} cannot be a slug",
        expected="at most 80 of a–z and 0–9, words joined by hyphens",
        nearest=suggestion,
    )


def _facet(text: str) -> str:
    if not re.fullmatch(FACET_SLUG, text):
        plain = re.sub("[^a-z]", "", text.lower())[:30]
        raise Unfit(
            f"{text!r} cannot name a facet",
            expected="2 to 30 of a–z, as it is written in queries before a colon",
            nearest=plain,
        )
    if text in _RESERVED:
        raise Unfit(f"{text!r} means something else in queries and digests", expected="another word for the facet")
    return text


_RESERVED = (
    {*FIELDS, *Facet.BUILT_IN, *(grouping.value for grouping in Grouping)}
    | {"after", "before", "domain", "has", "is", "near", "onear", "published", "url", "tag", "watch", "story", "post"}
    | {"http", "https", "ftp", "mailto"}
)


def _tag_reference(text: str) -> str:
    """ "facet:slug" with the facet's full name; that the slug is listed is checked when all files are read."""
    name, colon, slug = text.partition(":")
    facet = SHORT_FACETS.get(name, name)
    if not colon or not re.fullmatch(FACET_SLUG, facet) or not slug:
        raise Unfit(f"{text!r} is not a tag", expected="FACET:SLUG such as region:arctic, org:nato or topic:grain")
    return f"{facet}:{slug.lower()}"


def _grouping(text: str) -> str:
    if text not in {grouping.value for grouping in Grouping} and not re.fullmatch(FACET_SLUG, text):
        known = [grouping.value for grouping in Grouping]
        raise Unfit(f"{text!r} is not known here", expected=one_of(known), nearest=nearest(text, known))
    return text


def _language(text: str) -> str:
    if re.fullmatch(_LANGUAGE, text):
        return text
    fits = re.fullmatch(_LANGUAGE, text.lower())
    expected = 'a language code such as "en" or "zh"'
    raise Unfit(f"{text!r} does not fit", expected=expected, nearest=text.lower() if fits else "")


def _country(text: str) -> str:
    if not re.fullmatch("[A-Za-z]{2}", text):
        raise Unfit(f"{text!r} does not fit", expected=COUNTRY_EXPECTED)
    return text.lower()


def _printable(text: str, *, allowed: str = "") -> str:
    """`text`, or what is wrong with it: a control character shows nowhere, and moves the cursor of a terminal."""
    for character in text:
        if character in allowed or unicodedata.category(character) not in {"Cc", "Zl", "Zp"}:
            continue
        if character in "\n\r\v\f\x85\u2028\u2029":
            raise Unfit(f"{brief(text)} holds a line break", expected="one line")
        raise Unfit(f"{brief(text)} holds a control character", expected=f"text without U+{ord(character):04X}")
    return text


def _findable(text: str) -> str:
    if not any(character.isalnum() for character in text):
        raise Unfit(f"{brief(text)} holds no letter or digit: it would never be found", expected="a name")
    return text


def _printable_lines(text: str) -> str:
    return _printable(text, allowed="\n\t")


def _printable_options(options: dict[str, Any]) -> dict[str, Any]:
    """`options` of whatever form, each text in them looked at."""
    waiting: list[Any] = [options]
    while waiting:
        match waiting.pop():
            case str() as text:
                _printable_lines(text)
            case dict() as mapping:
                waiting += [*mapping.keys(), *mapping.values()]
            case list() as items:
                waiting += items
    return options


def _homepage(text: str) -> str:
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        sound = sound and not re.search(r"\s", text)
    except ValueError:  # a port that is no number, brackets that do not close
        sound = False
    if not sound:
        raise Unfit(f"{brief(text)} is not a web address", expected='one like "https://example.org/news"')
    if "@" in parts.netloc:
        raise Unfit(
            "the address holds a username or password, which readers would be shown", expected="the address without it"
        )
    return text


def _without_login(text: str) -> str:
    try:
        login = "@" in urlsplit(text).netloc
    except ValueError:
        return text  # the kind of source says what is wrong with it
    if login:
        raise Unfit(  # the address is not repeated: it holds a password
            "the address holds a username or password, which would be shown in tables and logs",
            expected="the address without it, and options.headers or options.cookies with "
            '${SOURCE_…}, such as headers: {Authorization: "Basic ${SOURCE_EXAMPLE_LOGIN}"}',
        )
    return text


def _hashtag(text: str) -> str:
    tag = text.removeprefix("#")
    if not re.fullmatch(r"\w+", tag):
        raise Unfit(f"{text!r} is not a hashtag", expected="one word of letters, digits and underscores")
    return tag


def _time(written: object) -> time:
    if isinstance(written, time):
        return written
    found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", written.strip()) if isinstance(written, str) else None
    if not found:
        raise Unfit(f"{written!r} is not a time of day", expected='hours and minutes from "00:00" to "23:59"')
    return time(int(found[1]), int(found[2]))


def _weekday(written: object) -> int:
    if isinstance(written, str) and written.lower()[:3] in WEEKDAYS and written.lower() in _WEEKDAY_NAMES:
        return WEEKDAYS.index(written.lower()[:3])
    raise Unfit(f"{written!r} is not a weekday", expected=one_of(WEEKDAYS), nearest=nearest(str(written), WEEKDAYS))


_WEEKDAY_NAMES = {*WEEKDAYS, "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}


def _day_off(written: object) -> str:
    if isinstance(written, datetime) or not isinstance(written, str | date):
        raise Unfit(f"{written!r} is no holiday", expected=EXPECTED_HOLIDAY)
    return written.strip() if isinstance(written, str) else written.isoformat()  # YAML reads 2026-12-24 as a date


def _no_nuisance(interval: timedelta) -> timedelta:
    if interval < timedelta(minutes=1):
        raise Unfit(f"{show(interval)!r} is out of bounds", expected="at least 1 minute")
    return interval


Slug = Annotated[str, AfterValidator(_slug), WithJsonSchema({"type": "string", "pattern": SLUG, "maxLength": 80})]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_printable)]
Lines = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_printable_lines)]
Title = Annotated[  # stands in the subject of messages: one line
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\x00-\x1f\x7f]*$"}),
]
CountryCode = Annotated[  # what defines a country: the code and nothing else
    str, AfterValidator(_country), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{2}$"})
]
# What refers to one is looked up when all files are read: only then can the code be named that a country's name stands
# for.
CountrySlug = Annotated[
    Text,
    AfterValidator(lambda text: text.lower() if len(text) == 2 else text),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{2}$"}),
]
CountryOfSource = Annotated[
    Text,
    AfterValidator(lambda text: text.upper() if len(text) == 2 else text),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z]{2}$"}),
]
Language = Annotated[
    str,
    AfterValidator(_language),
    WithJsonSchema({"type": "string", "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"}),
]
TimeOfDay = Annotated[
    time, BeforeValidator(_time), WithJsonSchema({"type": "string", "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$"})
]
Weekday = Annotated[int, BeforeValidator(_weekday), WithJsonSchema({"enum": list(WEEKDAYS)})]
DayOff = Annotated[str, BeforeValidator(_day_off)]
Wikidata = Annotated[str, StringConstraints(pattern=r"^Q[1-9][0-9]*$")]
Name = Annotated[Text, AfterValidator(_findable)]
Names = dict[Language, tuple[Name, ...]]
FirstNames = dict[Language, Annotated[tuple[Name, ...], Field(min_length=1)]]
Options = Annotated[dict[str, Any], AfterValidator(_printable_options)]
TagReference = Annotated[
    str, AfterValidator(_tag_reference), WithJsonSchema({"type": "string", "pattern": f"^{FACET_SLUG}:.+$"})
]
FacetSlug = Annotated[
    str, AfterValidator(_facet), WithJsonSchema({"type": "string", "pattern": f"^{FACET_SLUG}$", "maxLength": 30})
]
GroupBy = Annotated[
    str,
    AfterValidator(_grouping),
    WithJsonSchema(
        {"anyOf": [{"enum": [each.value for each in Grouping]}, {"type": "string", "pattern": f"^{FACET_SLUG}$"}]}
    ),
]
Hashtag = Annotated[
    str,
    AfterValidator(_hashtag),
    WithJsonSchema({"type": "string", "pattern": r"^#?[^\s#]+$"}),  # an editor's \w would know ASCII only
]


class Shape(BaseModel):
    """A mapping in a file; a key not listed is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceShape(Shape):
    """A place that is polled."""

    slug: Slug = Field(description="Short name, used in commands and links; never reused", examples=["un-news-en"])
    title: Title = Field(description="Name shown to readers", examples=["UN News"])
    kind: str = Field(description="How it is read", examples=["feed"])
    url: Annotated[Text, AfterValidator(_without_login)] = Field(
        description="Where it is; for telegram also @name or t.me/name", examples=["https://news.un.org/feed/rss.xml"]
    )
    homepage: Annotated[Text, AfterValidator(_homepage)] | None = Field(
        default=None, description="Page for people", examples=["https://news.un.org/en/"]
    )
    organisation: Slug | None = Field(
        default=None, description="The organisation that issues what is posted here, from organisations.yaml"
    )
    country: CountryOfSource | None = Field(
        default=None, description="Country of the body that posts, ISO 3166-1 alpha-2", examples=["KZ"]
    )
    language: Language | None = Field(
        default=None, description="Language of most posts; each post is still judged by itself", examples=["en"]
    )
    authority: Authority = Field(
        default=Authority.PRESS,
        description="primary: the body itself; state_agency: an agency owned by a state; press: everybody else",
    )
    tags: tuple[Slug, ...] = Field(default=(), description="Labels of your own, for choosing sources")
    default_tags: tuple[TagReference, ...] = Field(
        default=(),
        description="Tags that every post of this source gets, whatever it says",
        examples=[["region:arctic"]],
    )
    interval: Annotated[Duration, AfterValidator(_no_nuisance)] | None = Field(
        default=None,
        description="Time between two polls; where none is given, that of `polling.interval` in monitor.toml",
        examples=["15m"],
    )
    paused: Flag = Field(default=False, description="Not polled while true")
    options: Options = Field(default_factory=dict, description="What only this kind of source understands")


def _in_minutes(length: timedelta) -> timedelta:
    if length and length < timedelta(minutes=1):
        raise Unfit(f"{show(length)!r} is out of bounds", expected="0, or at least 1 minute")
    return length


Minutes = Annotated[Duration, AfterValidator(_in_minutes)]


class QuietShape(Shape):
    """Hours of the day in which alerts are not wanted."""

    start: TimeOfDay = Field(description="Local time at which they begin", examples=["22:00"])
    end: TimeOfDay = Field(
        description="Local time at which they end; before `start`: on the next day", examples=["07:00"]
    )
    timezone: Text = Field(description="Name from the tz database", examples=["Europe/Vienna"])
    then: Quiet = Field(
        default=Quiet.HOLD,
        description="hold: alerts wait for the end; critical: those of critical watches go out; none: no alerts",
    )


class ThresholdShape(Shape):
    """How much must be found for an alert."""

    stories: Annotated[int, Field(ge=1, le=1000)] = Field(description="New stories", examples=[3])
    within: Minutes = Field(default=timedelta(hours=1), description="In how much time", examples=["1h"])


class AlertsShape(Shape):
    """What a watch sends by itself."""

    channel: str = Field(description="How it is delivered", examples=["email"])
    to: tuple[Text, ...] = Field(
        min_length=1, description="Recipients, one message each", examples=[["desk@example.org"]]
    )
    language: Language = Field(default="en", description="Language of the labels", examples=["en"])
    timezone: Text | None = Field(
        default=None,
        description="Zone in which times are told, a name from the tz database; that of quiet_hours, else UTC",
        examples=["Europe/Vienna"],
    )
    options: Options = Field(default_factory=dict, description="What only this channel understands")
    every: Minutes = Field(
        default=timedelta(), description="0: at once; a time: what was found in it goes out together", examples=["15m"]
    )
    quiet_hours: QuietShape | None = Field(default=None, description="Hours in which alerts are not wanted")
    threshold: ThresholdShape | None = Field(default=None, description="Only when so much is found")
    cooldown: Minutes = Field(default=timedelta(), description="After an alert, none for so long", examples=["2h"])
    most: Annotated[int, Field(ge=1, le=200)] = Field(
        default=20, description="Stories told in one alert; further ones are counted, and listed in its plain text"
    )
    spike: Sensitivity | None = Field(
        default=None,
        description="Alert when much more is found than usual at this hour: low, medium or high sensitivity",
    )
    silence: Minutes | None = Field(
        default=None, description="Alert when nothing is found for so long", examples=["48h"]
    )
    edits: tuple[Change, ...] = Field(
        default=(),
        description="Alert when an edit made the words appear (added) or vanish (removed), or a post was withdrawn",
        examples=[["added", "removed", "withdrawn"]],
    )


class WatchShape(Shape):
    """A named query."""

    slug: Slug = Field(description="Short name, used in subscriptions and commands", examples=["grain-deal"])
    title: Title = Field(description="Heading in digests", examples=["Grain deal"])
    query: Lines = Field(
        description='Words, "phrases", AND, OR, NOT and much more: docs/watches.md', examples=['"grain deal" OR grain']
    )
    paused: Flag = Field(default=False, description="Not matched while true")
    is_list: Flag = Field(default=False, description="Not looked for by itself: words that other queries name as @slug")
    digests: Flag = Field(default=True, description="Whether it has a section in digests")
    priority: Priority = Field(default=Priority.NORMAL, description="How much it matters to those who are alerted")
    alerts: AlertsShape | None = Field(default=None, description="What it sends by itself, beside digests")


class ScheduleShape(Shape):
    """When a subscription is due: one of daily, times, every and cron."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [name]} for name in ("daily", "times", "every", "cron")]}
    )

    timezone: Text = Field(description="Name from the tz database", examples=["Europe/Vienna", "UTC"])
    daily: TimeOfDay | None = Field(default=None, description="One local time of day", examples=["07:30"])
    times: tuple[TimeOfDay, ...] = Field(
        default=(), description="Several local times of day", examples=[["07:30", "18:00"]]
    )
    weekdays: tuple[Weekday, ...] = Field(
        default=(), description="Only on these days; none named: every day", examples=[["mon", "tue", "wed"]]
    )
    cron: Text | None = Field(
        default=None, description="Minute, hour, day, month and weekday as in crontab(5)", examples=["30 7 * * 1-5"]
    )
    every: Duration | None = Field(
        default=None, description="Whole hours from one digest to the next, or whole days", examples=["6h", "2d"]
    )
    starting: TimeOfDay | None = Field(
        default=None,
        description="Local time from which `every` counts; midnight where none is given",
        examples=["06:00"],
    )
    holidays: tuple[DayOff, ...] = Field(
        default=(),
        description="Nothing is due on these days, and the next digest holds what they brought: the public holidays of "
        "a country or a part of one, dates, days of every year",
        examples=[["AT", "DE-BY", "2026-12-31", "12-24"]],
    )
    pauses: tuple[Text, ...] = Field(
        default=(), description="Nothing is due from one day to another", examples=[["2026-08-01 to 2026-08-14"]]
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [name for name in ("daily", "times", "every", "cron") if getattr(self, name)]
        if len(given) != 1:
            said = f"{one_of(given).replace(' or ', ' and ')} are given together" if given else "says no time"
            raise Unfit(
                said, expected='one of daily: "07:30", times: ["07:30", "18:00"], every: "6h" or cron: "30 7 * * 1-5"'
            )
        if self.cron and self.weekdays:
            raise Unfit("cron and weekdays are given together", expected="the weekdays in the fifth field of cron")
        if self.starting is not None and self.every is None:
            raise Unfit("starting is given without every", expected='every: "6h" beside it, or daily: "07:30" instead')
        return self


class SelectionShape(Shape):
    """Which posts are wanted: of every list that is not empty, at least one member must fit."""

    watches: tuple[Slug, ...] = Field(default=(), description="Slugs from watches.yaml")
    organisations: tuple[Slug, ...] = Field(default=(), description="Slugs from organisations.yaml, spoken of")
    regions: tuple[Slug, ...] = Field(default=(), description="Slugs from regions.yaml, spoken of")
    countries: tuple[CountrySlug, ...] = Field(default=(), description="Codes from countries.yaml, spoken of")
    issuers: tuple[Slug, ...] = Field(default=(), description="Organisations and countries that speak")
    tags: tuple[TagReference, ...] = Field(
        default=(),
        description="Tags of any facet, those of your own among them",
        examples=[["topic:grain", "topic:energy"]],
    )
    sources: tuple[Slug, ...] = Field(default=(), description="Slugs from sources.yaml")
    source_tags: tuple[Slug, ...] = Field(default=(), description="Tags that sources in sources.yaml carry")
    languages: tuple[Language, ...] = Field(default=(), description="Languages of posts")
    authorities: tuple[Authority, ...] = Field(default=(), description="Kinds of authority, see sources.yaml")


class SubscriptionShape(Shape):
    """Who receives what, by which channel, on which schedule."""

    slug: Slug = Field(description="Short name, used in commands", examples=["morning"])
    title: Title = Field(description="Name of the digest, in its subject", examples=["Morning briefing"])
    channel: str = Field(description="How it is delivered", examples=["mailbox"])
    to: tuple[Text, ...] = Field(
        min_length=1,
        description="Recipients, one message each: mail addresses, for webhook web addresses",
        examples=[["desk@example.org"]],
    )
    schedule: ScheduleShape = Field(
        description="When it is due", examples=[{"daily": "07:30", "timezone": "Europe/Vienna"}]
    )
    select: SelectionShape = Field(default=SelectionShape(), description="Which posts; nothing here: all of them")
    group_by: GroupBy = Field(
        default=Grouping.ORGANISATION.value,
        description="Sections after those of the watches: organisation, region, country, source, none or a facet of "
        "your own",
    )
    order: Order = Field(
        default=Order.NEWEST, description="Order of the stories in a section; weight: those told by most first"
    )
    show: tuple[Show, ...] = Field(
        default=tuple(Show),
        description="Parts of the digest beside its stories; all of them where it is left out",
        examples=[["summary", "coverage"]],
    )
    send_empty: Flag = Field(
        default=False, description="Whether a quiet day is delivered too, with its coverage as proof"
    )
    language: Language = Field(default="en", description="Language of the labels", examples=["en"])
    options: Options = Field(default_factory=dict, description="What only this channel understands")
    notices: Notices = Field(
        default=Notices.NONE,
        description="What the operator should know, such as failing sources and messages given up. none: nothing of "
        "it; also: beside the posts; only: that, and no posts",
    )
    templates_dir: Text | None = Field(
        default=None,
        description="Directory, as seen from that of this file, whose templates are used before those of "
        "digests.templates_dir and the shipped ones",
        examples=["templates/ministry"],
    )
    paused: Flag = Field(default=False, description="Not compiled while true")


def _context_word(text: str) -> str:
    """A word to look for around a name: a star may begin or end it, and something must be left between."""
    if not text.strip("*").strip():
        raise Unfit(f"{text!r} would be found everywhere", expected='a word; "Атлант*" for what begins so')
    return text


ContextWord = Annotated[Text, AfterValidator(_context_word)]


class ContextShape(Shape):
    """Words that decide whether a name means this organisation."""

    requires: tuple[ContextWord, ...] = Field(
        default=(), description="Acronyms and names after the first count only in a post that holds one of these words"
    )
    excludes: tuple[ContextWord, ...] = Field(
        default=(), description="No name counts in a sentence that holds one of these words"
    )


class ConditionShape(Shape):
    """What must hold where names that also mean something else are to count; a word may begin or end with a star."""

    names: tuple[Text, ...] = Field(
        min_length=1, description="Which of the entry's names, as they are listed", examples=[["Georgia"]]
    )
    languages: tuple[Language, ...] = Field(
        default=(), description="They count only in posts of these languages, or of an unknown one", examples=[["en"]]
    )
    settles: tuple[ContextWord, ...] = Field(
        default=(),
        description="With one of these words in the post they count, whatever is said below",
        examples=[["Tbilisi", "Caucasus"]],
    )
    requires: tuple[ContextWord, ...] = Field(
        default=(), description="Without one of these words in the post they do not count"
    )
    excludes: tuple[ContextWord, ...] = Field(
        default=(), description="Nor with one of these words in it", examples=[["Atlanta", "U.S. state"]]
    )
    person: Flag = Field(default=False, description="Nor before a surname: Jordan Peterson")
    later: Flag = Field(
        default=False, description="They count after another name of the entry alone: the Alliance, once NATO was named"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(getattr(self, key) for key in ("languages", "requires", "excludes", "person", "later")):
            said = "settles alone settles nothing" if self.settles else "says no condition"
            raise Unfit(said, expected="languages, requires, excludes, person: true or later: true")
        return self


CONDITIONS: Any = Field(default=(), description="For names that also mean something else")
DECOYS: Any = Field(
    default_factory=dict,
    description="Language → longer names that hold one of these and mean something else: they cover it",
    examples=[{"en": ["Bank of America"]}],
)


class OrganisationShape(Shape):
    """An organisation, one of its bodies, or a recurring format."""

    slug: Slug = Field(description="Short name, used in subscriptions", examples=["sco"])
    names: FirstNames = Field(
        min_length=1,
        description="Language → names, the one to show first",
        examples=[{"en": ["Shanghai Cooperation Organisation"]}],
    )
    acronyms: Names = Field(default_factory=dict, description="Language → acronyms, found in exactly this case")
    hashtags: tuple[Hashtag, ...] = Field(default=(), description="Hashtags, any case", examples=[["SCO"]])
    parent: Slug | None = Field(default=None, description="The organisation this is a body of")
    members: tuple[CountrySlug, ...] = Field(default=(), description="Member states, codes from countries.yaml")
    wikidata: Wikidata | None = Field(default=None, description="Item in Wikidata", examples=["Q485207"])
    context: ContextShape = Field(default=ContextShape(), description="What all its names depend on")
    conditions: tuple[ConditionShape, ...] = CONDITIONS
    decoys: Names = DECOYS
    names_parent: Flag = Field(default=False, description="Whether whoever names it names its parent as well")


class RegionShape(Shape):
    """A part of the world, geographical or political; regions may overlap."""

    slug: Slug = Field(description="Short name, used in subscriptions", examples=["central-asia"])
    names: FirstNames = Field(
        min_length=1, description="Language → names, the one to show first", examples=[{"en": ["Central Asia"]}]
    )
    countries: tuple[CountrySlug, ...] = Field(default=(), description="Its countries, codes from countries.yaml")
    hashtags: tuple[Hashtag, ...] = Field(default=(), description="Hashtags, any case")
    conditions: tuple[ConditionShape, ...] = CONDITIONS
    decoys: Names = DECOYS


class CountryShape(Shape):
    """A country or territory with an ISO code."""

    code: CountryCode = Field(description="ISO 3166-1 alpha-2", examples=["kz"])
    names: FirstNames = Field(
        min_length=1, description="Language → names, the one to show first", examples=[{"en": ["Kazakhstan"]}]
    )
    demonyms: Names = Field(default_factory=dict, description="Language → adjectives and names of the people")
    cities: Names = Field(default_factory=dict, description="Language → cities, the capital first")
    wikidata: Wikidata | None = Field(default=None, description="Item in Wikidata", examples=["Q232"])
    conditions: tuple[ConditionShape, ...] = CONDITIONS
    decoys: Names = DECOYS


class SourcesFile(Shape):
    """The places that are polled."""

    sources: tuple[SourceShape, ...] = Field(default=(), description="One entry a source")


class WatchesFile(Shape):
    """The queries that are watched for."""

    watches: tuple[WatchShape, ...] = Field(default=(), description="One entry a watch")


class SubscriptionsFile(Shape):
    """Who receives which digests."""

    subscriptions: tuple[SubscriptionShape, ...] = Field(default=(), description="One entry a subscription")


class OrganisationsFile(Shape):
    """The organisations that posts are tagged with."""

    organisations: tuple[OrganisationShape, ...] = Field(default=(), description="One entry an organisation")


class RegionsFile(Shape):
    """The regions that posts are tagged with."""

    regions: tuple[RegionShape, ...] = Field(default=(), description="One entry a region")


class CountriesFile(Shape):
    """The countries that posts are tagged with."""

    countries: tuple[CountryShape, ...] = Field(default=(), description="One entry a country")


class FacetFile(Shape):
    """A facet of your own: topics, people, products."""

    facet: FacetSlug = Field(description="Its short name, as it stands before a colon in queries", examples=["topic"])
    names: Names = Field(
        default_factory=dict, description="Language → what the facet is called", examples=[{"en": ["Topics"]}]
    )
    entries: tuple[OrganisationShape, ...] = Field(default=(), description="One entry a tag, written as organisations")


FILES: dict[str, type[Shape]] = {
    "sources": SourcesFile,
    "watches": WatchesFile,
    "subscriptions": SubscriptionsFile,
    "organisations": OrganisationsFile,
    "regions": RegionsFile,
    "countries": CountriesFile,
}
"""File name without ".yaml" → its shape; the one key of each file is its name."""
