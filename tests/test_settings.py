import json
import re
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.core.durations import show
from monitor.core.errors import ConfigError
from monitor.settings import Settings, schema
from monitor.settings.reading import is_secret, only_outside_the_file, sections_of, variable
from monitor.settings.sections import Delivery
from monitor.settings.toml import Document

ROOT = Path(__file__).parents[1]
EVERY = [
    pytest.param(section, key, field, id=f"{section}.{key}")
    for section, model in sections_of(Settings).items()
    for key, field in model.model_fields.items()
]
SECRET = "hunter2-hunter2"  # looked for in everything that is shown
SIGNING = "whsec_" + "c2ln" * 8  # 24 bytes


def load(tmp_path, text="", environ=None):
    path = tmp_path / "monitor.toml"
    path.write_text(text, encoding="utf-8")
    return Settings.load(path, environ or {})


def complaints(tmp_path, text="", environ=None):
    """What is said about a file and an environment, without the directory of the test."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, environ)
    assert [str(problem) for problem in caught.value.problems] == str(caught.value).splitlines()
    return str(caught.value).replace(f"{tmp_path}/", "")


# ── where values come from ─────────────────────────────────────────────────────────────────────────────────


def test_without_file_and_environment_everything_has_a_default():
    settings = Settings.load(None, {})
    assert settings.database.url.get_secret_value() == "sqlite:///data/monitor.db"
    assert settings.mailbox.directory == Path("data/mailbox")
    assert settings.polling.interval == timedelta(minutes=15)


def test_the_environment_weighs_more_than_the_file(tmp_path):
    text = '[polling]\ninterval = "30m"\nworkers = 3\n'
    settings = load(tmp_path, text, {"MONITOR_POLLING__INTERVAL": "1h", "monitor_log__level": "debug"})
    assert settings.polling.interval == timedelta(hours=1)
    assert settings.polling.workers == 3
    assert settings.log.level == "debug"


def test_variables_become_the_type_of_their_setting(tmp_path):
    settings = Settings.load(
        None,
        {
            "MONITOR_SMTP__PORT": " 2525 ",
            "MONITOR_WEBHOOK__ALLOW_PRIVATE": "yes",
            "MONITOR_NETWORK__ALLOW": "10.0.0.0/8, 192.168.7.0/24 fd00::/8",
            "MONITOR_DIGESTS__TEMPLATES_DIR": str(tmp_path),
        },
    )
    assert settings.smtp.port == 2525
    assert settings.webhook.allow_private is True
    assert settings.network.allow == tuple(map(ip_network, ("10.0.0.0/8", "192.168.7.0/24", "fd00::/8")))
    assert settings.digests.templates_dir == tmp_path


def test_a_list_may_also_be_json():
    assert len(Settings.load(None, {"MONITOR_NETWORK__ALLOW": '["10.0.0.0/8"]'}).network.allow) == 1


def test_an_empty_variable_is_not_set(tmp_path):
    settings = load(tmp_path, "[smtp]\nport = 25\n", {"MONITOR_SMTP__PORT": "", "MONITOR_NONE__SUCH": ""})
    assert settings.smtp.port == 25


def test_database_and_mailbox_follow_the_data_directory(tmp_path):
    settings = Settings.load(None, {"MONITOR_PATHS__DATA": "/var/lib/monitor"})
    assert settings.database.url.get_secret_value() == "sqlite:////var/lib/monitor/monitor.db"
    assert settings.mailbox.directory == Path("/var/lib/monitor/mailbox")
    apart = load(tmp_path, '[paths]\ndata = "x"\n[mailbox]\ndirectory = "/var/mail"\n')
    assert apart.mailbox.directory == Path("/var/mail")


def test_making_settings_directly_reads_nothing_around(monkeypatch):
    monkeypatch.setenv("MONITOR_SMTP__PORT", "1")
    assert Settings().smtp.port == 587


# ── secrets ────────────────────────────────────────────────────────────────────────────────────────────────


def test_secrets_come_from_files_named_in_either_place(tmp_path):
    (tmp_path / "password").write_text(f"{SECRET}\n", encoding="utf-8")
    (tmp_path / "secrets").write_text(f"{SIGNING}\npartner:{SIGNING[:-1]}B\n\n", encoding="utf-8")
    settings = load(
        tmp_path,
        f'[smtp]\nusername = "u"\npassword_file = "{tmp_path}/password"\n',
        {"MONITOR_WEBHOOK__SECRETS_FILE": f"{tmp_path}/secrets"},
    )
    assert settings.smtp.password == SecretStr(SECRET)
    assert settings.webhook.secrets_by_name() == {"default": (SIGNING,), "partner": (f"{SIGNING[:-1]}B",)}


def test_a_secret_in_the_environment_weighs_more_than_its_file(tmp_path):
    text = '[smtp]\nusername = "u"\npassword_file = "/nowhere"\n'
    assert load(tmp_path, text, {"MONITOR_SMTP__PASSWORD": SECRET}).smtp.password.get_secret_value() == SECRET


def test_no_secret_is_shown(tmp_path):
    (tmp_path / "url").write_text(f"postgresql+psycopg://monitor:{SECRET}@db/monitor", encoding="utf-8")
    environ = {
        "MONITOR_SMTP__USERNAME": "u",
        "MONITOR_SMTP__PASSWORD": SECRET,
        "MONITOR_WEBHOOK__SECRETS": f"{SIGNING},{SIGNING}",
        "MONITOR_DATABASE__URL_FILE": f"{tmp_path}/url",
    }
    settings = Settings.load(None, environ)
    assert SECRET in settings.database.url.get_secret_value()
    assert str(settings.database.url) == "postgresql+psycopg://monitor:***@db/monitor"
    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert SECRET not in shown
        assert SIGNING not in shown


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        (f'[smtp]\npassword = "{SECRET}"\n', {}),
        (f'[smtp]\npassword = ["{SECRET}"]\n', {}),
        (f'[webhook]\nsecrets = ["{SECRET}"]\n', {}),
        (f'[database]\nurl = "postgresql+psycopg://u:{SECRET}@h/d"\n', {}),
        ("", {"MONITOR_DATABASE__URL": f"mysql://u:{SECRET}@h/d"}),
        ("", {"MONITOR_DATABASE__URL": f"u:{SECRET}@h"}),
        ("", {"MONITOR_SMTP__PASSWORD": SECRET}),
        ("", {"MONITOR_SMTP__PASWORD": SECRET}),
        ("", {"MONITOR_WEBHOOK__SECRETS": SECRET}),
    ],
)
def test_no_secret_is_shown_in_a_complaint(tmp_path, text, environ):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, environ)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(("section", "key", "field"), [p for p in EVERY if is_secret(p.values[2])])
def test_each_secret_may_come_from_a_file(section, key, field):
    assert f"{key}_file" in sections_of(Settings)[section].model_fields


# ── what is refused ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '\n[polling]\nintervall = "3m"\n',
            "monitor.toml:3: polling: unknown key 'intervall'; expected tick, concurrency, host_concurrency, "
            "host_spacing, robots, interval, interval_floor, interval_ceiling, timeout, max_bytes, contact, backlog, "
            "workers, parse_timeout, parse_memory_mb or keep_polls; did you mean 'interval'?",
        ),
        (
            "[smpt]\nport = 25\n",
            "monitor.toml:1: unknown key 'smpt'; expected paths, database, polling, network, stories, digests, "
            "delivery, smtp, mailbox, webhook, chat, web, metrics or log; did you mean 'smtp'?",
        ),
        (
            '[smtp]\nsender = "no"\n',
            "monitor.toml:2: smtp.sender: 'no' is not a sender; "
            'expected an address such as "monitor@example.org", or "Monitor <monitor@example.org>"',
        ),
        (
            '[digests]\ntemplates_dir = "/nope"\n',
            "monitor.toml:2: digests.templates_dir: '/nope' is not there; "
            "expected a directory of templates, or nothing for the shipped ones",
        ),
        ("smtp = 3\n", "monitor.toml:1: smtp: 3 does not fit; expected a mapping of keys to values"),
        (
            '[polling]\nworkers = "2"\n',
            "monitor.toml:2: polling.workers: '2' does not fit; expected a whole number, without quotes",
        ),
        ("[polling]\nworkers = true\n", "monitor.toml:2: polling.workers: true does not fit; expected a whole number"),
        ("[smtp]\nport = 70000\n", "monitor.toml:2: smtp.port: 70000 is out of bounds; expected at most 65535"),
        (
            '[log]\nlevel = "warn"\n',
            "monitor.toml:2: log.level: 'warn' is not known here; expected debug, info, warning or error; "
            "did you mean 'warning'?",
        ),
        (
            '[network]\nallow = [\n  "10.0.0.0/8",\n  "10.1.2.3/16",\n]\n',
            "monitor.toml:2: network.allow[1]: '10.1.2.3/16' is not an address range; "
            "expected CIDR such as \"10.20.0.0/16\"; did you mean '10.1.0.0/16'?",
        ),
        (
            '[network]\nallow = "10.0.0.0/8"\n',
            "monitor.toml:2: network.allow: '10.0.0.0/8' does not fit; expected a list: [10.0.0.0/8]",
        ),
        (
            '[webhook]\nallow_private = "false"\n',
            "monitor.toml:2: webhook.allow_private: 'false' does not fit; expected true or false, without quotes",
        ),
        (
            '[polling]\ninterval = "soon"\n',
            "monitor.toml:2: polling.interval: 'soon' is not a duration; expected a duration such as "
            '"30s", "15m", "1h30m" or "7d", or a number of seconds',
        ),
        (
            "[polling]\ntick = 0\n",
            "monitor.toml:2: polling.tick: '0s' is no time at all; expected a duration longer than none",
        ),
        (
            '# one\n[polling] # two\ninterval = "1m"\n',
            "monitor.toml:2: polling: the three intervals are out of order; "
            "expected interval_floor ≤ interval ≤ interval_ceiling",
        ),
        (
            '[smtp]\nhost = "mail.example"\n',
            "monitor.toml:1: smtp: a host is named, but no sender; expected sender, the address that mail comes from",
        ),
        (
            '[smtp]\npassword = "x"\nusername = "u"\n',
            "monitor.toml:2: smtp.password: a secret is not read from this file, which is easily copied and shown; "
            "expected it in the variable MONITOR_SMTP__PASSWORD, or password_file naming a file that holds only it",
        ),
        (
            '[smtp]\nusername = "u"\npassword_file = "/nowhere/at/all"\n',
            "monitor.toml:3: smtp.password_file: the file '/nowhere/at/all' cannot be read: No such file or directory; "
            "expected a file that holds the secret and nothing else",
        ),
        (
            '[database]\nurl = "postgres://h/d"\n',
            "monitor.toml:2: database.url: a database address cannot begin with 'postgres'; expected sqlite:///PATH "
            "or postgresql+psycopg://USER@HOST/NAME; did you mean 'postgresql+psycopg'?",
        ),
        ("[log\n", "monitor.toml:1: not TOML: expected ']' at the end of a table declaration"),
        ("[log]\nlevel =\n", "monitor.toml:2: not TOML: invalid value"),
        ("[log]\n[log]\n", "monitor.toml:2: not TOML: cannot declare ('log',) twice"),
    ],
)
def test_mistakes_in_the_file_are_said_with_their_line(tmp_path, text, said):
    assert complaints(tmp_path, text) == said


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"MONITOR_SMPT__HOST": "x"},
            "environment: MONITOR_SMPT__HOST: no setting has this name; did you mean 'MONITOR_SMTP__HOST'?",
        ),
        (
            {"MONITOR_SMTP_HOST": "x"},
            "environment: MONITOR_SMTP_HOST: no setting has this name; did you mean 'MONITOR_SMTP__HOST'?",
        ),
        (
            {"MONITOR_ZEBRA__STRIPES": "x"},
            "environment: MONITOR_ZEBRA__STRIPES: no setting has this name; "
            "expected MONITOR_SECTION__KEY as docs/configuration.md lists them",
        ),
        (
            {"MONITOR_WEBHOOK__SECRETS": "abc"},
            "environment: MONITOR_WEBHOOK__SECRETS: a webhook secret has 24 to 64 bytes, this one has 2; "
            "expected whsec_ and the base64 of 24 to 64 random bytes, or whsk_ and that of an "
            "Ed25519 key, NAME: before it if you like",
        ),
        (
            {"MONITOR_WEBHOOK__SECRETS": f"{SIGNING},partner:whsec_!"},
            "environment: MONITOR_WEBHOOK__SECRETS: a webhook secret is 'whsec_' or 'whsk_' and base64; "
            "this one is not base64 "
            "(number 2 of 2); "
            "expected whsec_ and the base64 of 24 to 64 random bytes, or whsk_ and that of an "
            "Ed25519 key, NAME: before it if you like",
        ),
        (
            {"MONITOR_POLLING__WORKERS": "two"},
            "environment: MONITOR_POLLING__WORKERS: 'two' does not fit; expected a whole number",
        ),
        (
            {"MONITOR_WEBHOOK__ALLOW_PRIVATE": "perhaps"},
            "environment: MONITOR_WEBHOOK__ALLOW_PRIVATE: 'perhaps' does not fit; expected true or false",
        ),
        (
            {"MONITOR_NETWORK__ALLOW": "10.0.0.0/8, home"},
            "environment: MONITOR_NETWORK__ALLOW: 'home' is not an address range; expected CIDR such as "
            '"10.20.0.0/16"',
        ),
        (
            {"MONITOR_DATABASE__URL_FILE": "/nowhere"},
            "environment: MONITOR_DATABASE__URL_FILE: the file '/nowhere' cannot be read: No such file or directory; "
            "expected a file that holds the secret and nothing else",
        ),
        (
            {"MONITOR_SMTP__USERNAME": "u", "MONITOR_SMTP__PASSWORD": "p", "MONITOR_SMTP__PASSWORD_FILE": "/f"},
            "environment: MONITOR_SMTP__PASSWORD: is given twice, by itself and by password_file; "
            "expected one of the two",
        ),
    ],
)
def test_mistakes_in_the_environment_are_said_with_their_variable(tmp_path, environ, said):
    assert complaints(tmp_path, "", environ) == said


def test_everything_wrong_is_said_at_once(tmp_path):
    said = complaints(
        tmp_path, "[a]\n[log]\nlevel = 1\nformat = 2\n", {"MONITOR_LOG__LEVEL": "x", "MONITOR_ZEBRA__STRIPES": "x"}
    )
    assert [line.split(" ")[0] for line in said.splitlines()] == [
        "monitor.toml:1:",
        "monitor.toml:4:",
        "environment:",
        "environment:",
    ]


def test_variables_of_others_are_left_alone():
    kubernetes = ("MONITOR_PORT", "MONITOR_SERVICE_HOST", "MONITOR_SERVICE_PORT_HTTP", "MONITOR_PORT_8080_TCP_ADDR")
    others = (*kubernetes, "MONITOR_CONFIG_FILE", "MONITOR_SHARED", "MONITORING", "PATH")
    assert Settings.load(None, dict.fromkeys(others, "tcp://10.0.0.1:8080")) == Settings.load(None, {})


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml: there is no such file$"):
        Settings.load(tmp_path / "none.toml", {})
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        Settings.load(tmp_path, {})
    (tmp_path / "latin.toml").write_bytes('[log]\n# caf\xe9\nlevel = "info"\n'.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.toml:2: is not UTF-8 text"):
        Settings.load(tmp_path / "latin.toml", {})


LAYOUT = """\
# lines of many kinds
[a]
x = 1
list = [
  1, # ]
  2,
]
after = {y = 2}

