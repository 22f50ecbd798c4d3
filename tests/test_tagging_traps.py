"""What the shipped taxonomies make of names that mean something else, or several things: as a person would judge."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from monitor.core.model import Source
from monitor.core.tagging import Tagger
from monitor.provisioning.loading import load
from tests.core.test_tagging import post

SOURCE = Source(slug="mfa", title="Ministry", kind="feed", url="https://mfa.example/feed")


@cache
def tagger() -> Tagger:
    with TemporaryDirectory() as nothing_of_the_operators:
        return Tagger(load(Path(nothing_of_the_operators), kinds={}, addresses={}, channels={}).taxonomy)


def named(text: str, language: str | None, hashtags: tuple[str, ...] = ()) -> set[str]:
    """Slugs of what a text names, without what follows from membership."""
    tags = tagger().tags(post(text=text, language=language, hashtags=hashtags), SOURCE)
    return {tag.slug for tag in tags if tag.evidence[0].rule != "member"}


# A language, a text, and all that it names.
EXACTLY = [
    # Georgia
    ("en", "Georgia's Prime Minister spoke in Tbilisi.", "ge"),
    ("en", "The recall affects a plant in Blakely, Georgia, near Atlanta.", "us"),
    ("en", "Georgian Foreign Minister on the way to Kyiv", "ge ua"),
    ("en", "South Georgia and the South Sandwich Islands", "gs"),
    # persons
    ("en", "Michael Jordan played for the Bulls.", ""),
    ("en", "Mike Sullivan and Jordan Cownie brought the home side level.", ""),
    ("en", "Talks with the Foreign Minister of Jordan Ayman Safadi", "jo"),
    ("en", "King Abdullah of Jordan arrived.", "jo"),
    ("en", "Chad Smith plays drums.", ""),
    ("en", "Refugees from Darfur reach Chad.", "sd td"),
    ("en", "Sofia Coppola's film", ""),
    ("en", "The ministers met in Sofia.", "bg"),
    ("ru", "София Коппола сняла фильм", ""),
    ("ru", "Встреча прошла в Софии", "bg"),
    ("ru", "Похищена картина Сальвадора Дали", ""),
    ("ru", "Президент Сальвадора Букеле", "sv"),
    ("ru", "Секретарь Татьяна Грузинская", ""),
    ("ru", "Грузинская сторона", "ge"),
    ("ru", "Дело Доминика Стросс-Кана", ""),
    ("es", "El museo Reina Sofía", ""),
    ("ar", "قال محمد المصري", ""),
    ("ar", "تركي الفيصل وأشرف غاني", ""),
    ("ar", "صلاة المغرب وجنة عدن وقوة قاهرة", ""),
    ("ar", "ملك المغرب في عدن والقاهرة", "ma ye eg"),
    ("ar", "نصف قطر الدائرة وبون شاسع", ""),
    ("ar", "ولاية جورجيا الأمريكية", "us"),
    ("ar", "قال الوزير المصري", "eg"),
    ("en", "Cesar Milan trains dogs, Derek Holland pitches.", ""),
    ("en", "Chicago Cubs beat Atlanta Braves", ""),
    ("en", "IMO this is wrong.", ""),
    ("en", "The IMO adopted rules for shipping.", "imo"),
    ("en", "ILO and server health", ""),
    ("en", "The ILO spoke of wages.", "ilo"),
    ("fr", "Dominique de Villepin mange un chili con carne à l'US Open.", ""),
    ("fr", "La Dominique et le Chili", "dm cl"),
    # acronyms of one language
    ("fr", "L'OIT, la CIJ et l'OMI", "ilo international-court-of-justice imo"),
    ("es", "La OIT y la AIE", "ilo iea"),
    ("en", "CPI rose, the CIO said; a BAD day, OIT and AIE", ""),
    ("fr", "La CPI a délivré un mandat d'arrêt", "icc"),
    ("fr", "L'UA, à Addis-Abeba", "african-union et"),
    ("fr", "Le PAM a gagné les élections", ""),
    ("fr", "Le PAM distribue des vivres", "wfp"),
    ("es", "El BID y la OCI", "iadb oic"),
    ("en", "The IOM helps displaced people", "iom"),
    ("ru", "МОТ приняла конвенцию", "ilo"),
    # animals and food
    ("en", "The family ate roast turkey.", ""),
    ("en", "Thanksgiving turkey recalls: TURKEY farms are hit", ""),
    ("en", "Turkey and Iraq signed.", "tr iq"),
    ("en", "a guinea pig, guinea fowl and Guinea worm", ""),
    # one name within another
    ("en", "Papua New Guinea", "pg"),
    ("en", "Equatorial Guinea", "gq"),
    ("en", "Guinea-Bissau and Guinea", "gw gn"),
    ("en", "piracy in the Gulf of Guinea", "west-africa"),
    ("en", "Niger and Nigeria", "ne ng"),
    ("en", "The Dominican Republic", "do"),
    ("en", "Dominica, a member of CARICOM", "dm caricom"),
    ("en", "North Macedonia's government in Skopje", "mk"),
    ("en", "South Africa", "za"),
    ("en", "in the Indian Ocean", "indian-ocean"),
    ("en", "Central African Republic", "cf"),
    ("en", "the Latin American parliaments", "latin-america-and-the-caribbean"),
    ("en", "Northern Ireland", "gb"),
    ("ru", "Вест-Индия и Ост-Индия", "caribbean"),
    ("zh", "印度洋", "indian-ocean"),
    ("en", "Heavy snow in East London, South Africa", "za"),
    ("zh", "军队夺回提克里特西部", "iq"),
    ("zh", "船抵达利马索尔港", ""),
    ("zh", "飞往马里首都巴马科", "ml"),
    # words of another language, and words that are written like them
    ("en", "The whistleblower Frances Haugen testified, said chef Dominique Ansel.", ""),
    ("en", "The font is Helvetica.", ""),
    ("en", "Thanks to Malte Klas for the DACA programme", ""),
    ("en", "He said: « les autorités suisses et le peuple argentin »", "ch ar"),
    ("es", "Una delegación francesa y otra suiza", "fr ch"),
    ("es", "los albano-kosovares", "xk"),
    ("en", "The Greens, in French, are Les Verts.", ""),
    ("en", "Minutes\n\nIn French, it is a feast.", ""),
    ("en", "a Java application", ""),
    ("en", "a village in Central Java, Indonesia", "id"),
    ("en", "compiled by GCC and LLVM", ""),
    ("en", "the GCC summit in Riyadh", "gcc sa"),
    ("en", "around 600 BCE", ""),
    ("fr", "la BCE relève ses taux", "ecb"),
    ("en", "A study by the European Council on Foreign Relations", "europe"),
    ("en", "Best Remake/HD Update. WHO WILL GET VOTED OUT OF THE HOUSE???", ""),
    # newspapers and treaties that are named after a city
    ("zh", "据《新苏黎世报》和《纽约邮报》报道", ""),
    ("zh", "伦敦报道", "gb"),
    ("zh", "《阿姆斯特丹条约》生效", ""),
    ("ru", "выполнение Парижских соглашений", ""),
    ("ru", "женевские переговоры", "ch"),
    # Rome and Romania
    ("ar", "أساس القانون الروماني والجمهورية الرومانية", ""),
    ("ar", "قال الرئيس الروماني", "ro"),
    # two Congos
    ("en", "Fighting near Goma in eastern Congo", "cd"),
    ("en", "President Sassou Nguesso of Congo in Brazzaville", "cg"),
    ("en", "Congolese troops in the DRC", "cd"),
    ("ru", "в Бельгийском Конго", "cd"),
    # governments
    ("en", "Washington and Moscow agreed.", "us ru"),
    ("ru", "Вашингтон и Москва договорились", "us ru"),
    ("zh", "华盛顿与莫斯科", "us ru"),
    ("fr", "Washington et Moscou", "us ru"),
    # acronyms and words
    ("en", "It is up to us, who know what is at stake.", ""),
    ("en", "WHO KNOWS WHAT THEY WANT FROM US?", ""),
    ("en", "The Who played in London.", "gb"),
    ("en", "The WHO says so.", "who"),
    ("en", "The US and the UK", "us gb"),
    ("en", "The U. S. Senate", "us"),
    ("fr", "UN HOMME EST MORT", ""),
    ("fr", "Un homme, au Mali", "ml"),
    ("fr", "Il va au marché avec eux.", ""),
    ("fr", "L'ONU et l'UE", "united-nations european-union"),
    ("es", "La reunión de hoy", ""),
    ("es", "ser miembro de la UE, se permite", "european-union"),
    ("es", "- R. UNIDO - Londres", "gb"),
    ("en", "AU summit in Addis Ababa", "african-union et"),
    ("en", "Ag, Au and Cu are metals; au pair", ""),
    ("en", "CIS leaders, SCO leaders", "cis sco"),
    ("en", "IS fighters", ""),
    ("en", "ICC cricket T20", ""),
    ("en", "The ICC issued an arrest warrant.", "icc"),
    ("ru", "Кроме того, всё хорошо", ""),
    ("ru", "Того же мнения и министр. Более того.", ""),
    ("ru", "Республика Того", "tg"),
    ("ru", "ес, его, по", ""),
    ("ru", "Страны ЕС и СНГ", "european-union cis"),
    # whose council, whose alliance
    ("en", "The UN Security Council met.", "un-security-council"),
    ("en", "CSTO Collective Security Council", "csto"),
    ("en", "the National Security Council", ""),
    ("en", "Security Council of the Russian Federation", "ru"),
    ("ru", "Совет коллективной безопасности ОДКБ", "csto"),
    ("ru", "Секретарь Совета безопасности РФ", "ru"),
    ("ru", "Резолюция Совета Безопасности ООН", "un-security-council"),
    ("ru", "ООН: Совет Безопасности собрался", "united-nations un-security-council"),
    ("fr", "Le Conseil de sécurité a adopté la résolution 2231.", "un-security-council"),
    ("zh", "国家安全委员会", ""),
    ("ar", "مجلس الأمن القومي", ""),
    ("en", "The alliance of small parties", ""),
    ("en", "The Organisation said nothing.", ""),
    ("en", "Commonwealth Games", ""),
    ("en", "The Commonwealth of Independent States", "cis"),
    ("en", "the Union State of Russia and Belarus", "union-state"),
    ("ru", "Союзное государство России и Белоруссии", "union-state"),
    ("en", "The African Union", "african-union"),
    ("en", "Bank of East Asia", ""),
    ("en", "Organization for Security and Co-operation in Europe", "osce"),
    ("en", "The UN Secretary-General spoke.", "un-secretary-general united-nations"),
    ("ar", "الأمين العام للأمم المتحدة", "un-secretary-general united-nations"),
    # companies, clubs, newspapers, treaties
    ("en", "The Bank of Canada keeps its rate.", "ca"),
    ("en", "Bank of America reports a loss.", ""),
    ("en", "Malaysia Airlines Flight 370", ""),
    ("en", "Manchester United beat Liverpool FC", ""),
    ("en", "The New York Times and The Washington Post report", ""),
    ("en", "according to China Daily", ""),
    ("fr", "l'Agence France-Presse", ""),
    ("ru", "форвард «Кёльна»", ""),
    ("en", "the Paris Agreement", ""),
    ("fr", "l'Accord de Paris", ""),
    ("es", "el Acuerdo de París", ""),
    ("zh", "巴黎协定", ""),
    ("ar", "اتفاق باريس", ""),
    ("en", "The ministers met in Paris.", "fr"),
    ("en", "the Minsk agreements", ""),
    ("en", "It costs 20 US dollars.", ""),
    ("en", "Middle East respiratory syndrome", ""),
    ("en", "West Nile virus", ""),
    # peoples, languages
    ("en", "a speech in French.", ""),
    ("en", "a speech in French towns", "fr"),
    ("ru", "владеет английским и испанским языками", ""),
    ("ru", "английский премьер", "gb"),
    ("en", "American officials", "us"),
    ("en", "polish the table", ""),
    ("fr", "les autorités dominicaines, à Saint-Domingue", "do"),
    ("ru", "В семьях поляков и казахов", "pl kz"),
    ("ru", "лондонский клуб", "gb"),
    ("ar", "في حوزة الألمان", "de"),
    ("ar", "اليد اليمنى", ""),
    ("zh", "奥登西亚和保拉", ""),
    ("zh", "沿海地区", ""),
    ("zh", "拉美西斯二世", ""),
    ("zh", "費德里克·費里尼", ""),
    # shared cities
    ("es", "en Valencia, cerca de Caracas, Venezuela", "ve"),
    ("es", "en Córdoba, Argentina", "ar"),
    ("en", "Santiago", ""),
    ("en", "a village called Xyzzyville", ""),
    # Amman and Oman
    ("ar", "في عمّان عاصمة الأردن", "jo"),
    ("ar", "سلطنة عمان", "om"),
    # two languages in a post
    (None, "The UN in Geneva. Встреча прошла в Астане.", "united-nations ch kz"),
    ("en", "Kazakhstan and ШОС: встреча в Казани", "kz sco ru"),
    # contested names
    ("en", "Crimea", "ru ua"),
    ("en", "the Falkland Islands", "fk"),
    # Arabic prefixes, Chinese without spaces
    ("ar", "وروسيا وبالصين ولمصر", "ru cn eg"),
    ("zh", "中俄哈三国在上海合作组织框架内与哈萨克斯坦合作", "sco kz cn ru"),
    # countries by one character
    ("zh", "中美关系", "cn us"),
    ("zh", "近日中美两国元首会晤", "cn us"),
    ("zh", "中、日、韩三国外长", "cn jp kr"),
    ("zh", "俄乌冲突与巴以冲突", "ru ua il ps"),
    ("zh", "欧盟对俄制裁，美驻华大使访日", "european-union ru us cn jp"),
    ("zh", "俄政府27日决定，英媒说", "ru gb"),
    ("zh", "美軍與法總統", "us fr"),
    ("zh", "中欧班列与中非合作", "cn europe africa"),
    ("zh", "中欧国家", "central-europe"),
    ("zh", "中俄印外长会晤，中国参加", "ric cn"),
    ("ru", "Его перу принадлежит роман, избирательная комиссия РИК", ""),
    ("ru", "Встреча РИК: Индия и Китай", "ric in cn"),
    ("zh", "增加中美贸易往来", "cn us"),
    ("zh", "中华人民共和国", "cn"),
    ("zh", "其中法律关系复杂，集中日常工作，空中美景", ""),
    ("zh", "30日政府宣布，依法政府，非法政府", ""),
    ("zh", "对华为制裁，反日常，对美好生活的向往，赴美丽乡村", ""),
    ("zh", "在办法中美化环境，宗教与道德国家", ""),
    ("zh", "拉美政府", "latin-america-and-the-caribbean"),
    ("zh", "近期中美经贸磋商", "cn us"),
    ("zh", "中方和俄方表示，美方反对", "cn ru us"),
    ("zh", "司法方面、立法方式和道德方面", ""),
    ("zh", "其中方案、集中方向、今日方案、土方工程", ""),
    ("zh", "参加国家和参加纳斯达克，更加蓬勃", ""),
    ("zh", "教师包头巾，电视台中", ""),
    ("zh", "加纳和加蓬", "ga gh"),
    ("zh", "其中东部、其中亚洲国家、其中欧盟", "asia european-union"),
    ("zh", "东西方向，南北方面，指南非常实用，东西非常多", ""),
    ("zh", "中国中东部", "cn"),
    ("zh", "中东、中亚和西方", "middle-east central-asia west"),
    ("zh", "西南联大与出海口", ""),
    ("zh", "在聯合國與歐盟", "united-nations european-union"),
    # what stands before a hyphen
    ("en", "the Franco-German border, Sino-Russian trade and the Russo-Ukrainian war", "fr de cn ru ua"),
    ("en", "Francisco Franco and Franco-era laws", ""),
    ("en", "Indo-Pacific partners, Anglo-Saxon law, Greco-Roman wrestling", "indo-pacific"),
    ("fr", "le conflit israélo-palestinien, l'accord franco-allemand", "il ps fr de"),
    ("es", "las relaciones franco-alemanas, la frontera colombo-venezolana", "fr de co ve"),
    ("ru", "ирано-израильский конфликт, американо-китайская торговля", "ir il us cn"),
    ("ru", "греко-римская борьба в Индо-Тихоокеанском регионе", "indo-pacific"),
    # peoples
    ("ru", "о сирийцах, китайцам, с индийцами, для колумбийцев и боснийцев", "sy cn in co ba"),
    ("ru", "португальцы, бразильцам, венесуэльцев, тайцы", "pt br ve th"),
    ("ar", "التونسيات والعراقيات والمغاربة", "tn iq ma"),
    # names of several words in every case
    ("ru", "по словам Генерального секретаря ООН", "un-secretary-general united-nations"),
    ("ru", "на Соломоновых Островах, в Святом Престоле, с Маврикием", "sb va mu"),
    ("ru", "заседание Экономической и социальной комиссии ООН для Азии и Тихого океана", "escap"),
    ("ru", "в Закавказье и на Большом Ближнем Востоке", "south-caucasus greater-middle-east"),
    ("en", "AU$20 million and US$5 million", ""),
    # bodies of bodies
    ("en", "The UN's Security Council failed to agree.", "un-security-council"),
    ("en", "The OSCE’s Parliamentary Assembly met.", "osce-pa"),
    ("en", "The African Union's Peace and Security Council met.", "au-peace-and-security-council"),
    ("fr", "L'Union eurasiatique", "eaeu"),
    ("zh", "欧亚联盟", "eaeu"),
    # towns that are named after others
    ("en", "Lebanon, Pennsylvania, is a small town.", "us"),
    ("en", "A man from Cairo, Ill., was arrested.", ""),
    ("en", "A summit in London, Ontario", "ca"),
    ("en", "Talks in Paris, Texas and California were put off.", "fr us"),
    ("en", "Tbilisi, Georgia", "ge"),
    ("en", "Syria, Virginia Woolf and others", "sy"),
    ("en", "The Council of Europe's Parliamentary Assembly and the Court of Justice of the EU", "pace cjeu"),
    # French names that are words, languages beside languages
    ("fr", "La Réunion frappée par un cyclone.", "re"),
    ("fr", "La réunion des ministres s'est tenue à Mayotte.", "yt"),
    ("es", "La Reunión de Cancilleres del Mercosur.", "mercosur"),
    ("fr", "les Comores, Maurice et Madagascar", "km mu mg"),
    ("fr", "Maurice Ravel", ""),
    ("en", "He speaks Arabic and Russian.", ""),
    ("en", "He spoke to Arab and Russian officials.", "ru"),
    ("en", "He quit cold turkey. Jersey Shore returns. Real Madrid won.", ""),
    ("ru", "Послу в Папуа — Новой Гвинее", "pg"),
]


@pytest.mark.parametrize(("language", "text", "expected"), EXACTLY, ids=[text[:40] for _, text, _ in EXACTLY])
def test_a_text_names(language: str | None, text: str, expected: str) -> None:
    assert named(text, language) == set(expected.split())


@pytest.mark.parametrize(
    ("hashtag", "expected"),
    [
        ("RussiaKazakhstan", "ru kz"),
        ("РоссияКазахстан", "ru kz"),
        ("NATO", "nato"),
        ("UNGA80", "un-general-assembly"),
        ("CentralAsia", "central-asia"),
        ("Alliance", ""),
        ("BankOfAmerica", ""),
    ],
)
def test_a_hashtag_names(hashtag: str, expected: str) -> None:
    assert named("", "en", (hashtag,)) == set(expected.split())


def test_what_refers_back_is_evidence_for_what_was_named_last() -> None:
    text = "NATO met. Later, the Alliance spoke with the OSCE. The Organisation agreed."
    tags = {tag.slug: tag for tag in tagger().tags(post(text=text, language="en"), SOURCE)}
    assert [each.words for each in tags["nato"].evidence] == ["NATO", "Alliance"]
    assert [each.words for each in tags["osce"].evidence] == ["OSCE", "Organisation"]


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("Talks in Astana", {"central-asia", "eurasia", "post-soviet-space", "asia"}),
        ("Talks in Bamako", {"sahel", "africa", "west-africa", "sub-saharan-africa"}),
        ("Talks in Tbilisi", {"south-caucasus", "black-sea", "caucasus"}),
    ],
)
def test_a_city_leads_to_its_country_and_on_to_its_regions(text: str, regions: set[str]) -> None:
    tags = tagger().tags(post(text=text, language="en"), SOURCE)
    assert regions <= {tag.slug for tag in tags if tag.evidence[0].rule == "member"}


@pytest.mark.parametrize(
    ("hashtag", "found"), [("KimJongUn", set()), ("UNReform", {"united-nations"}), ("UN", {"united-nations"})]
)
def test_a_few_letters_within_a_hashtag_are_an_acronym_where_they_are_written_as_one(
    hashtag: str, found: set[str]
) -> None:
    assert named("", "en", (hashtag,)) == found
