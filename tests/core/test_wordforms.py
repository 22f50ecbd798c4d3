import pytest

from monitor.core.wordforms import core_of, is_form, roots_of, roots_wanted

PAIRS = [
    ("en", "sanction", "sanctions", True),
    ("en", "country", "countries", True),
    ("en", "plan", "planned", True),
    ("en", "international", "internal", False),
    ("en", "organ", "organization", False),
    ("en", "election", "elected", False),
    ("en", "un", "uns", False),
    ("ru", "переговоры", "переговорами", True),
    ("ru", "мир", "мира", True),
    ("ru", "подписать", "подписали", True),
    ("ru", "договор", "договорился", False),
    ("ru", "россия", "российский", False),
    ("uk", "переговори", "переговорів", True),
    ("fr", "negociation", "negociations", True),
    ("fr", "negociation", "negociateur", False),
    ("fr", "organisation", "organiser", False),
    ("es", "sancion", "sanciones", True),
    ("de", "verhandlung", "verhandlungen", True),
    ("ar", "تعاون", "بالتعاون", True),
    ("ar", "الحكومه", "حكومات", True),
    ("ar", "وزير", "لوزير", True),
    ("ar", "وزير", "تقرير", False),
    (None, "переговори", "переговорів", True),
    ("zh", "制裁", "制裁措施", False),
]


@pytest.mark.parametrize(("language", "wanted", "word", "same"), PAIRS)
def test_forms(language: str | None, wanted: str, word: str, same: bool) -> None:
    assert is_form(wanted, word, language) is same


@pytest.mark.parametrize(("language", "wanted", "word", "same"), PAIRS)
def test_what_is_looked_up_never_misses_a_form(language: str | None, wanted: str, word: str, same: bool) -> None:
    if same:
        assert core_of(wanted) in word
        assert (roots_wanted(wanted) | {wanted}) & (roots_of(word, language) | {word})