[b]
c.d = 1
[e]
text = '''
[a]
last = 3
'''
last = 4
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 2),
        (("a", "x"), 3),
        (("a", "list"), 4),
        (("a", "list", 1), 4),
        (("a", "after", "y"), 8),
        (("b", "c", "d"), 11),
        (("e", "text"), 13),
        (("e", "last"), 17),
        (("a", "missing"), 2),
        (("missing",), None),
    ],
)
def test_lines_of_keys_are_found_in_any_layout(path, line):
    assert Document("f", LAYOUT).line_of(path) == line


def test_hourly_limits_may_differ_by_channel_and_recipient():
    delivery = Delivery(hourly_limit=50, hourly_limits=("chat:20", "email:desk@example.org:300", "chat:desk:0"))
    assert delivery.by_recipient(["chat", "email"]) == {
        "chat": 20,
        "email": 50,
        "email:desk@example.org": 300,
        "chat:desk": 0,
    }
    with pytest.raises(ConfigError, match="'pigeon' is no channel that has a limit; those are chat, email"):
        Delivery(hourly_limits=("pigeon:3",)).by_recipient(["email", "chat"])


@pytest.mark.parametrize("limit", ["chat", "chat:", "chat:many", ":20", "chat:-1", "chat: :3"])
def test_a_limit_says_whose_it_is_and_how_many(limit):
    with pytest.raises(ValueError, match="is no limit"):
        Delivery(hourly_limits=(limit,))


