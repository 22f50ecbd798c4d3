import pytest

from monitor.core.inflection import forms, person_forms


@pytest.mark.parametrize(
    ("name", "language", "expected"),
    [
        (
            "Евразийский экономический союз",
            "ru",
            "Евразийского экономического союза|Евразийскому экономическому союзу|Евразийским экономическим союзом|"
            "Евразийском экономическом союзе",
        ),
        ("Организация Объединённых Наций", "ru", "Организации Объединённых Наций|Организацией Объединённых Наций"),
        ("Европейская комиссия", "ru", "Европейской комиссии|Европейскую комиссию|Европейской комиссией"),
        ("Союзное государство", "ru", "Союзного государства|Союзным государством|Союзном государстве"),
        ("Соединённые Штаты Америки", "ru", "Соединённых Штатов Америки|Соединёнными Штатами Америки"),
        ("Ближний Восток", "ru", "Ближнего Востока|Ближнем Востоке"),
        ("Босния и Герцеговина", "ru", "Боснии и Герцеговины|Боснией и Герцеговиной|Боснии и Герцеговине"),
        ("Гвинея-Бисау", "ru", "Гвинеи-Бисау|Гвинее-Бисау"),
        ("Шри-Ланка", "ru", "Шри-Ланки|Шри-Ланке|Шри-Ланкой"),
        ("Казахстан", "ru", "Казахстана|Казахстану|Казахстаном|Казахстане"),
        ("Россия", "ru", "России|Россию|Россией"),
        ("Китай", "ru", "Китая|Китаю|Китаем|Китае"),
        ("Израиль", "ru", "Израиля|Израилю|Израилем"),
        ("Филиппины", "ru", "Филиппин|Филиппинах"),
        ("Египет", "ru", "Египта|Египте|Египтом"),
        ("Косово", "ru", "Косова|Косове"),
        ("Африканский союз", "ru", "Африканского союза|Африканским союзом"),
        ("Движение неприсоединения", "ru", "Движения неприсоединения|Движением неприсоединения"),
        ("الأمم المتحدة", "ar", "للأمم المتحدة"),
    ],
)
def test_names_in_running_text(name: str, language: str, expected: str) -> None:
    made = forms(name, language)
    assert made[0] == name
    assert set(expected.split("|")) <= set(made)


@pytest.mark.parametrize(
    ("demonym", "language", "expected"),
    [
        ("казахстанский", "ru", "казахстанская|казахстанского|казахстанскими|казахстанско"),
        ("казахстанец", "ru", "казахстанцы|казахстанцев|казахстанцами"),
        ("россиянин", "ru", "россияне|россиян|россиянами"),
        ("français", "fr", "française|françaises"),
        ("canadien", "fr", "canadienne|canadiens"),
        ("turc", "fr", "turque|turques"),
        ("ruso", "es", "rusa|rusos|rusas"),
        ("francés", "es", "francesa|franceses"),
        ("español", "es", "española|españoles"),
        ("Russian", "en", "Russians"),
        ("روسي", "ar", "روسية|روسيين|روسيون"),
    ],
)
def test_demonyms_in_every_gender_and_number(demonym: str, language: str, expected: str) -> None:
    assert set(expected.split("|")) <= set(forms(demonym, language, adjective=True))


@pytest.mark.parametrize(
    ("name", "language"),
    [("Того", "ru"), ("Чили", "ru"), ("ООН", "ru"), ("NATO", "ru"), ("上合组织", "zh"), ("Irak", "fr")],
)
def test_names_that_do_not_change(name: str, language: str) -> None:
    assert forms(name, language) == (name,)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Сергей Лавров", "Сергея Лаврова|Сергею Лаврову|Сергеем Лавровым|Сергее Лаврове"),
        ("Мария Захарова", "Марии Захаровой|Марию Захарову|Марией Захаровой"),
        ("Владимир Зеленский", "Владимира Зеленского|Владимиру Зеленскому|Владимиром Зеленским"),
        ("Евгений Павлович Сидоров", "Евгения Павловича Сидорова|Евгением Павловичем Сидоровым"),
        ("Антониу Гутерриш", "Антониу Гутерриша|Антониу Гутерришем"),
        ("Павел Новак", "Павла Новака|Павлу Новаку"),
        ("Ли Цян", "Ли Цяна|Ли Цяном"),
        ("Путин", "Путина|Путиным"),
    ],
)
def test_persons_are_declined_in_every_word(name: str, expected: str) -> None:
    made = person_forms(name, "ru")
    assert set(expected.split("|")) <= set(made)
    assert name not in made


@pytest.mark.parametrize(
    ("name", "language"), [("зерновая сделка", "ru"), ("Урсула фон дер Ляйен", "ru"), ("МИД", "ru"), ("Ann Lee", "en")]
)
def test_what_is_no_persons_name_has_no_such_forms(name: str, language: str) -> None:
    assert person_forms(name, language) == ()
