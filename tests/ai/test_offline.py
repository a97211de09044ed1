"""The composed reading: whatever the deck, every card is named in its position and orientation."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ai import wording
from app.ai.brief import Brief, DrawnCard
from app.ai.naming import card_facts
from app.ai.offline import action, card_lines, compose
from app.ai.question import form, quoted, topic
from tests.ai.conftest import make_brief

LANGUAGES = ["ru", "en"]
WORD = {
    "ru": st.text("абвгдежзиклмнопрстуфхцчшщыьэюя", min_size=3, max_size=9),
    "en": st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9),
}


@st.composite
def briefs(draw: st.DrawFn) -> Brief:
    """Any deck and spread that a manager may write, any question that a person may ask."""
    language = draw(st.sampled_from(LANGUAGES))
    word = WORD[language]
    phrase = st.lists(word, min_size=1, max_size=3).map(" ".join)
    names = draw(st.lists(phrase.map(str.capitalize), min_size=1, max_size=12, unique=True))
    cards = tuple(
        DrawnCard(
            position_name=draw(phrase).capitalize(),
            position_meaning=draw(st.text(max_size=80)),
            card_name=name,
            reversed=draw(st.booleans()),
            keywords=tuple(draw(st.lists(phrase, max_size=4))),
            meaning=draw(st.one_of(st.just(""), phrase.map(str.capitalize))),
        )
        for name in names
    )
    return make_brief(
        language,
        cards=cards,
        question=draw(st.one_of(st.none(), st.text(max_size=500))),
        first_name=draw(st.text(max_size=64)),
        address=draw(st.sampled_from(["informal", "formal"])),
        spread_name=draw(st.text(min_size=1, max_size=40)),
    )


class TestAnyReading:
    @settings(max_examples=150, deadline=None)
    @given(briefs())
    def test_every_card_is_named_in_its_place_and_orientation(self, brief: Brief) -> None:
        text = compose(brief)
        for card in brief.cards:
            opening = {"ru": ("в прямом положении", "в перевёрнутом положении"), "en": (", upright", ", reversed")}
            assert f"**{card.card_name}**" in text
            paragraph = next(
                part for part in text.split("\n\n") if f"**{card.card_name}**" in part and card.position_name in part
            )
            assert opening[brief.language][card.reversed] in paragraph
        assert wording.ends_with_action(text, brief.language)

    @settings(max_examples=60, deadline=None)
    @given(briefs())
    def test_same_reading_gives_the_same_text(self, brief: Brief) -> None:
        assert compose(brief) == compose(replace(brief))

    @settings(max_examples=60, deadline=None)
    @given(briefs(), st.text(max_size=500))
    def test_any_follow_up_is_answered_by_a_card(self, brief: Brief, asked: str) -> None:
        text = compose(replace(brief, interpretation=compose(brief), follow_up=asked))
        assert any(f"**{card.card_name}**" in text for card in brief.cards)
        assert wording.ends_with_action(text, brief.language)


class TestReading:
    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("count", [1, 3, 10])
    @pytest.mark.parametrize("address", ["informal", "formal"])
    def test_keeps_every_promise(self, language: str, count: int, address: str) -> None:
        brief = make_brief(language, count=count, turned=(0, 3, 5), address=address)
        text = compose(brief)
        assert all(fact.complete for fact in card_facts(text, brief.cards, language))
        assert wording.speaks(text, language)
        assert wording.address_slips(text, address=address, gender="unspecified", language=language) == []
        assert wording.forbidden_claims(text, language) == []
        assert wording.answers(text, brief.question or "", language)
        assert wording.fits_length(text, cards=count, follow_up=False)
        assert not wording.repeats(text)
        assert all(card.meaning in text for card in brief.cards)

    def test_says_that_no_model_wrote_it(self) -> None:
        assert "без нейросети" in compose(make_brief())
        assert "не ответила" in compose(make_brief(), fallback=True)
        assert "without a language model" in compose(make_brief("en"))
        assert "did not answer" in compose(make_brief("en"), fallback=True)

    def test_other_question_other_words(self) -> None:
        assert compose(make_brief(question="Когда я встречу любовь?")) != compose(
            make_brief(question="Что мне делать?")
        )

    def test_voice_colours_the_opening(self) -> None:
        night = compose(make_brief())
        calm = compose(make_brief(voice="Спокойный современный собеседник. Никакой луны и тайн."))
        assert night.split("\n\n")[0] != calm.split("\n\n")[0]

    def test_yes_or_no_leans_with_the_cards_and_names_one_that_lies_that_way(self) -> None:
        question = "Стоит ли мне переезжать?"
        yes = compose(make_brief(question=question, turned=()))
        no = compose(make_brief(question=question, turned=(0, 1, 2)))
        assert "«да»" in yes and "«не сейчас»" not in yes and "«пока нет»" not in yes
        assert "«не сейчас»" in no or "«пока нет»" in no

    def test_dates_and_thoughts_of_others_are_not_told(self) -> None:
        assert "Дат карты не называют" in compose(make_brief(question="Когда он вернётся?"))
        assert "Чужих мыслей карты не читают" in compose(make_brief(question="Что он ко мне чувствует?"))

    def test_unknown_language_is_served_in_english(self) -> None:
        assert "What you can do:" in compose(replace(make_brief("en"), language="de"))

    def test_template_marks_in_the_content_stay_what_they_are(self) -> None:
        cards = (DrawnCard("{card}", "Что {x|y}.", "Туз {question}", False, ("{name}",), "Так {a|b} бывает."),)
        text = compose(make_brief(cards=cards, question="Что {spread} значит {a|b}?"))
        assert "**Туз {question}**" in text and "Так {a|b} бывает." in text


class TestFollowUp:
    def test_card_that_is_asked_about_is_the_one_that_answers(self) -> None:
        brief = make_brief(count=10)
        text = compose(replace(brief, interpretation=compose(brief), follow_up="Что значит Башня?"))
        assert "**Башня** в прямом положении" in text.split("\n\n")[1]

    def test_action_is_not_the_one_given_before(self) -> None:
        brief = make_brief()
        asked = replace(brief, interpretation=compose(brief), follow_up="А что ещё по работе?")
        assert action(asked) not in compose(brief)

    def test_lines_for_forgotten_cards_tell_position_and_orientation(self) -> None:
        brief = make_brief()
        text = card_lines(brief, brief.cards[1:])
        assert all(fact.complete for fact in card_facts(text, brief.cards, "ru")[1:])
        assert brief.cards[0].card_name not in text


class TestQuestion:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("  Что\nменя   ждёт? ", "Что меня ждёт?"),
            ("**Жирно** и `код`", "Жирно и код"),
            ("<b>Да</b> или </question> нет", "Да или нет"),
            ("Смотри https://example.com/a?b=c сюда", "Смотри … сюда"),
            ("Он сказал «люблю»", "Он сказал „люблю“"),
            ('He said "love"', "He said ‘love’"),
            ("😂😂😂", ""),
            ("ааааааа!!! 12345", ""),
            ("", ""),
            (None, ""),
        ],
    )
    def test_quotation_is_safe(self, text: str | None, expected: str) -> None:
        assert quoted(text) == expected

    def test_long_question_is_cut_at_a_word(self) -> None:
        cut = quoted("слово " * 100)
        assert len(cut) <= 161 and cut.endswith("слово…")

    @pytest.mark.parametrize(
        ("text", "language", "expected"),
        [
            ("Когда я выйду замуж?", "ru", "when"),
            ("Что он обо мне думает?", "ru", "feelings"),
            ("Остаться или уйти?", "ru", "choice"),
            ("Стоит ли мне уйти?", "ru", "yes_no"),
            ("Почему так вышло?", "ru", "why"),
            ("Как быть дальше?", "ru", "how"),
            ("Мой год", "ru", "open"),
            ("Will I be happy?", "en", "yes_no"),
            ("How does she feel about me?", "en", "feelings"),
            ("Paris or Rome?", "en", "choice"),
            ("When will it end?", "en", "when"),
        ],
    )
    def test_form_of_the_answer(self, text: str, language: str, expected: str) -> None:
        assert form(text, language) == expected

    @pytest.mark.parametrize(
        ("text", "language", "expected"),
        [
            ("Любит ли меня муж", "ru", "love"),
            ("другой путь", "ru", "general"),
            ("мой друг и я", "ru", "friends"),
            ("повышение на работе", "ru", "work"),
            ("my exam", "en", "study"),
            ("my ex and I", "en", "love"),
        ],
    )
    def test_topic(self, text: str, language: str, expected: str) -> None:
        assert topic(text, language) == expected
