"""Countries that Chinese names with one character: 中美关系, 对俄制裁, 访华, 美政府, 英方.

Such a character alone is a part of any word. It names a country beside another one with a word for what is between them
behind, after some verbs and prepositions, and before an office of state or 方, its side. These are habits of the
language; which characters there are says the taxonomy: a Chinese name of a single character is one of them. Everything
is folded.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from monitor.core.written import either_script, readable


class Initials:
    """Finds such characters in texts."""

    def __init__(self, characters: Collection[str]) -> None:
        self._listed = frozenset(characters)
        self._find = re.compile(either_script(_expression("".join(sorted(characters))))) if characters else None

    def find(self, text: str) -> Iterator[tuple[tuple[int, str], ...]]:
        """The characters that name countries in a folded text, each with its offset, in groups that stand together."""
        if self._find is None:
            return
        for match in self._find.finditer(text):
            written = enumerate(readable(match[0]), match.start())
            yield tuple((at, character) for at, character in written if character in self._listed)


def _expression(listed: str) -> str:
    """One of the characters first, which is looked for fast, and then all that is asked of what is around it."""
    ending = _not_ending(_WORDS_ENDING)
    beginning = "".join(f"(?<!{each}(?=[{after}]))" for each, after in _WORDS_WITH.items())
    ending_together = _not_ending(_WORDS_ENDING | {"中": "其集途"})  # 近期中美关系 holds no 期中
    together = f"(?<![{_NEVER_FIRST}]){ending_together}(?:[、—–-]?[{listed}]){{1,5}}(?={_BETWEEN})"
    visited = f"(?<=[访驻援反亲涉赴][{listed}])(?<![中{_AMONG_OTHERS}]){beginning}|(?<=[来在]华){beginning}"
    towards = f"(?<=对[{listed}])(?<![{_AMONG_OTHERS}])(?={_TOWARDS})"
    office = f"(?<![{_NO_OFFICE}]){ending}(?={_OFFICE})"
    side = f"(?<![华非{_AMONG_OTHERS}]){ending}(?=方(?![{_WORDS_OF_SIDE}]))"
    return f"[{listed}](?:{together}|{visited}|{towards}|{office}|{side})"


def _not_ending(words: Mapping[str, str]) -> str:
    return "".join(f"(?<![{before}]{each})" for each, before in words.items())


_AMONG_OTHERS = "吉哈塔拉沙老"  # mostly sounds of longer names
_NEVER_FIRST = "华吉塔拉沙老越非"  # 非 is "not", 越 "across"
_NO_OFFICE = f"中华日欧越非{_AMONG_OTHERS}"

# What a character ends in other words, by what stands before it there.
_WORDS_ENDING = {
    "中": "其集空途心手当期高初",
    "日": "0-9〇一二三四五六七八九十近今昨明前当每节生假即翌次同后某连终工休周平往昔旧末",
    "法": "非司立执宪无合违依办方做想看说语书",
    "德": "道品公美",
    "英": "精",
    "朝": "王清唐宋明元汉本",
    "美": "完优精赞",
    "印": "打复脚影手",
    "蒙": "启",
    "越": "穿超跨优卓",
    "韩": "南北大",
    "欧": "中东南北西",
}

# What it begins in other words, by what stands behind it.
_WORDS_WITH = {
    "美": "好丽食术学容元味景妙满观化洲",
    "华": "为尔侨裔语商南北东中夏润硕纳沙盛丽人",
    "日": "常期子程益夜内光出落历前后报",
    "德": "黑语文育",
    "法": "院律官庭语文治规",
    "英": "语文寸镑雄",
    "韩": "语文",
    "俄": "语文亥",
    "朝": "廷阳",
    "印": "刷章象尼",
    "泰": "语晤山",
    "非": "常法",
    "欧": "元阳",
    "越": "来过南境",
}

_WORDS_OF_SIDE = "面式法向案针便才可能位程块略圆"  # 方面, 方式: no side of a dispute

_BETWEEN = (
    "关系|[两三四]国|双边|双方|[三四]方|三边|边境|边界|冲突|战争|贸易|经贸|元首|首脑|领导人|外长|外交|防长|总统|总理|会谈|会晤"
    "|对话|谈判|合作|友好|友谊|建交|断交|复交|协定|协议|条约|联合|同盟|联盟|峰会|战略|自贸|自由贸易|核协|核谈|停火|和谈|和平|局势"
    "|问题|争端|摩擦|博弈|竞争|对抗|交往|交流|往来|人民|论坛|投资|经济|文化|人文|科技|军事|铁路|班列|共识|声明|磋商|高层|高级"
    "|企业|学者|媒体|青年|民间|等国|加强|深化|达成|举行|签署|宣布|同意|重启|恢复|就(?![业是像会算近])|开战|交战|互[访信利]|脱钩|关税|混血"
)
_TOWARDS = (
    "关系|政策|制裁|贸易|出口|进口|投资|贷款|援助|军售|军援|战略|施压|关税|加征|外交|合作|战争|开战|宣战|动武|打击|封锁|禁运|依赖"
    "|强硬|友好|工作|技术|芯片|半导体|实施|采取|发动|发起"
)
_OFFICE = (
    "政府|首相|副?外长|外交部|防长|国防部|总统|总理|国务卿|财长|议会|国会|参议[院员]|众议[院员]|军方|海军|空军|央行|官员"
    "|驻|军(?![事备工训绩械])|媒(?![介体质])"
)