# ── what is written about the settings ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("section", "key", "field"), EVERY)
def test_every_setting_is_documented(section, key, field):
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert field.description
    assert f"| `{key}` | `{variable(section, key)}` |" in page.partition(f"### [{section}]")[2].partition("\n#")[0]


def test_the_shipped_file_is_sound_and_shows_every_default():
    path = ROOT / "config" / "monitor.toml"
    assert Settings.load(path, {}) == Settings.load(None, {})
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#:schema schemas/monitor.schema.json\n")
    commented = re.findall(r"^# ([a-z_]+) = (.+)$|^\[(.+)\]$", text, re.MULTILINE)
    section, found = "", {}
    for key, value, header in commented:
        section = header or section
        if key:
            found[section, key] = value
    wanted = {
        (section, key): field
        for section, key, field in (param.values for param in EVERY)
        if not only_outside_the_file(field)
    }
    assert found.keys() == wanted.keys()
    for place, field in wanted.items():
        if field.default is None:
            continue  # an example stands there
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        if isinstance(default, timedelta):
            default = show(default)
        assert json.loads(found[place]) == json.loads(json.dumps(default, default=str)), place


def test_the_schema_knows_each_setting_but_no_secret():
    definitions = schema()["definitions"]
    for section, key, field in (param.values for param in EVERY):
        properties = definitions[sections_of(Settings)[section].__name__]["properties"]
        assert (key in properties) == (not only_outside_the_file(field))
        if key in properties:
            assert properties[key]["description"] == field.description


def test_each_default_in_the_schema_may_be_written_into_the_file():
    definitions = schema()["definitions"]
    for section, key, field in (param.values for param in EVERY):
        properties = definitions[sections_of(Settings)[section].__name__]["properties"]
        if (default := properties.get(key, {}).get("default")) is not None:
            read = Settings(**{section: {key: default}})
            assert getattr(getattr(read, section), key) == field.default, (section, key)
