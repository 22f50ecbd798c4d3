"""The email as a browser lays it out: nothing sticks out, at the width of a desk or of a telephone, light and dark."""

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.model import Digest, Section
from monitor.render import Renderer
from tests.render import alerted, editions

TEMPLATES = Path(__file__).parents[1] / "templates"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (600, 375)
SHEET = {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 27, 32)"}


def unbreakable() -> Digest:
    """Words wider than a telephone wherever a source or an operator may write one."""
    word = "Donaudampfschifffahrtsgesellschaft" * 5
    full = editions.full_day()
    (item, *_), failing = full.sections[0].items, full.coverage.failing[0]
    post = replace(item.lead.post, title=word, text=f"{word} {word}")
    lead = replace(item.lead, post=post, source=replace(item.lead.source, title=word))
    item = replace(item, lead=lead, others=(replace(item.others[0], source_title=word),))
    return replace(
        full,
        subscription=replace(full.subscription, title=word),
        sections=(Section(kind="region", slug="x", label=word, items=(item,) * 12), full.sections[-1]),
        coverage=replace(full.coverage, failing=(replace(failing, title=word, error=f"https://{word}.example"),)),
        labels={"country:tr": word},
    )


EDITIONS = {
    "full": editions.full_day(),
    "full-ru": editions.full_day("ru"),
    "quiet": editions.quiet_day(),
    "long": editions.long_day(60, sections=3),
    "unbreakable": unbreakable(),
    "notices": editions.noticed("ru"),
}
ALERTS = {
    "found": alerted.found(),
    "edited": alerted.edited("ru"),
    "spike": alerted.spike(),
    "silence": alerted.silence("ru"),
    "many": alerted.many(60),
}
# Each email lies in a frame of its own: a browser's window cannot be made as narrow as a telephone, a frame can.
MEASURE = """
addEventListener("load", () => {
  const results = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, width = frame.contentWindow.innerWidth;
    const outside = [...page.querySelectorAll("body *")].filter(e => {
      const box = e.getBoundingClientRect();
      return box.width && (box.right > width + 0.5 || box.left < -0.5);
    }).map(e => e.outerHTML.slice(0, 120));
    return {name: frame.name, width, scroll: page.documentElement.scrollWidth, outside,
            height: page.documentElement.scrollHeight,
            sheet: frame.contentWindow.getComputedStyle(page.querySelector(".sheet")).backgroundColor};
  });
  document.querySelector("#results").textContent = JSON.stringify(results);
});
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def pages():
    renderer = Renderer(shipped=TEMPLATES)
    digests = {name: renderer.digest(digest, templates="email").html for name, digest in EDITIONS.items()}
    return digests | {name: renderer.alert(alert, templates="email").html for name, alert in ALERTS.items()}


def chromium(page: Path, *arguments: str, mode: str) -> str:
    """What Chromium prints for `page`; it is ended with its profile removed."""
    profile = page.parent / "profile"
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        "--hide-scrollbars", f"--blink-settings=preferredColorScheme={int(mode == 'light')}",
        f"--user-data-dir={profile}", *arguments, page.as_uri(),
    ]  # fmt: skip
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    finally:
        shutil.rmtree(profile, ignore_errors=True)


def framed(name: str, page: str, *, width: int, height: int) -> str:
    style = f"border:0;display:block;width:{width}px;height:{height}px"
    return f'<iframe name="{name}-{width}" style="{style}" srcdoc="{html.escape(page)}"></iframe>'


def document(*frames: str, script: str = "") -> str:
    return (
        '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f'<body style="margin:0">{"".join(frames)}<pre id="results"></pre><script>{script}</script>'
    )


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_nothing_sticks_out_and_the_mode_is_followed(pages, tmp_path, mode):
    page = tmp_path / "measure.html"
    frames = [framed(name, each, width=width, height=800) for name, each in pages.items() for width in WIDTHS]
    page.write_text(document(*frames, script=MEASURE), "utf-8")
    printed = chromium(page, "--window-size=800,900", "--dump-dom", mode=mode)
    shown = re.search(r'<pre id="results">(.+?)</pre>', printed, re.DOTALL)
    assert shown is not None, printed[:500]
    results = json.loads(html.unescape(shown[1]))
    assert {result["name"] for result in results} == {f"{name}-{width}" for name in pages for width in WIDTHS}
    for result in results:
        assert result["width"] == int(result["name"].rpartition("-")[2])
        assert result["scroll"] <= result["width"], result
        assert result["outside"] == [], result
        assert result["height"] > 300, result
        assert result["sheet"] == SHEET[mode], result


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pictures_to_look_at(pages, tmp_path, width, mode):
    page, picture = tmp_path / "page.html", tmp_path / f"email-{width}-{mode}.png"
    page.write_text(document(framed("full", pages["full"], width=width, height=2600)), "utf-8")
    chromium(page, f"--window-size={max(width, 500)},2600", f"--screenshot={picture}", mode=mode)
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 50_000  # an empty page is a few thousand bytes
    print(f"picture: {picture}")
