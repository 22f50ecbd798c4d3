import pytest

from monitor.core.patterns import PatternError, compiled_pattern, spans


def found(pattern: str, text: str) -> list[str]:
    return [text[start:end] for start, end in spans(pattern, text)]


@pytest.mark.parametrize(
    ("pattern", "text", "words"),
    [
        (r"\bгде\b", "Где-то там где, гдей", ["Где", "где"]),
        (r"\bсанкц\w+", "Санкции; антисанкции", ["Санкции"]),
        (r"\bgrain\b\s+\bdeal", "the grain deals", ["grain deal"]),
        (r"(?-i)\b[А-Я]{3}\b", "ООН и НАТО и еаэс", ["ООН"]),
        (r"№\s?\d+", "Указ № ١٢٣", ["№ ١٢٣"]),
        (r"^\w+$", "один\nдва три", ["один"]),
        (r"\bo(il|гз)\b", "oil boil", ["oil"]),
        (r"[\w-]+@[^\s]+", "write a-б@un.org now", ["a-б@un.org"]),
    ],
)
def test_classes_and_borders_know_every_script(pattern: str, text: str, words: list[str]) -> None:
    assert found(pattern, text) == words


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        (r"(?=x)", "look-ahead"),
        (r"(a)\1", "references back"),
        (r"\Bx", r"\B cannot"),
        (r"[a", "never closed"),
        (r"(a", "missing"),
        (r"a*", "empty text"),
        (r"\bx*", "empty text"),
        (r"((a{100}){100}){100}", "too large"),
        (r"\w{1000}", "too large"),
        ("x" * 501, "500 characters"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(pattern: str, told: str) -> None:
    with pytest.raises(PatternError, match=told.replace("\\", "\\\\")):
        compiled_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(x+x+)+y", "(a|aa)+$", "(.*)(.*)(.*)(.*)[a-z]q", "(\\w*a){9}b", "([a-z]+)*!"])
def test_what_stops_other_engines_is_linear_here(pattern: str) -> None:
    assert len(found(pattern, "a" * 100_000)) <= 1  # in any engine that goes back, this does not end


def test_the_anchor_is_in_every_text_that_is_found() -> None:
    assert compiled_pattern(r"\bresolution \d{4}").anchor == "resolution"
    assert compiled_pattern(r"(grain|wheat) deal?").anchor == "dea"
    assert compiled_pattern(r"grain|wheat").anchor == ""
