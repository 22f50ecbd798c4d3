"""What the words beside a place's name tell about it: a person's name, a company, a treaty, a language.

These are habits of languages, as inflection is; what concerns one name alone stands in the taxonomy as its condition or
decoy. Everything is compared folded.
"""

from __future__ import annotations

import re

from monitor.core.forms import Form
from monitor.core.inflection import forms
from monitor.core.text import fold, is_boundary


def means_something_else(form: Form, text: str, span: tuple[int, int], written: str, where: tuple[int, int]) -> bool:
    """Whether the place named at `span` of a folded text is but a part of what is meant there.

    `written` is the text as it is written, where the name stands at `where`.
    """
    start, end = span
    _, rule, language, _, _, _ = form
    if language == "zh":
        return bool(
            _NAMED_AFTER_ZH.match(text, end)
            or (rule == "city" and _TREATY_AFTER.match(text, end))
            or (text[start] == "中" and start and text[start - 1] in "其集" and text[start + 1] not in "国國")
        )  # 其中东部 is the east of them, not the Middle East
    before = text[start - 1] if start else "\n"
    word = ""
    if before == " ":
        word = _word_before(text, start)
    elif before in _OPENING and text[end : end + 1] in _CLOSING:
        return True  # a club, a ship, a film
    elif language == "ar" and before in "لاوفبك":  # what is glued to a word is no word before it
        start = text.rfind(" ", 0, start) + 1
        word = _word_before(text, start) if start and text[start - 1] == " " else ""
    begin, stop = where
    if (word in GIVEN_NAMES and not (language == "ar" and rule == "name")) and not written[begin].islower():
        return True
    if written[stop + 1 : stop + 2].isupper() and _NAMED_AFTER.match(text, end) and not written[begin].islower():
        return True
    if rule == "demonym":
        return _is_language(text, end, language, word)
    if text[end : end + 2] == ", " and form.entry.slug not in _WITH_STATES:
        state = _IN_A_STATE.match(text, end + 2)
        after = stop + state.end() - end if state else 0  # "Syria, Virginia Woolf" is a list
        if state and not (written[after : after + 1] == " " and written[after + 1 : after + 2].isupper()):
            return True
    if rule != "city":
        return False
    if (word in _OF or language == "ar") and _TREATY_BEFORE.search(text, max(0, start - 30), start):
        return True
    return text[end : end + 1] == " " and _TREATY_AFTER.match(text, end) is not None


_OPENING, _CLOSING = frozenset('«"“„'), frozenset('»"”“')
_OF = frozenset({"de", "of"})


def _word_before(text: str, start: int) -> str:
    """The word that a space divides from what begins at `start`, without what opens a quotation or a paragraph."""
    word = text[text.rfind(" ", 0, start - 1) + 1 : start - 1]
    return word if word[:1].isalpha() and "\n" not in word else word[word.rfind("\n") + 1 :].lstrip(_BEFORE_WORDS)


_BEFORE_WORDS = "«\"“„'([{-*•"


# ── companies, clubs, newspapers ───────────────────────────────────────────────────────────────────────────

_NAMED_AFTER = re.compile(
    r" (?:air ?lines?|airways|times|post|herald|tribune|gazette|telegraph|chronicle|inquirer|daily|globe"
    r"|petroleum|motors|united|rovers|wanderers|hotspur|albion|fc|afc|cf|saint-germain"
    r"|yankees|mets|knicks|lakers|dodgers|celtics|cowboys|steelers|packers|canucks|raiders|red sox|white sox|blue jays"
    r"|cubs|braves|astros|phillies|padres|mariners|orioles|brewers|seahawks|ravens|broncos|bengals|bruins|canadiens"
    r"|maple leafs|oilers|timberwolves|raptors|nuggets|pistons|pacers|mavericks|super kings|knight riders)\b"
)

# 报 alone also begins the word for a report, as 汇报 does: they end a newspaper's name where its quotation ends.
_PAPERS_ZH = "时报|時報|邮报|郵報|日报|日報|晚报|晚報|周报|週報|论坛报|論壇報|先驱报|先驅報|纪事报|紀事報|电讯报|電訊報"
_NAMED_AFTER_ZH = re.compile(f"{_PAPERS_ZH}|(?:报|報|汇报|匯報)》")

# ── treaties that are named after the city where they were made ────────────────────────────────────────────

