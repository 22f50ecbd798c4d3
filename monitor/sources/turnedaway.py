"""Pages sent instead of what was asked for: errors, log-ins, maintenance, checks whether the reader is human."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from monitor.sources.markup import text_of

_ERROR = re.compile(
    r"^(?:http\s*)?(?:error\s*)?(?:4\d\d|50\d)\b(?!\s*(?:th|st|nd|rd|\d|million|people))|"
    r"\b(?:page|file|document) (?:was )?not found|^not found|^forbidden|access (?:is )?denied|"
    r"(?:internal )?server error|service (?:temporarily )?unavailable|bad gateway|"
    r"page (?:introuvable|non trouvée)|accès (?:refusé|interdit)|seite (?:wurde )?nicht gefunden|zugriff verweigert|"
    r"página no encontrada|acceso denegado|página não encontrada|pagina non trovata|страница не найдена|"
    r"доступ (?:запрещ[её]н|ограничен)|ページが見つかりません|お探しのページ|页面不存在|找不到|페이지를 찾을 수|"
    r"الصفحة غير موجودة|sayfa bulunamadı",
    re.IGNORECASE,
)
_CHECK = re.compile(
    r"^just a moment|attention required|are you (?:a )?(?:human|robot)|verify (?:that )?you are human|captcha|"
    r"ddos[- ]?protection|checking your browser|security check|^robot check|проверка браузера",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"^(?:please )?(?:log|sign)[ -]?in\b|^login\b|^authentication|^вход\b|^авторизация|^connexion$|^anmeld(?:en|ung)\b|"
    r"^iniciar sesión|^ログイン|^登录|captive portal|wi-?fi (?:login|access|portal)|accept (?:the )?terms",
    re.IGNORECASE,
)
# These are also what news is about ("reactor down for maintenance"), so that they must be all that a name says.
_CLOSED = re.compile(
    r"we(?:['’]?ll| will) be (?:right )?back(?: soon| shortly)?|(?:be )?back soon|maintenance(?: mode)?|"
    r"(?:(?:this |our |the )?(?:web ?)?(?:site|page) (?:is )?)?(?:currently |temporarily )?"
    r"(?:(?:under|down for|closed for|undergoing) (?:scheduled )?maintenance|offline|unavailable)|"
    r"(?:на сайте )?(?:ведутся |проводятся )?технические работы|сайт (?:временно )?(?:недоступен|не работает)|"
    r"(?:le |notre )?(?:site )?(?:est )?(?:actuellement )?en (?:cours de )?maintenance|maintenance en cours|"
    r"(?:sitio |página |web )?en mantenimiento|(?:site |página )?em manutenção|(?:sito )?in manutenzione|"
    r"wartungs(?:arbeiten|modus)|(?:die )?(?:web)?seite (?:wird|ist) (?:gerade )?(?:gewartet|in wartung)|"
    r"(?:ただいま|現在)?(?:システム|サイト)?メンテナンス中(?:です)?|(?:网站|系统|網站|系統)?(?:正在)?(?:维护|維護)中?|"
    r"(?:사이트 |시스템 )?점검 ?중(?:입니다)?|(?:site(?:miz)? )?bakım(?:da|dadır| çalışması)|"
    r"الموقع (?:قيد|تحت) الصيانة",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"before you continue(?: to .{1,40})?|(?:cookie|privacy) consent|we value your privacy|bevor sie fortfahren"
    r"|avant de continuer|antes de continuar",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\s+[|–—·-]\s+|[:.!…]+(?:\s+|$)")


def turned_away(page: LexborHTMLParser) -> str | None:
    """Why a page is not what was asked for, as the end of a sentence; None for a page that looks like one.

    Judged by what it calls itself: its <title> and its first <h1>.
    """
    for named in (text_of(page.css_first("title"))[:200], text_of(page.css_first("h1"))[:200]):
        for pattern, reason in (
            (_ERROR, "an error message"),
            (_CHECK, "a check for robots"),
            (_LOGIN, "a log-in page"),
        ):
            if named and pattern.search(named):
                return f'it is {reason} titled "{named[:80]}"'
        parts = [part.strip() for part in _PARTS.split(named)]
        for pattern, reason in ((_CLOSED, "a notice of maintenance"), (_CONSENT, "a question for consent")):
            if any(pattern.fullmatch(part) for part in parts):
                return f'it is {reason} titled "{named[:80]}"'
    return None


def turned_away_by(markup: str) -> str | None:
    """Likewise, of markup that is not parsed yet."""
    return turned_away(LexborHTMLParser(markup))
