"""The fixed words are complete in both languages, and an operator's file may change some of them."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from monitor.core.model import Change
from monitor.render import labels

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "templates" / "email"
ENGLISH = labels.load("en", [SHIPPED])
RUSSIAN = labels.load("ru-RU", [SHIPPED])


def test_both_languages_have_the_same_keys():
    for table in ("words", "counts", "dates"):
        own = labels._read(SHIPPED / "labels.ru.toml")[table]
        assert set(own) == set(getattr(ENGLISH, table)), table


def test_every_place_holder_of_a_translation_is_one_of_the_english():
    for key, english in ENGLISH.words.items():
        names = set(re.findall(r"\{(\w+)\}", english))
        assert set(re.findall(r"\{(\w+)\}", RUSSIAN.words[key])) <= names, key


def test_every_label_is_used_and_every_used_label_exists():
    text = "".join(path.read_text("utf-8") for path in SHIPPED.glob("*.j2"))
    text += "".join(path.read_text("utf-8") for path in (ROOT / "templates/web").glob("*.j2"))
    text += "".join(path.read_text("utf-8") for path in (ROOT / "monitor/render").glob("*.py"))
    text += "".join(path.read_text("utf-8") for path in (ROOT / "templates/chat").glob("*.j2"))
    families = ("authority_", "section_", "health_", "fate_", "more_", "less_", "notice_")
    built = {*families, "notice_kind_"}
    used = set(re.findall(r"""(?:\bt|words)\(\s*"([a-z_]+)\"""", text)) - built | {"failing_note", "failing_only"}
    used = used - {"alert_"} | {f"alert_{change}" for change in Change} | {"alert_high", "alert_critical"}
    words = {key for key in ENGLISH.words if not key.startswith(families)}
    assert used == words
    counted = set(re.findall(r"""(?:counted\(|count\()"([a-z_]+)\"""", text)) | {"days", "hours"}
    assert counted == set(ENGLISH.counts)


@pytest.mark.parametrize(
    ("number", "english", "russian"),
    [
        (0, "0 stories", "0 сюжетов"),
        (1, "1 story", "1 сюжет"),
        (2, "2 stories", "2 сюжета"),
        (5, "5 stories", "5 сюжетов"),
        (11, "11 stories", "11 сюжетов"),
        (21, "21 stories", "21 сюжет"),
        (112, "112 stories", "112 сюжетов"),
        (122, "122 stories", "122 сюжета"),
    ],
)
def test_counting(number, english, russian):
    assert ENGLISH.count("stories", number) == english
    assert RUSSIAN.count("stories", number) == russian


@pytest.mark.parametrize(
    ("minutes", "english", "russian"),
    [
        (0, "0 min", "0 мин"),
        (0.9, "0 min", "0 мин"),
        (12, "12 min", "12 мин"),
        (60, "1 h", "1 ч"),
        (65, "1 h 5 min", "1 ч 5 мин"),
        (125, "2 h 5 min", "2 ч 5 мин"),
        (1440, "1 d", "1 д"),
        (3065, "2 d 3 h", "2 д 3 ч"),
        (-5, "0 min", "0 мин"),
    ],
)
def test_lags(minutes, english, russian):
    assert ENGLISH.lag(timedelta(minutes=minutes)).replace("\u00a0", " ") == english
    assert RUSSIAN.lag(timedelta(minutes=minutes)).replace("\u00a0", " ") == russian


def test_dates():
    at = datetime(2026, 5, 3, 9, 4)  # noqa: DTZ001 — local on purpose
    assert ENGLISH.moment(at, "day") == "Sunday, 3 May 2026"
    assert ENGLISH.moment(at, "moment") == "3 May, 09:04"
    assert RUSSIAN.moment(at, "day") == "Воскресенье, 3 мая 2026 года"
    assert RUSSIAN.moment(at, "short_day") == "3 мая"


def test_a_language_without_a_file_gets_english():
    assert labels.load("xx", [SHIPPED])("coverage") == "Coverage"


def test_an_operators_file_changes_just_its_words(tmp_path):
    (tmp_path / "labels.en.toml").write_text('[words]\ncoverage = "Evidence"\n')
    (tmp_path / "labels.kk.toml").write_text('[words]\nquiet = "Жаңалық жоқ."\n')
    assert labels.load("en", [tmp_path, SHIPPED])("coverage") == "Evidence"
    assert labels.load("en", [tmp_path, SHIPPED])("quiet") == "Nothing new."
    kazakh = labels.load("kk", [tmp_path, SHIPPED])
    assert (kazakh.language, kazakh("quiet"), kazakh("coverage")) == ("kk", "Жаңалық жоқ.", "Evidence")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[words]\na = = b", "labels.en.toml:2"),
        ("[wrods]\n", "wrods"),
        ("[words]\nquiet = 3\n", "words.quiet"),
        ('[words]\nquiet = "{count}"\n', "{count}"),
        ('[words]\nquiet = "{n.__class__}"\n', None),  # no attributes: it stays as it is written
    ],
)
def test_a_bad_file_is_explained(tmp_path, text, says):
    (tmp_path / "labels.en.toml").write_text(text)
    if says is None:
        assert labels.load("en", [tmp_path, SHIPPED])("quiet", n=1) == "{n.__class__}"
        return
    with pytest.raises(ConfigError, match=re.escape(says)):
        labels.load("en", [tmp_path, SHIPPED])("quiet")


def test_no_templates_at_all(tmp_path):
    with pytest.raises(ConfigError, match="incomplete"):
        labels.load("en", [tmp_path])
