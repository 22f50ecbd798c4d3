"""What a person says of a tag counts."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Facet, Field, Tag
from monitor.core.verdicts import RULE, Verdict, ruled
from tests import make

SLUGS = st.sampled_from(["nato", "osce", "kz"])
FACETS = st.sampled_from([Facet.ORGANISATION, Facet.COUNTRY, Facet("topic")])


def verdict(
    slug: str = "nato", *, facet: Facet = Facet.ORGANISATION, wanted: bool = True, main: bool = True
) -> Verdict:
    return Verdict(facet=facet, slug=slug, wanted=wanted, main=main, by="anna", at=make.NOW)


def tags_of(tags: tuple[Tag, ...]) -> set[str]:
    return {f"{tag.facet}:{tag.slug}" for tag in tags}


def test_a_tag_that_is_set_is_there_with_who_said_so() -> None:
    (tag,) = ruled((), [verdict()])
    assert (tag.main, tag.weight, tag.slug) == (True, 1.0, "nato")
    assert [(each.rule, each.words, each.field) for each in tag.evidence] == [(RULE, "anna", Field.SOURCE)]


def test_a_mention_that_is_set_is_none_the_heavier_for_it() -> None:
    (tag,) = ruled((make.tag("nato", weight=0.4),), [verdict(main=False)])
    assert (tag.main, tag.weight, len(tag.evidence)) == (False, 0.4, 2)


def test_a_veto_takes_a_tag_away_in_its_own_facet_only() -> None:
    tags = (make.tag("kz", Facet.COUNTRY), make.tag("kz", Facet.ISSUER))
    assert tags_of(ruled(tags, [verdict("kz", facet=Facet.COUNTRY, wanted=False)])) == {"issuer:kz"}


def test_a_tag_that_nothing_but_a_taken_back_word_led_to_goes() -> None:
    said = ruled((make.tag("osce"),), [verdict("nato"), verdict("osce")])
    assert tags_of(ruled(said, [])) == {"organisation:osce"}


@given(
    tags=st.dictionaries(st.tuples(FACETS, SLUGS), st.floats(0.1, 1).map(lambda weight: round(weight, 4))),
    said=st.dictionaries(st.tuples(FACETS, SLUGS), st.tuples(st.booleans(), st.booleans())),
)
def test_verdicts_count_whatever_was_found_and_carrying_them_out_again_changes_nothing(tags, said) -> None:
    found = [make.tag(slug, facet, weight=weight) for (facet, slug), weight in tags.items()]
    verdicts = [verdict(slug, facet=facet, wanted=w, main=m) for (facet, slug), (w, m) in said.items()]
    after = ruled(found, verdicts)
    names = tags_of(after)
    assert all((each.name in names) is each.wanted for each in verdicts)
    spoken_of = {each.name for each in verdicts}
    assert {n for n in names if n not in spoken_of} == {n for n in tags_of(tuple(found)) if n not in spoken_of}
    assert ruled(after, verdicts) == after
