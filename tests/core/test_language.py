import socket

import pytest

from monitor.core.language import language_of, primary_subtag


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("The Foreign Minister received the ambassador and discussed bilateral relations.", None, "en"),
        ("Министр иностранных дел провёл переговоры с послом Республики Индия.", None, "ru"),
        ("Міністр закордонних справ провів зустріч із послом Франції у Києві.", "ru", "uk"),
        ("Le ministre des Affaires étrangères a reçu l'ambassadeur de Chine à Paris.", "en", "fr"),
        ("El ministro de Asuntos Exteriores recibió al embajador de Brasil en Madrid.", None, "es"),
        ("استقبل وزير الخارجية سفير جمهورية الصين الشعبية في الرياض اليوم", None, "ar"),
        ("وزیر امور خارجه با همتای چینی خود در تهران گفتگو کرد", None, "fa"),
        ("外交部发言人就有关问题答记者问，强调多边主义的重要性。", None, "zh"),
        ("高市総理はイラン大統領との電話会談についての会見を行いました", None, "ja"),
        ("외교부 장관은 오늘 주한 중국대사를 접견하였다", "en", "ko"),
        ("Саммит ШОС", "ru", "ru"),
        ("Саммит", "en", "ru"),  # not written in the script of the hint
        ("Саміт її", "ru", "uk"),  # a letter that only one language writes
        ("NATO", "fr", "fr"),
        ("NATO", None, None),
        ("会谈", "ja", "ja"),
        ("会谈", None, "zh"),
        ("https://example.org/long/address/in/english/words #hashtag 🇷🇺 12:30", "ru", "ru"),
        ("", None, None),
        ("", "de-AT", "de"),
        ("Переговоры в Москве: главное https://www.example.org/news/very-long-english-address-here", None, "ru"),
    ],
)
def test_language_of_a_post(text, hint, expected):
    assert language_of(text, hint=hint) == expected


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en-US", "en"),
        ("EN_gb", "en"),
        ("zh-Hans", "zh"),
        ("nb", "no"),
        ("", None),
        (None, None),
        ("und", None),
        ("english", None),
        ("iw", "he"),
    ],
)
def test_tags_as_sources_write_them(tag, expected):
    assert primary_subtag(tag) == expected


def test_nothing_is_asked_of_the_network():
    # A socket that is opened while a language is found would be an attempt to fetch a model.
    opened = []
    import sys

    def audit(event, _arguments):
        if event in {"socket.connect", "socket.getaddrinfo"}:
            opened.append(event)

    sys.addaudithook(audit)
    assert language_of("Der Bundeskanzler empfing am Montag den Präsidenten in Berlin.", hint=None) == "de"
    assert opened == []
    probe = socket.socket()
    probe.settimeout(0.1)
    with pytest.raises(OSError):
        probe.connect(("127.0.0.1", 1))
    probe.close()
    assert opened == ["socket.connect"]  # the hook does see what it should
