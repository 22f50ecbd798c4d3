"""Photograph the digests and alerts of tests/render for docs/pictures: Chromium, two widths, light and dark.

python scripts/write_pictures.py

Each picture is a piece of the page, small enough for a repository. Look at them after a change of the templates.
"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from monitor.render import Renderer  # noqa: E402 (the path has to be known first)
from tests.render import alerted, editions  # noqa: E402

LARGEST = 300_000  # bytes
SUBJECTS = {
    "day": lambda renderer, language: renderer.digest(editions.full_day(language), templates="email"),
    "notices": lambda renderer, language: renderer.digest(editions.noticed(language), templates="email"),
    "found": lambda renderer, language: renderer.alert(alerted.found(language), templates="email"),
    "edited": lambda renderer, language: renderer.alert(alerted.edited(language), templates="email"),
}
PICTURES = (  # name, what, language, width, mode, from where on, how much: pixels
    ("email-en-600-light", "day", "en", 600, "light", 0, 1_500),
    ("email-en-600-light-end", "day", "en", 600, "light", 2_980, 1_600),
    ("email-ru-600-dark", "day", "ru", 600, "dark", 0, 1_500),
    ("email-en-375-dark", "day", "en", 375, "dark", 0, 1_500),
    ("email-ru-375-light", "day", "ru", 375, "light", 0, 1_500),
    ("email-ru-375-light-end", "day", "ru", 375, "light", 3_780, 1_900),
    ("email-arabic-375-light", "day", "en", 375, "light", 2_330, 560),
    ("alert-en-600-light", "found", "en", 600, "light", 0, 1_220),
    ("alert-edited-en-375-dark", "edited", "en", 375, "dark", 0, 1_040),
    ("alert-edited-ru-375-light", "edited", "ru", 375, "light", 0, 1_060),
    ("notices-en-600-light", "notices", "en", 600, "light", 0, 1_130),
    ("notices-ru-375-dark", "notices", "ru", 375, "dark", 0, 1_540),
)


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("needs Chromium: apt-get install chromium")
    renderer = Renderer(shipped=ROOT / "templates", pages=True)
    target = ROOT / "docs" / "pictures"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, what, language, width, mode, start, height in PICTURES:
            content = SUBJECTS[what](renderer, language)
            page = Path(folder, "page.html")
            # A browser's window cannot be made as narrow as a telephone, a frame in it can.
            place = f"margin:-{start}px auto 0;width:{width}px;height:{start + height}px"
            page.write_text(
                '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
                "<style>body { margin: 0; background: #8a9097; } iframe { border: 0; display: block; }</style>"
                f'<iframe style="{place}" srcdoc="{html.escape(content.html)}"></iframe>',
                encoding="utf-8",
            )
            picture = target / f"{name}.png"
            command = [
                chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--hide-scrollbars",
                f"--blink-settings=preferredColorScheme={int(mode == 'light')}",
                f"--user-data-dir={folder}/profile", f"--window-size={max(width, 500)},{height}",
                f"--screenshot={picture}", page.as_uri(),
            ]  # fmt: skip
            subprocess.run(command, capture_output=True, timeout=90, check=True)
            size = picture.stat().st_size
            print(f"{picture.relative_to(ROOT)}: {size:,} bytes")
            if size > LARGEST:
                raise SystemExit(f"{picture.name} has more than {LARGEST:,} bytes; take a smaller piece of the page")


if __name__ == "__main__":
    main()