_TREATY_AFTER = re.compile(
    r" (?:(?:climate|peace|nuclear) )?(?:agreements?|accords?|conventions?|protocols?|treaty|treaties|statute"
    r"|memorandum|final act)\b"
    r"| (?:соглашени[еяюйм]|договоренност[ьией]|конвенци|протокол|меморандум|статут|договор[аоуые]?м?\b)"
    r"|(?:气候)?(?:协定|協定|协议|協議|公约|公約|议定书|議定書|条约|條約|规约|規約)"
)
_TREATY_BEFORE = re.compile(
    r"(?:\b(?:accords?|conventions?|protocole|traite|statut|acuerdos?|convenios?|protocolo|tratado|estatuto"
    r"|convencion|agreements?|treaty|statute|protocol) (?:de |of )"
    r"|\b(?:و|ب|ل)?(?:ال)?(?:اتفاق|اتفاقيه|اتفاقات|معاهده|بروتوكول|نظام) )$"
)

# ── towns that are named after others: "Lebanon, Pennsylvania", "Cairo, Ill." ──────────────────────────────

_WITH_STATES = frozenset({"us", "ca"})
_IN_A_STATE = re.compile(
    r"(?:alabama|alaska|arizona|arkansas|california|colorado|connecticut|delaware|florida|hawaii|idaho|illinois|indiana"
    r"|iowa|kansas|kentucky|louisiana|maine|maryland|massachusetts|michigan|minnesota|mississippi|missouri|montana"
    r"|nebraska|nevada|new (?:hampshire|jersey|mexico)|north (?:carolina|dakota)|ohio|oklahoma|oregon|pennsylvania"
    r"|rhode island|south (?:carolina|dakota)|tennessee|texas|utah|vermont|virginia|west virginia|wisconsin|wyoming"
    r"|alberta|british columbia|manitoba|new brunswick|newfoundland|nova scotia|ontario|quebec|saskatchewan"
    r"|(?:ala|ariz|ark|calif|colo|conn|fla|ill|ind|kan|ky|mass|md|mich|minn|mo|neb|n\.h|n\.j|n\.m|n\.c|okla|ont|ore"
    r"|pa|r\.i|s\.c|tenn|va|vt|wis)\.)"
    r"(?!,? (?:and|or|et|y) )(?!, [\w ]+(?:,|,? and|,? or) )(?!\w)"
)
"""A state of the United States or a province of Canada after a comma, unless it is one of a list of places."""

# ── languages ──────────────────────────────────────────────────────────────────────────────────────────────

_LANGUAGE_AFTER = {
    "ru": re.compile(r"(?:(?:,| и| или| ни) ?[а-я-]+(?:ий|ого|ому|им|ом|их|ими))* язык(?!ов)|оязычн"),
    "en": re.compile(
        r"(?:(?:,| and| or) [a-z]+)* languages?\b"
        r"|[ -](?:speaking|speakers?|translations?|versions?|subtitles?|lessons?|alphabet|grammar)\b"
    ),
}
_LANGUAGE_BEFORE = {
    "en": frozenset({"in", "into", "speak", "speaks", "spoke", "speaking", "learn", "learning"}),
    "fr": frozenset({"en", "parle", "parlent", "parler"}),
    "es": frozenset({"en", "habla", "hablan", "hablar"}),
}
_SAYS_LANGUAGE = {
    "fr": ("langue",),
    "es": ("idioma", "lengua"),
    "ru": ("владе", "знани", "знать", "знает", "изуча", "преподава"),
    "ar": ("لغه", "اللغه", "باللغه", "واللغه", "للغه", "لغتين", "اللغتين"),
}
_SPEAKS_AND = re.compile(
    r"\b(?:speaks?|spoke|speaking|fluent in|translated into) (?:[a-z]+, )*[a-z]+,? (?:and|or) [a-z]+$"
)
_ENDS_THERE = re.compile(r"\s*(?:[.,;:!?)”»]|$)")


def _is_language(text: str, end: int, language: str | None, before: str) -> bool:
    """Whether a demonym that ends at `end`, after the word `before`, names a language and not a people."""
    after = _LANGUAGE_AFTER.get(language or "")
    if after is not None and after.match(text, end):
        return True
    if not before:
        return False
    if before in ("and", "or") and _SPEAKS_AND.search(text, max(0, end - 80), end) and _ENDS_THERE.match(text, end):
        return True
    if before.startswith(_SAYS_LANGUAGE.get(language or "", ())):
        return True
    # "in French." is the language, "in French towns" is not.
    return before in _LANGUAGE_BEFORE.get(language or "", ()) and _ENDS_THERE.match(text, end) is not None


# ── Chinese names of two characters within longer foreign ones ─────────────────────────────────────────────

