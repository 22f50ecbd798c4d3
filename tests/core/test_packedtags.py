"""Tags and words on their way from where they are found to the database."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from monitor.core import portable  # noqa: F401 - what is handed over is packed its way
from monitor.core.model import Evidence, Facet, Field, Prepared, Tag
from monitor.core.packedtags import PackedTags, rows_of
from monitor.core.sketch import said_in
from tests import make

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
EVIDENCE = st.builds(
    Evidence,
    field=st.sampled_from(Field),
    offset=st.integers(0, 9_999),
    words=TEXT,
    rule=st.sampled_from(["name", "city"]),
)
TAGS = st.lists(
    st.builds(
        Tag,
        facet=st.sampled_from([*Facet.BUILT_IN, Facet("topic")]),
        slug=st.from_regex("[a-z]{2,9}", fullmatch=True),
        main=st.booleans(),
        weight=st.floats(0, 1),
        evidence=st.lists(EVIDENCE, max_size=4).map(tuple),
    ),
    max_size=6,
).map(tuple)


@given(TAGS)
def test_packed_tags_are_the_tags(tags: tuple[Tag, ...]) -> None:
    packed = PackedTags(rows_of(tags))
    assert packed == tags
    assert tags == packed
    assert hash(packed) == hash(tags)
    assert [packed[at] for at in range(len(packed))] == list(tags)
    assert packed[1:3] == tags[1:3]
    assert rows_of(packed) is packed.rows


@given(TAGS, st.text(st.sampled_from("ab сд会 .\n12"), max_size=200))
def test_a_post_out_of_another_process_is_the_same(tags: tuple[Tag, ...], text: str) -> None:
    post = make.prepared("one", text=text or "x").post
    sent = Prepared(post=post, tags=tags, taxonomy="v", said=said_in(text))
    received = pickle.loads(pickle.dumps(sent))
    assert received == sent
    assert sent == received
    assert received.said == sent.said
