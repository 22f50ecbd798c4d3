"""From a digest to what is sent: an email's subject, text and HTML, or a webhook's JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import css_inline
from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import SandboxedEnvironment

from monitor.core.alerting import Alert
from monitor.core.errors import ConfigError, Problem
from monitor.core.mail import UNSUBSCRIBE_HERE
from monitor.core.model import Content, Digest
from monitor.render import labels, native, plain
from monitor.render.alert import View as AlertView
from monitor.render.alert import payload as alert_payload
from monitor.render.alert import view as alert_view
from monitor.render.calendar import calendar
from monitor.render.edition import Edition, edition
from monitor.render.filters import FILTERS
from monitor.render.payload import payload
from monitor.render.shapes import EVERYTHING, HTML_LIMIT, Shape, alert_shapes, ever_smaller

LARGEST = 8_000_000
"""Characters that one of the operator's templates may give; the shipped ones stop by themselves."""

SUBJECT_LIMIT = 140  # characters; programs show 40 to 70
ANSWER_LIMIT = SUBJECT_LIMIT + len("Re: ")  # what answers a subject of that length keeps all of it: threads need that

_STYLE_SHEET = 10_000  # bytes, about; what inlining may take out
_INDENT = re.compile(r"\n\s+")
_BLANK_LINES = re.compile(r"\n{4,}")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