_SOUNDS = frozenset(
    "阿埃艾爱安奥巴班鲍贝本比彼别波伯博布查茨达戴丹道德登迪蒂丁杜多顿恩尔法凡菲费芬佛弗夫福盖冈戈格根贡古瓜哈海汉豪"
    "赫亨胡霍基吉加迦贾杰捷金卡坎康考科克肯库奎坤拉莱兰朗劳勒雷里利立丽莉连列林刘卢鲁路伦罗洛马玛迈曼梅门蒙米密明摩"
    "莫姆穆纳娜南内尼涅宁纽努诺欧帕潘佩彭皮平珀普奇乔切琴丘让热日茹瑞若萨塞桑瑟森沙尚舍什圣施史士舒丝司斯松苏索塔泰"
    "坦汤唐特滕提廷通图托瓦万威韦维温文翁沃乌伍西希锡夏香肖谢辛休修许雅亚扬耶叶伊因英尤约扎詹珍朱兹佐愛奧貝畢達鄧爾"
    "費馮蓋岡貢漢賈傑萊蘭勞裡麗連盧魯倫羅瑪邁門蒙納內諾歐賓喬讓薩聖絲蘇湯圖瓦萬韋維溫烏錫許亞葉約詹斯"
)


def sounds_on(text: str, start: int, end: int) -> bool:
    """Whether a Chinese name of two characters that only spell sounds stands within more such characters."""
    if end - start != 2 or text[start] not in _SOUNDS or text[start + 1] not in _SOUNDS:
        return False
    before = start > 0 and text[start - 1] in _SOUNDS
    after = end < len(text) and text[end] in _SOUNDS
    return before and (after or (start > 1 and text[start - 2] in _SOUNDS))


# ── first names ────────────────────────────────────────────────────────────────────────────────────────────

_LATIN = """
Aaron Abdul Abdullah Abu Adam Adrian Ahmed Alan Alastair Albert Alejandro Alessandro Alex Alexander Alexandra Alexei
Alfred Ali Alice Alison Allison Amanda Amy Ana Anatoly Andrea Andreas Andrei Andrés Andrew Andy Angela Anna Anne Anthony
Antoine Antonio António Antony Arnold Arthur Ashley Barack Barbara Barry Ben Benjamin Bernard Bernie Beth Bill Bob Boris
Brad Brandon Brendan Brent Brett Brian Bruce Bryan Camille Carl Carla Carlos Carmen Caroline Catherine Cesar César
Charles Charlie Chris Christian Christine Christopher Claire Claude Claudia Colin Cristina Damian Daniel Danny Darren
Dave David Dean Debbie Deborah Denis Dennis Derek Diego Dmitry Dominique Donald Doug Douglas Eddie Edgar Eduardo Edward
Eleanor Elena Elizabeth Ellen Emilio Emily Emma Emmanuel Enrique Eric Erik Erin Ernest Ethan Eva Evan Evgeny Felipe
Fernando Frances Francesca Francesco Francis Francisco Franck François Frank Franz Fred Frederick Gabriel Gary Gavin
Geoff George Georges Gerald Gerard Gérard Giorgio Giovanni Giuseppe Glenn Gordon Graham Greg Gregory Guillaume Guy
Hannah Hans Harold Harriet Harry Hassan Helen Helmut Henri Henry Herbert Hillary Hugh Hugo Hussein Ian Ibrahim Igor
Indiana Irene Irina Isabel Isabelle Ivan Jack Jackie Jacob Jacques Jaime Jake James Jamie Jan Jane Janet Jason Javier
Jay Jean Jeff Jeffrey Jennifer Jeremy Jerry Jesse Jessica Jill Jim Jimmy Joan Joanna Joanne João Joe Joel John Johnny
Jon Jonathan Jorge José Joseph Josh Joshua Juan Judith Julia Julian Julie Julien Justin Karen Karl Kate Katherine
Kathleen Kathy Katie Keith Kelly Ken Kenneth Kevin Khalid Kim Kristen Kurt Kyle Larry Laura Lauren Laurent Lawrence Lee
Leo Leon Leonard Leonardo Leslie Lewis Liam Linda Lindsay Lisa Liz Lorenzo Louis Louise Luc Lucas Lucy Luigi Luis Luke
Manuel Marc Marcel Marco Marcos Marcus Margaret Maria María Marie Mario Marion Mark Marta Martin Martine Mary Matt
Matteo Matthew Maurice Max Maxim Megan Melissa Michael Michel Michelle Miguel Mike Mikhail Mitch Mohamed Mohammad
Mohammed Molly Monica Muhammad Nancy Natalia Natalie Natasha Nathan Neil Nelson Nicholas Nick Nicola Nicolas Nicole
Nigel Nikolai Noah Nora Norman Oleg Olga Oliver Olivia Olivier Omar Oscar Pablo Pamela Patricia Patrick Paul Paula Pavel
Pedro Peggy Peter Phil Philip Philippe Pierre Rachel Rafael Ralph Randy Raúl Ray Raymond Rebecca Reina René Ricardo
Richard Rick Rob Robert Roberto Robin Rodney Rodrigo Roger Roland Ron Ronald Rosa Rose Roy Russell Ruth Ryan Sally Sam
Samantha Samuel Sandra Sara Sarah Scott Sean Sebastian Serge Sergei Sergey Sergio Shannon Sharon Shaun Sheila Silvia
Simon Simone Sophie Stanislav Stanley Stefan Stella Stephan Stephen Steve Steven Stuart Susan Svetlana Sylvie Tatiana
Ted Teresa Terry Theodore Theresa Thierry Thomas Tim Timothy Todd Tom Tommy Tony Tracy Trevor Ursula Valentina Valery
Vanessa Vera Vicente Victor Vince Vincent Vitaly Vladimir Walter Wayne Wendy Werner William Willie Wolfgang Woody Yasser
Yuri Yusuf Yves Zoe
"""
_CYRILLIC = """
Александр Александра Алексей Алла Алёна Альберт Арнольд Анастасия Анатолий Ангела Андрей Анна Антон Антонио
Аркадий Арсений Артём Артур Богдан Борис Вадим Валентин Валентина Валерий Василий Вера Виктор Виталий Владимир
Владислав Всеволод Вячеслав Галина Геннадий Георгий Герман Глеб Григорий Даниил Дарья Денис Джеймс Джек Джо Джон
Джордж Дмитрий Дэвид Евгений Евгения Егор Екатерина Елена Елизавета Иван Игорь Илья Ирина Карл Кирилл Константин
Кристина Ксения Лариса Лев Леонид Лидия Любовь Людмила Майкл Максим Маргарита Марина Мария Марк Мартин Матвей
Михаил Мохаммед Надежда Наталия Наталья Никита Николай Олег Ольга Павел Пётр Пол Ричард Роберт Роман Рональд
Руслан Светлана Семён Сергей Станислав Степан Стивен Тамара Татьяна Тимофей Томас Том Уильям Фёдор Филипп Франк
Фрэнк Хосе Хуан Чарльз Эдуард Элизабет Эмма Эрик Юлия Юрий Яков Ян Ярослав
"""
_ARABIC = """
ادم محمد احمد حسن حسين عبدالله خالد عمر يوسف ابراهيم مصطفي محمود سعيد طارق فهد سعود سلمان فيصل كريم جمال نبيل
"""

