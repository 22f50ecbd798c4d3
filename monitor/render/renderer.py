"""From a digest to what is sent: an email's subject, text and HTML, or a webhook's JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import css_inline
from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import SandboxedEnvironment

from monitor.core.alerting import Alert
from monitor.core.errors import ConfigError, Problem
from monitor.core.model import Content, Digest, Facet
from monitor.render import labels, plain
from monitor.render.alert import View as AlertView
from monitor.render.alert import payload as alert_payload
from monitor.render.alert import view as alert_view
from monitor.render.edition import Edition, edition
from monitor.render.filters import FILTERS
from monitor.render.payload import payload
from monitor.render.shapes import HTML_LIMIT, Shape, ever_smaller

SUBJECT_LIMIT = 140  # characters; programs show 40 to 70

_STYLE_SHEET = 10_000  # bytes, about; what inlining may take out
_INDENT = re.compile(r"\n\s+")
_BLANK_LINES = re.compile(r"\n{4,}")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


class Renderer:
    """Fills the templates of one installation.

    `shipped` is the folder with the product's templates, `override` one with the operator's own: a file of the same
    name there is used instead. `title` names the service at the top of what it sends. `html_limit` is in bytes.
    """

    def __init__(
        self,
        *,
        shipped: Path,
        override: Path | None = None,
        title: str = "Communiqué Monitor",
        html_limit: int = HTML_LIMIT,
    ) -> None:
        self._folders = (*((override,) if override else ()), shipped)
        self._title = title
        self._html_limit = html_limit
        # The sandbox keeps a template from reaching into Python. Undefined names are errors: a misspelt one would
        # otherwise leave a hole in every edition.
        self._environment = SandboxedEnvironment(
            loader=FileSystemLoader(self._folders),
            autoescape=_escapes,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )
        self._environment.filters.update(FILTERS)
        # At-rules (dark mode, narrow screens) cannot be inlined and stay in the head; nothing is ever fetched.
        self._inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

    def digest(self, digest: Digest, *, templates: str) -> Content:
        """`digest` as an "email" (subject, text, HTML below the limit) or a "webhook" (payload).

        Raises ConfigError, naming file and line, when a template or label file is at fault.
        """
        if templates == "webhook":
            return Content(subject=self._subject(digest), payload=payload(digest))
        if templates != "email":
            raise ValueError(f"no templates named {templates!r}; there are 'email' and 'webhook'")
        words = self._labels(digest)
        view = self._edition(digest, words)
        return Content(
            subject=_one_line(self._filled("email/subject.txt.j2", view, words, Shape())),
            text=_tidy(self._filled("email/digest.txt.j2", view, words, Shape(full=1_000_000))),
            html=self._html(view, words),
        )

    def alert(self, alert: Alert, *, templates: str) -> Content:
        """`alert` as an "email" (subject, text, HTML) or a "webhook" (payload).

        Raises ConfigError, naming file and line, when a template or label file is at fault.
        """
        rules = alert.watch.alerts
        words = labels.load(rules.language if rules else "en", [folder / "email" for folder in self._folders])
        view = alert_view(alert, product=self._title, untitled=words("untitled"))
        subject = _one_line(self._filled("email/alert-subject.txt.j2", view, words, Shape()))
        if templates == "webhook":
            return Content(subject=subject, payload=alert_payload(alert))
        if templates != "email":
            raise ValueError(f"no templates named {templates!r}; there are 'email' and 'webhook'")
        bare = plain.clean(self._filled("email/alert.html.j2", view, words, Shape()))
        return Content(
            subject=subject,
            text=_tidy(self._filled("email/alert.txt.j2", view, words, Shape())),
            html=self._inliner.inline(_INDENT.sub("\n", bare)),
        )

    def _subject(self, digest: Digest) -> str:
        words = self._labels(digest)
        return _one_line(self._filled("email/subject.txt.j2", self._edition(digest, words), words, Shape()))

    def _labels(self, digest: Digest) -> labels.Labels:
        words = labels.load(digest.subscription.language, [folder / "email" for folder in self._folders])
        facet = digest.subscription.grouping
        if not isinstance(facet, Facet):
            return words
        own = {f"section_{facet}": digest.labels.get(f"{facet}:") or str(facet).capitalize()}
        return replace(words, words={**own, **words.words})

    def _edition(self, digest: Digest, words: labels.Labels) -> Edition:
        return edition(digest, product=self._title, none_label=words("none_label"), untitled=words("untitled"))

    def _html(self, view: Edition, words: labels.Labels) -> str:
        """The largest page below the limit: nearly always the first, else halving finds it in a few tries."""
        shapes = ever_smaller(view)
        best, low, high, attempt = None, 0, len(shapes), 0
        while low < high:
            html = self._inlined(view, words, shapes[attempt])
            if html is None:
                low = attempt + 1
            else:
                best, high = html, attempt
            attempt = (low + high) // 2
        if best is None:
            raise ConfigError(
                f"email/digest.html.j2 gives more than {self._html_limit} bytes even for one story: "
                "an overridden template, or its style sheet, is too long for mail programs"
            )
        return best

    def _inlined(self, view: Edition, words: labels.Labels, shape: Shape) -> str | None:
        bare = _INDENT.sub("\n", plain.clean(self._filled("email/digest.html.j2", view, words, shape)))
        if len(bare.encode()) > self._html_limit + _STYLE_SHEET:
            return None  # inlining adds to the body far more than it takes out of the style sheet
        html = self._inliner.inline(bare)
        return html if len(html.encode()) <= self._html_limit else None

    def _filled(self, name: str, view: Edition | AlertView, words: labels.Labels, shape: Shape) -> str:
        try:
            return self._environment.get_template(name).render(edition=view, t=words, shape=shape)
        except TemplateNotFound as error:
            places = ", ".join(map(str, self._folders))
            raise ConfigError(f"the template {error.name} is in none of {places}") from error
        except TemplateError as error:
            raise ConfigError([self._problem(name, error)]) from error

    @staticmethod
    def _problem(name: str, error: TemplateError) -> Problem:
        line = getattr(error, "lineno", None)
        file = getattr(error, "filename", None) or name
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.endswith(".j2"):
                file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
            trace = trace.tb_next
        return Problem(file=file, line=line, path="", message=f"this template cannot be filled: {error}")


def _escapes(name: str | None) -> bool:
    return name is None or not name.endswith(".txt.j2")


def _one_line(text: str) -> str:
    line = " ".join(plain.clean(text).split())
    return line if len(line) <= SUBJECT_LIMIT else line[: SUBJECT_LIMIT - 1].rstrip() + "…"


def _tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n\n\n", _TRAILING.sub("", plain.clean(text))).strip() + "\n"
