"""Each check finds the fault it is there for, and lets a good text pass."""

from dataclasses import replace

import pytest

from app.ai import wording
from app.ai.brief import DrawnCard
from app.ai.naming import card_facts, names
from app.ai.offline import compose
from tests.ai.conftest import make_brief, make_cards


class TestCardFacts:
    def facts(self, text: str, *, turned: tuple[int, ...] = ()) -> tuple[bool, bool, bool]:
        fact = card_facts(text, make_cards(count=1, turned=turned), "ru")[0]
        return fact.named, fact.placed, fact.oriented

    def test_missing_card(self) -> None:
        assert self.facts("В прошлом всё было иначе.") == (False, False, False)

    def test_card_without_its_position(self) -> None:
        assert self.facts("Карта **Шут** в прямом положении.") == (True, False, True)

    def test_card_without_orientation(self) -> None:
        assert self.facts("В позиции «Прошлое» карта **Шут**.") == (True, True, False)

    def test_card_in_the_wrong_orientation(self) -> None:
        text = "В позиции «Прошлое» карта **Шут** в перевёрнутом положении."
        assert self.facts(text) == (True, True, False)
        assert self.facts(text, turned=(0,)) == (True, True, True)

    def test_orientation_of_a_neighbour_does_not_count(self) -> None:
        text = "«Прошлое»: **Шут**. «Настоящее»: **Смерть** в перевёрнутом положении. «Будущее»: **Повешенный**."
        facts = card_facts(text, make_cards(turned=(0, 1)), "ru")
        assert [fact.oriented for fact in facts] == [False, True, False]

    def test_position_in_another_paragraph_does_not_count(self) -> None:
        assert self.facts("Прошлое важно.\n\nКарта **Шут** в прямом положении.") == (True, False, True)

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("о Шуте", "Шут"),
            ("с Двойкой Пентаклей", "Двойка Пентаклей"),
            ("Восьмерке жезлов", "Восьмёрка Жезлов"),
            ("Повешенного", "Повешенный"),
            ("Королевы Кубков", "Королева Кубков"),
            ("Верховной Жрицей", "Верховная Жрица"),
            ("Влюблённых", "Влюблённые"),
            ("Колесом Фортуны", "Колесо Фортуны"),
            ("the Fool", "The Fool"),
            ("Queen of Cups", "Queen of Cups"),
        ],
    )
    def test_name_is_known_in_any_case(self, text: str, name: str) -> None:
        assert names(text, name)

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("солнце светит", "Солнце"),
            ("шутка", "Шут"),
            ("мирный день", "Мир"),
            ("Королева Мечей", "Король Мечей"),
            ("Императрица", "Император"),
            ("Двойка Мечей", "Двойка Кубков"),
            ("foolish", "The Fool"),
            ("the sun rose", "The Sun"),
            ("Судьба", "Суд"),
        ],
    )
    def test_other_words_are_not_the_name(self, text: str, name: str) -> None:
        assert not names(text, name)

    def test_longer_name_hides_the_shorter_one(self) -> None:
        cards = (
            DrawnCard("Прошлое", "", "Солнце", False, (), ""),
            DrawnCard("Будущее", "", "Солнце Полуночи", False, (), ""),
        )
        facts = card_facts("«Прошлое» и «Будущее»: **Солнце Полуночи** в прямом положении.", cards, "ru")
        assert [fact.named for fact in facts] == [False, True]


class TestLanguage:
    def test_other_language_fails(self) -> None:
        assert not wording.speaks(compose(make_brief("en")), "ru")
        assert not wording.speaks(compose(make_brief("ru")), "en")

    def test_mixture_fails(self) -> None:
        assert not wording.speaks("Карта the Fool говорит about a new beginning и надежде for you.", "ru")

    def test_quoted_question_may_be_in_another_language(self) -> None:
        assert wording.speaks("Вопрос «Will I be happy with my new job this year?» понятен: дело в доверии.", "ru")


