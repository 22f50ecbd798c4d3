"""Countries that Chinese names with one character."""

import re

import pytest

from monitor.core.initials import Initials
from monitor.core.written import either_script, readable

INITIALS = Initials("中华美俄日法德欧非哈")


def found(text: str) -> list[str]:
    return ["".join(character for _, character in together) for together in INITIALS.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("中美关系", ["中美"]),
        ("中美、中俄关系", ["中美中俄"]),
        ("中—美—俄三国", ["中美俄"]),
        ("俄哈边境", ["俄哈"]),
        ("中俄", []),  # what is between them must be said
        ("哈俄边境", ["哈俄"]),
        ("对俄制裁", ["俄"]),
        ("对俄说", []),
        ("访华", ["华"]),
        ("在华外国人", ["华"]),
        ("在华人社区", []),
        ("美政府", ["美"]),
        ("非政府组织", []),
        ("3日外长", []),
        ("中美關係與對俄制裁", ["中美", "俄"]),
    ],
)
def test_characters_that_name_countries(text, expected):
    assert found(text) == expected


def test_offsets_are_those_of_the_text_as_it_is_written():
    assert list(INITIALS.find("近日中、歐關係")) == [((2, "中"), (4, "欧"))]


def test_a_taxonomy_without_such_characters_finds_nothing():
    assert list(Initials("").find("中美关系")) == []


def test_an_expression_of_simplified_characters_finds_traditional_ones():
    expression = re.compile(either_script("关系[国边]"))
    for text in ("关系国", "關係國", "關系邊"):
        assert expression.fullmatch(text)
        assert readable(text)[:2] == "关系"
