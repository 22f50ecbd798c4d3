import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.identity import content_hash, digest8, fingerprint, guid_of, packed, unpacked
from monitor.core.model import Entry

STATEMENT = (
    "The ministers agreed to convene the council in Geneva next week and to publish the full text of the joint "
    "statement on grain exports."
)


def test_identity_comes_from_the_best_evidence():
    assert guid_of(Entry(guid=" item-7 ", link="https://example.org/7")) == "item-7"
    assert guid_of(Entry(link="https://Example.org/7?utm_source=rss#top")) == "https://example.org/7"
    made = guid_of(Entry(title="A", published="today", html="<p>x</p>"))
    assert made.startswith("hash:")
    assert made == guid_of(Entry(title="A", published="today", html="<p>x</p>"))
    assert made != guid_of(Entry(title="B", published="today", html="<p>x</p>"))
    assert guid_of(Entry(guid="", link="mailto:x", title="A")).startswith("hash:")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("Talks  were held.\n\nSee https://example.org/a?utm_source=tg ", True),
        ("Talks were held. See https://example.org/a", True),
        ("Talks were held. See https://example.org/b", False),
        ("Talks were not held. See https://example.org/a", False),
        ("talks were held. See https://example.org/a", False),
    ],
)
def test_only_what_a_reader_sees_makes_an_edit(other, same):
    first = content_hash(title="Talks", text="Talks were held. See https://example.org/a")
    assert len(first) == 16
    assert (content_hash(title="Talks", text=other) == first) is same


@pytest.mark.parametrize(
    "other",
    [
        STATEMENT.upper(),
        f"Forwarded from Ministry\n{STATEMENT}",
        f"Переслано из МИД\n{STATEMENT}",
        f"🇨🇭 {STATEMENT} 👉 https://t.me/example/12",
        STATEMENT.replace("Geneva", "#Geneva").replace(" and ", " — and\n"),
        STATEMENT.replace("full", "ｆｕｌｌ"),
    ],
)
def test_reposts_have_the_same_words(other):
    assert fingerprint(other) == fingerprint(STATEMENT) is not None


@pytest.mark.parametrize("other", [STATEMENT.replace("Geneva", "Vienna"), STATEMENT.replace("week", "week 12")])
def test_other_words_are_another_text(other):
    assert fingerprint(other) != fingerprint(STATEMENT)


def test_short_texts_have_no_fingerprint():
    assert fingerprint("Good morning, dear subscribers! 🌞 https://example.org/a/b/c/d/e/f/g/h/i/j/k/l/m") is None
    assert fingerprint("") is None
    assert fingerprint("会谈结束") is None
    chinese = "外交部发言人就有关问题答记者问强调多边主义的重要性和国际合作"
    assert fingerprint(chinese) == fingerprint(chinese[:10] + "\n" + chinese[10:]) is not None


def test_memory_of_seen_posts():
    digests = [digest8(str(number), b"x" * 16) for number in range(3)]
    assert all(len(digest) == 8 for digest in digests)
    assert unpacked(packed([*digests, digests[0]])) == tuple(digests)
    assert unpacked(b"") == ()
    with pytest.raises(ValueError, match="multiple of 8"):
        unpacked(b"123")


@given(st.text(), st.text())
def test_guid_and_content_both_count(first, second):
    assert (digest8(first, b"a") == digest8(second, b"a")) == (first == second or _lossy(first) == _lossy(second))


def _lossy(text):
    return text.encode("utf-8", "replace")