class TestClaims:
    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("Он обязательно вернётся, вот увидишь.", "certainty"),
            ("Гарантирую успех.", "certainty"),
            ("Через 3 месяца ты выйдешь замуж.", "certainty"),
            ("Судьба уже предрешена.", "certainty"),
            ("Ты умрёшь молодой.", "death"),
            ("У тебя депрессия.", "medical"),
            ("Прекратите принимать лекарства.", "medical"),
            ("Ты забеременеешь к весне.", "medical"),
            ("Ты выиграешь суд.", "legal"),
            ("Подавайте в суд немедленно.", "legal"),
            ("Вложи деньги в биткоин.", "financial"),
            ("Берите ипотеку смело.", "financial"),
            ("Он настоящий нарцисс.", "others"),
            ("Муж изменяет тебе.", "others"),
            ("На вас порча.", "curse"),
        ],
    )
    def test_russian(self, text: str, kind: str) -> None:
        assert kind in wording.forbidden_claims(text, "ru")

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("You will definitely meet him.", "certainty"),
            ("Success is guaranteed.", "certainty"),
            ("In three months you will marry.", "certainty"),
            ("Your mother will soon die.", "death"),
            ("You have depression.", "medical"),
            ("Stop taking your medication.", "medical"),
            ("You will win the lawsuit.", "legal"),
            ("You should invest your savings.", "financial"),
            ("Buy some bitcoin.", "financial"),
            ("He is a narcissist.", "others"),
            ("She is cheating on you.", "others"),
            ("You are cursed.", "curse"),
        ],
    )
    def test_english(self, text: str, kind: str) -> None:
        assert kind in wording.forbidden_claims(text, "en")

    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("Карты не говорят, что он обязательно вернётся.", "ru"),
            ("Никто не может обещать, что это точно случится.", "ru"),
            ("Смерть здесь означает завершение, а не беду.", "ru"),
            ("Похоже, он закрыт, и причина может быть в усталости.", "ru"),
            ("Вложи силы в то, что любишь.", "ru"),
            ("The cards do not say that you will definitely win.", "en"),
            ("Nothing here is guaranteed.", "en"),
            ("Death speaks of endings and renewal.", "en"),
        ],
    )
    def test_honest_words_pass(self, text: str, language: str) -> None:
        assert wording.forbidden_claims(text, language) == []


class TestAddress:
    def slips(self, text: str, *, address: str = "informal", gender: str = "unspecified") -> list[str]:
        return wording.address_slips(text, address=address, gender=gender, language="ru")

    def test_wrong_pronoun(self) -> None:
        assert self.slips("Это ваш путь.") == ["ваш"]
        assert self.slips("Это твой путь.", address="formal") == ["твой"]

    def test_wrong_imperative(self) -> None:
        assert self.slips("Запишите это.") and self.slips("Попробуйте иначе.")
        assert self.slips("Запиши это.", address="formal")

    def test_wrong_gender(self) -> None:
        assert self.slips("Ты устала ждать.", gender="masculine")
        assert self.slips("Ты сам это выбрал.", gender="feminine")
        assert self.slips("Ты готова.", gender="unspecified")
        assert self.slips("Ты решил(а) ждать.")
        assert self.slips("Ты готова.", gender="feminine") == []

    def test_quotation_keeps_its_own_address(self) -> None:
        assert self.slips("Вопрос «Любите ли вы меня?» звучит громко. Это твой путь.") == []


class TestTheRest:
    def test_ending(self) -> None:
        assert wording.ends_with_action("Карты.\n\nЗапиши одну мысль.", "ru")
        assert not wording.ends_with_action("Запиши одну мысль.\n\nКарты сказали своё.", "ru")
        assert not wording.ends_with_action("Write it down.\n\nThe cards have spoken.", "en")

    def test_answer(self) -> None:
        question = "Стоит ли мне менять работу?"
        assert wording.answers("Карты.\n\nНа вопрос о работе ответ мягкий.", question, "ru")
        assert not wording.answers("Карты.\n\nОтвет мягкий, как весенний дождь.", question, "ru")
        assert not wording.answers("О работе.\n\nШут идёт по дороге к работе.", question, "ru")

    def test_length(self) -> None:
        assert not wording.fits_length("Коротко.", cards=3, follow_up=False)
        assert not wording.fits_length("слово " * 2000, cards=3, follow_up=False)
        assert not wording.fits_length("слово " * 800, cards=3, follow_up=True)

    def test_repetition(self) -> None:
        assert wording.repeats("Карты говорят о переменах и просят. " * 3)
        assert wording.repeats("Да, да. " * 8)
        assert not wording.repeats(compose(make_brief(count=10)))

    def test_runs_find_a_quotation_of_seven_words(self) -> None:
        secret = wording.runs("Никогда не рассказывай этого никому из тех, кто спросит.")
        assert secret & wording.runs("Мне велели: никогда не рассказывай этого никому из тех!")
        assert not secret & wording.runs("Не рассказывай этого никому из друзей.")


class TestPlainFaultsOfAWholeText:
    def test_reading_without_one_card_is_incomplete(self) -> None:
        brief = make_brief()
        text = compose(replace(brief, cards=brief.cards[:2]))
        assert [fact.complete for fact in card_facts(text, brief.cards, "ru")] == [True, True, False]
