import pytest

from monitor.core.errors import ConfigError
from monitor.provisioning.document import Document, read_document


def values(text):
    return Document("f.yaml", text.encode()).values


def complaint(content):
    with pytest.raises(ConfigError) as caught:
        Document("f.yaml", content if isinstance(content, bytes) else content.encode())
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("08:30", "08:30"),
        ("8:30:00", "8:30:00"),
        ("2026-11-22", "2026-11-22"),
        ("12", 12),
        ("-12", -12),
        ("0730", 730),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("-.Inf", float("-inf")),
        ("1.2.3", "1.2.3"),
        ("+", "+"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("Кабул", "Кабул"),
        ("7" * 400, "7" * 400),
    ],
)
def test_scalars_are_read_by_yaml_1_2(written, value):
    assert values(f"a: {written}\n") == {"a": value}


def test_keys_are_always_text():
    assert values("no: 1\n12: 2\ntrue: 3\n") == {"no": 1, "12": 2, "true": 3}


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n...\n", "\ufeff"])
def test_nothing_written_is_nothing(text):
    assert values(text) is None


def test_every_key_and_item_has_its_line():
    document = Document("f", b"# c\na:\n  - b: 1\n    c: [x,\n       y]\n  -\n    b: 2\n")
    assert [document.line_of(path) for path in ((), ("a",), ("a", 0), ("a", 0, "c"), ("a", 0, "c", 1))] == [
        2,
        2,
        3,
        4,
        5,
    ]
    assert document.line_of(("a", 1, "b")) == 7
    assert document.line_of(("a", 1, "missing")) == 7
    assert document.line_of(("missing", 3)) == 2


def test_an_alias_stands_on_its_own_line_and_its_parts_where_they_were_written():
    document = Document("f", b"a: &x\n  b: 1\nc: *x\n")
    assert document.values == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.line_of(("c",)) == 3
    assert document.line_of(("c", "b")) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: the key 'a' is given twice, first on line 1"),
        ("a: *x", "f.yaml:1: no value before this line has the anchor &x"),
        ("a: &a [*a]", "f.yaml:1: no value before this line has the anchor &a"),
        (
            "x: !!python/object/apply:os.system ['true']",
            "f.yaml:1: the tag !!python/object/apply:os.system is not used in these files; "
            "expected the value without it",
        ),
        ("a: 1\n---\nb: 2", "f.yaml:2: a second document begins here; expected one in a file"),
        ("? [a]\n: b", "f.yaml:1: a list, mapping or alias cannot be a key; expected text"),
        ("a:\n\t- b", "f.yaml:2: a tab stands where only spaces may indent"),
        ("a:\n  - @mfa", "f.yaml:2: text that begins with @, ` or % needs quotes around it"),
        ("a: @mfa", "f.yaml:1: text that begins with @, ` or % needs quotes around it"),
        (
            "a: b: c",
            "f.yaml:1: not YAML: mapping values are not allowed in this context; "
            "text that holds a colon and a space needs quotes",
        ),
        ("a: [1\nb: 2", "f.yaml:2: not YAML: while parsing a flow sequence, did not find expected ',' or ']'"),
        (b"a: 1\nb: caf\xe9\n", "f.yaml:2: is not UTF-8 text"),
        ("a: 1\nb: \x01", "f.yaml:2: holds a character that YAML forbids"),
    ],
)
def test_faults_of_form_are_said_with_their_line(text, said):
    assert complaint(text) == said


def test_every_key_given_twice_is_said():
    assert complaint("a: {b: 1, b: 2}\nc: {d: 1,\n d: 2}\n").count("is given twice") == 2


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "a: " + "[" * 900 + "]" * 900, "- " * 5_000 + "x", "{a: " * 2_000],
    ids=["unclosed", "closed", "dashes", "mappings"],
)
def test_deep_nesting_is_refused_before_it_costs_the_process(text):
    assert "more than 32 lists and mappings within each other" in complaint(text)


def test_aliases_cannot_make_billions_of_values():
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    said = complaint("\n".join(["a0: &a0 [x]", *levels]))
    assert "more than 1,000,000 values, counting each use of an alias" in said


def test_a_file_is_read_up_to_a_limit(tmp_path):
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (16 * 2**20 + 1))
    with pytest.raises(ConfigError, match="is larger than 16 MiB"):
        read_document(path)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_document(tmp_path / "none.yaml")