GIVEN_NAMES = frozenset(
    [fold(name).text for name in _LATIN.split()]
    + [fold(form).text for name in _CYRILLIC.split() for form in forms(name, "ru")]
    + _ARABIC.split()
)
"""First names that are no places; before a place's name they make it a surname: Michael Jordan."""


_ARTICLE = re.compile(r"(?:\b(?:the|this|la|cette|esta) |\bl')$")
_GOES_ON = re.compile(r" (?:of|for|on|against|to|pour|de|des|du|d'|para|por|contra|sur|and|et|y)\b|-")


def refers_back(text: str, written: str, span: tuple[int, int], at: int, language: str | None) -> bool:
    """Whether "the Organisation", "l'Alliance" at `span` of the folded text is all of a name, not the beginning of one.

    `written` is the text as it is written, where the words end at `at`. Languages without articles say nothing.
    """
    start, end = span
    if language in ("en", "fr", "es") and not _ARTICLE.search(text, max(0, start - 8), start):
        return False
    return not written[at + 1 : at + 2].isupper() and not _GOES_ON.match(text, end)


# What stands after a name that is also a person's where the state is meant: "Georgia President", "Jordan River".
_OFFICES = """
president prime minister ministry foreign interior defence defense finance parliament government king queen ambassador
embassy army military police court river valley sea street border summit crisis war election elections protests says and
the national football team rugby airlines republic
"""
_TITLES = frozenset(_OFFICES.split())
_NEXT_WORD = re.compile(r" ([^\W\d_]+)")


def is_first_name(text: str, written: str, span: tuple[int, int], at: int) -> bool:
    """Whether the name at `span` of the folded text stands before a surname: "Jordan Cownie", "Sofia Coppola".

    `written` is the text as it is written, where the name ends at `at`.
    """
    start, end = span
    following = _NEXT_WORD.match(text, end)
    before = _word_before(text, start) if text[start - 1 : start] == " " else ""
    if following is None or not written[at + 1 : at + 2].isupper() or before in _PREPOSITIONS:
        return False  # "the Foreign Minister of Jordan Ayman Safadi" is of Jordan
    return following[1] not in _TITLES and is_boundary(text, end)


_SMALL_WORDS = """
of in to from with for by at between across against de du en à a con para por avec dans
в во из с со к от до по для при над о об
"""
_PREPOSITIONS = frozenset(_SMALL_WORDS.split())
