"""The compiled taxonomy in its file: right, or made again."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.lexicon import Lexicon
from monitor.core.taxonomy import Country, Organisation, Region, Taxonomy
from monitor.provisioning.compiled import lexicon_of

TAXONOMY = Taxonomy(
    organisations=(
        Organisation(
            slug="icc",
            names={"en": ("International Criminal Court",), "ru": ("Международный уголовный суд",)},
            acronyms={"en": ("ICC",)},
            hashtags=("ICC",),
            requires=("Hague",),
            excludes=("cricket",),
        ),
    ),
    countries=(Country(code="nl", names={"en": ("Netherlands",)}, demonyms={"fr": ("néerlandais",)}),),
    regions=(Region(slug="europe", names={"zh": ("欧洲",)}, countries=("nl",)),),
)
FILE = "taxonomy.json"


def test_a_lexicon_is_the_same_after_it_was_written_down() -> None:
    made = Lexicon.of(TAXONOMY)
    assert Lexicon.from_json(made.to_json()) == made


def test_it_is_kept_for_the_next_start(tmp_path: Path) -> None:
    made = lexicon_of(TAXONOMY, tmp_path)
    written = (tmp_path / FILE).stat()
    assert written.st_mode & 0o777 == 0o600
    assert lexicon_of(TAXONOMY, tmp_path) == made == Lexicon.of(TAXONOMY)
    assert (tmp_path / FILE).stat().st_ino == written.st_ino  # read, not made again
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_another_taxonomy_is_compiled_anew(tmp_path: Path) -> None:
    lexicon_of(TAXONOMY, tmp_path)
    other = replace(TAXONOMY, regions=())
    assert lexicon_of(other, tmp_path) == Lexicon.of(other)
    assert lexicon_of(TAXONOMY, tmp_path) == Lexicon.of(TAXONOMY)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def _alter(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"netherlands", b"ukrainelands"))


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _open_to_all(file: Path) -> None:
    _alter(file)
    file.chmod(0o666)


def _link(file: Path) -> None:
    elsewhere = file.with_name("elsewhere")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("spoil", [_cut, _alter, _empty, _open_to_all, _link, _pipe])
def test_a_file_that_cannot_be_trusted_is_replaced(tmp_path: Path, spoil) -> None:
    lexicon_of(TAXONOMY, tmp_path)
    spoil(tmp_path / FILE)
    assert lexicon_of(TAXONOMY, tmp_path) == Lexicon.of(TAXONOMY)
    assert (tmp_path / FILE).is_file()
    assert not (tmp_path / FILE).is_symlink()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_where_there_is_no_directory(tmp_path: Path) -> None:
    assert lexicon_of(TAXONOMY, tmp_path / "data") == Lexicon.of(TAXONOMY)
    assert not list(tmp_path.iterdir())