class Renderer:
    """Fills the templates of one installation.

    `shipped` is the folder with the product's templates, `overrides` are those with others': the first that has a file
    of a name is the one whose file is used. `title` names the service at the top of what it sends. `html_limit` is in
    bytes. With `pages` readers can reach the service, and bodies hold a link to unsubscribe.

    The sandbox keeps templates from reaching into Python, not from taking for ever: with `overrides` this belongs into
    a process that can be killed, see monitor.press.
    """

    def __init__(
        self,
        *,
        shipped: Path,
        overrides: Sequence[Path] = (),
        title: str = "Communiqué Monitor",
        html_limit: int = HTML_LIMIT,
        pages: bool = False,
    ) -> None:
        self._folders = (*overrides, shipped)
        self._largest = LARGEST if overrides else None
        self._title = title
        self._html_limit = html_limit
        self._unsubscribe = UNSUBSCRIBE_HERE if pages else ""
        # The sandbox keeps a template from reaching into Python. Undefined names are errors: a misspelt one would
        # otherwise leave a hole in every edition.
        self._environment = _Sandbox(
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
        """`digest` as an "email" (subject, text, HTML below the limit), a "webhook" (payload) or a "chat".

        A chat has text, HTML of a few tags, and as payload Markdown ("markdown") and lists of messages in the form of
        one service ("slack", …).

        Raises ConfigError, naming file and line, when a template or label file is at fault.
        """
        if templates == "webhook":
            return Content(subject=self._subject(digest), payload=payload(digest))
        if templates == "chat":
            return self._chat(digest)
        if templates != "email":
            raise ValueError(f"no templates named {templates!r}; there are 'email', 'webhook' and 'chat'")
        words = self._labels(digest)
        view = self._edition(digest, words)
        return Content(
            subject=_one_line(self._filled("email/subject.txt.j2", view, words, Shape())),
            text=_tidy(self._filled("email/digest.txt.j2", view, words, Shape(full=1_000_000))),
            html=self._html(view, words),
            calendar=calendar(digest.ahead, product=self._title, made_at=digest.compiled_at),
        )

    def _chat(self, digest: Digest) -> Content:
        words = self._labels(digest)
        view = self._edition(digest, words)
        subject = _one_line(self._filled("email/subject.txt.j2", view, words, Shape()))
        return self._for_chat(view, words, subject, forms="chat/digest.", families="chat/")

    def _for_chat(
        self, view: Edition | AlertView, words: labels.Labels, subject: str, *, forms: str, families: str
    ) -> Content:
        """In every form that chat services take; `forms` and `families` are how the names of the templates begin."""

        def filled(form: str) -> str:
            return _tidy(self._filled(f"{forms}{form}.j2", view, words, Shape()))

        def messages(family: str) -> list[dict[str, Any]]:
            name = f"{families}{family}.json.j2"
            given = plain.clean(self._filled(name, view, words, Shape()))
            return native.messages(family, self._file(name), given, subject=subject)

        own = {family: messages(family) for family in native.FAMILIES}
        return Content(
            subject=subject, text=filled("txt"), html=filled("html"), payload={"markdown": filled("md"), **own}
        )

    def edition_page(self, digest: Digest) -> str:
        """Everything that an edition holds on one page for a browser, however long that is."""
        words = self._labels(digest)
        view = replace(self._edition(replace(digest, page=""), words), unsubscribe="")
        return _INDENT.sub("\n", plain.clean(self._filled("email/digest.html.j2", view, words, EVERYTHING)))

    def page(self, name: str, *, language: str, **values: object) -> str:
        """A page of templates/web for a browser, with `values` in it."""
        words = labels.load(language, [folder / "email" for folder in self._folders])
        return plain.clean(self._made(f"web/{name}.html.j2", t=words, product=self._title, **values))

    def alert(self, alert: Alert, *, templates: str) -> Content:
        """`alert` as an "email", a "webhook" or a "chat", with the same parts as a digest.

        Raises ConfigError, naming file and line, when a template or label file is at fault.
        """
        rules = alert.watch.alerts
        words = labels.load(rules.language if rules else "en", [folder / "email" for folder in self._folders])
        view = alert_view(alert, product=self._title, untitled=words("untitled"), unsubscribe=self._unsubscribe)
        limit = ANSWER_LIMIT if view.followed else SUBJECT_LIMIT
        subject = _one_line(self._filled("email/alert-subject.txt.j2", view, words, Shape()), limit=limit)
        if templates == "webhook":
            return Content(subject=subject, payload=alert_payload(alert))
        if templates == "chat":
            return self._for_chat(view, words, subject, forms="chat/alert.", families="chat/alert-")
        if templates != "email":
            raise ValueError(f"no templates named {templates!r}; there are 'email', 'webhook' and 'chat'")
        return Content(
            subject=subject,
            text=_tidy(self._filled("email/alert.txt.j2", view, words, Shape())),
            html=self._largest_fitting("email/alert.html.j2", view, words, alert_shapes(view.most)),
        )

    def _subject(self, digest: Digest) -> str:
        words = self._labels(digest)
        return _one_line(self._filled("email/subject.txt.j2", self._edition(digest, words), words, Shape()))

    def _labels(self, digest: Digest) -> labels.Labels:
        words = labels.load(digest.subscription.language, [folder / "email" for folder in self._folders])
        # What facets of the operator's own are called, for headings and charts.
        own = {f"section_{key[:-1]}": name for key, name in digest.labels.items() if key.endswith(":")}
        return replace(words, words={**own, **words.words})

    def _edition(self, digest: Digest, words: labels.Labels) -> Edition:
        return edition(
            digest,
            product=self._title,
            none_label=words("none_label"),
            untitled=words("untitled"),
            unsubscribe=self._unsubscribe,
        )

    def _html(self, view: Edition, words: labels.Labels) -> str:
        return self._largest_fitting("email/digest.html.j2", view, words, ever_smaller(view))

    def _largest_fitting(
        self, name: str, view: Edition | AlertView, words: labels.Labels, shapes: Sequence[Shape]
    ) -> str:
        """The largest page below the limit: nearly always the first, else halving finds it in a few tries."""
        best, low, high, attempt = None, 0, len(shapes), 0
        while low < high:
            html = self._inlined(name, view, words, shapes[attempt])
            if html is None:
                low = attempt + 1
            else:
                best, high = html, attempt
            attempt = (low + high) // 2
        if best is None:
            raise ConfigError(
                f"{name} gives more than {self._html_limit} bytes even for one story: "
                "an overridden template, or its style sheet, is too long for mail programs"
            )
        return best

    def _inlined(self, name: str, view: Edition | AlertView, words: labels.Labels, shape: Shape) -> str | None:
        bare = _INDENT.sub("\n", plain.clean(self._filled(name, view, words, shape)))
        if len(bare.encode()) > self._html_limit + _STYLE_SHEET:
            return None  # inlining adds to the body far more than it takes out of the style sheet
        html = self._inliner.inline(bare)
        return html if len(html.encode()) <= self._html_limit else None

    def _filled(self, name: str, view: Edition | AlertView, words: labels.Labels, shape: Shape) -> str:
        return self._made(name, edition=view, t=words, shape=shape)

    def _made(self, name: str, **values: object) -> str:
        """What a template gives with these values; whatever it does wrong is a ConfigError with file and line."""
        try:
            template = self._environment.get_template(name)
            return "".join(self._within(template.generate(**values), file=template.filename or name))
        except TemplateNotFound as error:
            places = ", ".join(map(str, self._folders))
            raise ConfigError(f"the template {error.name} is in none of {places}") from error
        except ConfigError as error:  # of a label, which does not know who asked for it
            asked = _place(self._problem(name, error))
            found = [replace(each, message=f"{each.message} ({asked})") for each in error.problems]
            raise ConfigError(found or str(error)) from error
        except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ConfigError([self._problem(name, error)]) from error

    def _file(self, name: str) -> str:
        """Where the template of this name is."""
        return str(next((path for folder in self._folders if (path := folder / name).is_file()), name))

    def _within(self, pieces: Iterable[str], *, file: str) -> Iterator[str]:
        """The pieces that a template gives, as long as they are not too many."""
        length = 0
        for piece in pieces:
            length += len(piece)
            if self._largest is not None and length > self._largest:
                said = f"this template gives more than {self._largest:,} characters"
                raise ConfigError([Problem(file=file, line=None, path="", message=said)])
            yield piece

    @staticmethod
    def _problem(name: str, error: Exception) -> Problem:
        line = getattr(error, "lineno", None)
        file = getattr(error, "filename", None) or name
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.endswith(".j2"):
                file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
            trace = trace.tb_next
        return Problem(file=file, line=line, path="", message=f"this template cannot be filled: {error}")


class _Sandbox(SandboxedEnvironment):
    """Values without a way out: labels remember the files they came from, and a path can read and write."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may see an attribute."""
        if isinstance(obj, PurePath) or isinstance(value, PurePath):
            return False
        if isinstance(obj, labels.Labels):
            return attr == "language"
        return super().is_safe_attribute(obj, attr, value)


def _place(problem: Problem) -> str:
    return f"asked for in {problem.file}" + (f", line {problem.line}" if problem.line is not None else "")


def _escapes(name: str | None) -> bool:
    return name is None or not name.endswith((".txt.j2", ".md.j2", ".json.j2"))


def _one_line(text: str, *, limit: int = SUBJECT_LIMIT) -> str:
    line = " ".join(plain.clean(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n\n\n", _TRAILING.sub("", plain.clean(text))).strip() + "\n"
