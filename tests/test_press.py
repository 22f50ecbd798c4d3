"""Templates of the operator's: whatever they do, the digest goes out, soon, and the operator hears of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.errors import ConfigError
from monitor.core.model import Printed
from monitor.press import Limits, Press
from monitor.render import Design
from tests.render import editions

TEMPLATES = Path(__file__).parents[1] / "templates"
LIMITS = Limits(seconds=3, memory=128 * 2**20)

HOSTILE = {
    "a loop beyond the sandbox's": ("{% for i in range(10**9) %}x{% endfor %}", "Range too big", "digest.txt.j2:1"),
    "a loop in a loop": (
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "takes longer than 3 s", "",
    ),
    "a power": ("{{ (9 ** 99999999) % 7 }}", "filling the templates here takes", ""),
    "huge output": ("{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", "more than 8,000,000 characters", ""),
    "a memory bomb": ("{{ ('x' * 10**9)|length }}", "more than 128 MB of memory", ""),
    "doubling": (
        "{% set ns = namespace(x='x') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "more than 128 MB of memory", "",
    ),
    "a way into Python": ("{{ ''.__class__.__mro__ }}", "unsafe", "digest.txt.j2:1"),
    "the files of the labels": ("{{ t.files[0].read_text() }}", "unsafe", "digest.txt.j2:1"),
    "what a format can reach": ("{{ '{0.files}'.format(t) }}", "unsafe", "digest.txt.j2:1"),
    "a syntax error": ("one\n{% if %}", "Expected an expression", "digest.txt.j2:2"),
    "a misspelt name": ("one\ntwo {{ editon.title }}", "'editon' is undefined", "digest.txt.j2:2"),
    "a missing label": ("one\n{{ t('nope') }}", "words.nope", "digest.txt.j2, line 2"),
    "a division by nothing": ("{{ 1 // 0 }}", "division", "digest.txt.j2:1"),
    "a call of nothing": ("{{ edition.title() }}", "not callable", "digest.txt.j2:1"),
    "an include that is not there": ("{% include 'email/nope.j2' %}", "email/nope.j2 is in none of", ""),
    "endless recursion": ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "cannot be filled", ""),
}  # fmt: skip


def overriding(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def printed(design: Design, *digests, templates: str = "email") -> list[Printed]:
    async def story() -> list[Printed]:
        async with Press(design, limits=LIMITS) as press:
            return [await press.digest(each, templates=templates) for each in digests]

    return asyncio.run(story())


def test_whatever_a_template_does_the_shipped_one_stands_in(tmp_path: Path) -> None:
    plain = replace(editions.quiet_day())
    [shipped] = printed(Design(shipped=TEMPLATES), plain)
    assert shipped.troubles == ()
    folders = {
        name: overriding(tmp_path / str(number), {"email/digest.txt.j2": text})
        for number, (name, (text, _, _)) in enumerate(HOSTILE.items())
    }
    own = [
        replace(plain, subscription=replace(plain.subscription, templates_dir=str(folder)))
        for folder in folders.values()
    ]
    for name, result in zip(HOSTILE, printed(Design(shipped=TEMPLATES), *own), strict=True):
        _, said, place = HOSTILE[name]
        assert result.content == shipped.content, name
        assert any(said in trouble for trouble in result.troubles), (name, result.troubles)
        assert any(place in trouble for trouble in result.troubles), (name, result.troubles)
        assert any(str(folders[name]) in trouble or "nope" in trouble for trouble in result.troubles), name


def test_a_subscription_s_folder_comes_before_the_installation_s(tmp_path: Path) -> None:
    house = overriding(
        tmp_path / "house", {"email/subject.txt.j2": "House {{ edition.title }}", "email/digest.txt.j2": "House text"}
    )
    own = overriding(tmp_path / "own", {"email/subject.txt.j2": "Own {{ edition.title }}"})
    broken = overriding(tmp_path / "broken", {"email/subject.txt.j2": "{% if %}"})
    day = editions.quiet_day()
    digests = [
        replace(day, subscription=replace(day.subscription, templates_dir=folder and str(folder)))
        for folder in (None, own, broken, tmp_path / "gone")
    ]
    results = printed(Design(shipped=TEMPLATES, overrides=(house,)), *digests)
    assert [result.content.subject for result in results] == [
        "House Morning brief", "Own Morning brief", "House Morning brief", "House Morning brief",
    ]  # fmt: skip
    assert {result.content.text for result in results} == {"House text\n"}
    assert [len(result.troubles) for result in results] == [0, 0, 1, 1]
    assert "gone: this folder of templates is not there" in results[-1].troubles[0]


def test_what_is_written_without_care_is_escaped_all_the_same(tmp_path: Path) -> None:
    own = overriding(tmp_path, {"email/digest.html.j2": "<p>{{ edition.title }}</p>"})
    day = editions.quiet_day()
    hostile = replace(day, subscription=replace(day.subscription, title="<script>", templates_dir=str(own)))
    [result] = printed(Design(shipped=TEMPLATES), hostile)
    assert result.troubles == ()
    assert "<script>" not in result.content.html


def test_chat_and_labels_can_be_replaced_and_fall_back(tmp_path: Path) -> None:
    own = overriding(tmp_path / "own", {"email/labels.en.toml": '[words]\nquiet = "Nichts Neues."\n'})
    bad = overriding(tmp_path / "bad", {"email/labels.en.toml": "[words]\nquiet = 7\n", "chat/slack.json.j2": "no"})
    day = editions.quiet_day()
    digests = [replace(day, subscription=replace(day.subscription, templates_dir=str(f))) for f in (own, bad)]
    good, fallen = printed(Design(shipped=TEMPLATES), *digests, templates="chat")
    assert "Nichts Neues." in good.content.text
    assert "Nothing new." in fallen.content.text
    assert any("labels.en.toml" in trouble and "wrong type" in trouble for trouble in fallen.troubles)


def test_pages_fall_back_too(tmp_path: Path) -> None:
    own = overriding(tmp_path, {"web/unknown.html.j2": "{{ nothing }}"})

    async def story() -> str:
        async with Press(Design(shipped=TEMPLATES, overrides=(own,)), limits=LIMITS) as press:
            faults = await press.page_faults(
                "unknown", language="en", title="", recipient="", token="", base="", back=False
            )
            assert ["unknown.html.j2" in str(fault) for fault in faults] == [True]
            return await press.page("unknown", language="en", title="", recipient="", token="", base="", back=False)

    assert "leads nowhere" in asyncio.run(story())


def test_a_fault_of_the_shipped_templates_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="templates are incomplete"):
        printed(Design(shipped=tmp_path), editions.quiet_day())
