"""What becomes of a document: what is broken is left out and told, what is good is never lost."""

import copy
from typing import Any

import pytest

from app.catalogue.acceptance import RESERVED_SLUGS, KnownProject
from app.kit import json
from app.kit.crypto import Keyring
from tests.catalogue.verdicts import KEYRING, PUBLIC, codes, good, keys, run
from tests.catalogue.wordpress import (
    make_card,
    make_deck,
    make_document,
    make_package,
    make_project,
    make_spread,
    sealed_bot,
)


class TestSoundDocument:
    def test_is_taken_as_it_is(self) -> None:
        document = make_document(packages=[make_package("ten", "alpha")])
        document["projects"][0]["packages"] = ["ten"]
        verdict = run(document)
        assert verdict.problems == ()
        assert verdict.document == {name: value for name, value in document.items() if name != "tombstones"}

    def test_does_not_change_what_it_was_given(self) -> None:
        document = make_document(spreads=[make_spread("two")])
        before = copy.deepcopy(document)
        run(document)
        assert document == before

    def test_unknown_fields_are_ignored(self) -> None:
        document = make_document(from_the_future=[1, 2])
        document["projects"][0]["horoscope"] = {"daily": True}
        assert run(document).problems == ()


class TestBrokenObjects:
    def test_a_broken_spread_costs_only_that_spread(self) -> None:
        document = make_document(spreads=[make_spread("one"), make_spread("two", cost="much")])
        document["projects"][0]["spreads"] = ["two", "one"]
        verdict = run(document)
        assert verdict.document is not None
        assert keys(verdict.document["spreads"]) == ["one"]
        assert verdict.document["projects"][0]["spreads"] == ["one"]
        assert codes(verdict) == [("spread", "two", "schema"), ("project", "alpha", "unknown_reference")]
        assert verdict.problems[0].path == "/spreads/1/cost"
        assert "целое число" in verdict.problems[0].ru
        assert "whole number" in verdict.problems[0].en

    def test_a_broken_card_costs_only_that_card(self) -> None:
        cards = [make_card("major-00-fool"), make_card("major-01-magician", arcana="minor", rank=3)]
        verdict = run(make_document(decks=[make_deck("small", cards=cards)]))
        assert verdict.document is not None
        assert keys(verdict.document["decks"][0]["cards"]) == ["major-00-fool"]
        assert codes(verdict) == [("card", "major-01-magician", "schema")]
        assert verdict.problems[0].path == "/decks/0/cards/1/suit"

    def test_a_deck_without_a_sound_card_is_left_out(self) -> None:
        decks = [make_deck("small"), make_deck("empty", cards=[make_card("x1", name={})])]
        verdict = run(make_document(decks=decks))
        assert verdict.document is not None
        assert keys(verdict.document["decks"]) == ["small"]
        assert ("deck", "empty", "schema") in codes(verdict)

    def test_a_broken_package_costs_only_that_package(self) -> None:
        packages = [
            make_package("ten", "alpha"),
            make_package("bad", "alpha", price={"amount": -1, "currency": "RUB"}),
        ]
        document = make_document(packages=packages)
        document["projects"][0]["packages"] = ["bad", "ten"]
        verdict = run(document)
        assert verdict.document is not None
        assert verdict.document["projects"][0]["packages"] == ["ten"]
        assert codes(verdict)[0] == ("package", "bad", "schema")

    def test_a_broken_new_project_is_left_out(self) -> None:
        projects = [make_project("alpha"), make_project("beta", theme={"scheme": "neon"})]
        verdict = run(make_document(projects=projects))
        assert verdict.document is not None
        assert keys(verdict.document["projects"]) == ["alpha"]
        assert {code for _, _, code in codes(verdict)} == {"schema"}

    def test_a_broken_known_project_stays_as_it_was(self) -> None:
        previous = good(make_document())
        broken = make_project("beta", name={"ru": "  ", "en": ""}, spreads=["two"])
        verdict = run(make_document(version="v2", projects=[make_project("alpha"), broken]), previous)
        assert verdict.document is not None
        assert verdict.document["projects"][1] == previous["projects"][1]
        assert codes(verdict) == [("project", "beta", "schema")]

    def test_a_blank_name_in_one_language_is_no_fault(self) -> None:
        assert run(make_document(spreads=[make_spread("one", name={"ru": "Карта", "en": ""})])).problems == ()

    def test_a_doubled_key_keeps_the_first(self) -> None:
        verdict = run(make_document(spreads=[make_spread("one"), make_spread("one", cost=5)]))
        assert verdict.document is not None
        assert [row["cost"] for row in verdict.document["spreads"]] == [1]
        assert codes(verdict) == [("spread", "one", "duplicate_key")]

    def test_doubled_positions_break_the_spread(self) -> None:
        twice = make_spread("two")
        twice["positions"] = twice["positions"] * 2
        verdict = run(make_document(spreads=[make_spread("one"), twice]))
        assert verdict.document is not None
        assert keys(verdict.document["spreads"]) == ["one"]
        assert codes(verdict) == [("spread", "two", "duplicate_key")]

    @pytest.mark.parametrize("rubbish", [None, 1, "x", [], {}, {"key": "a\u0000b"}, {"key": ["x"]}, {"key": {"x": 1}}])
    def test_rubbish_in_a_list_is_reported_and_left_out(self, rubbish: Any) -> None:
        for name in ("projects", "spreads", "decks", "packages", "tombstones"):
            document = make_document()
            document[name] = [*document[name], rubbish]
            verdict = run(document)
            assert verdict.document is not None
            assert len(verdict.document["projects"]) == 2
            assert verdict.problems
            assert "\u0000" not in "".join(problem.key for problem in verdict.problems)

    def test_a_zero_byte_in_a_text_is_a_fault(self) -> None:
        verdict = run(make_document(spreads=[make_spread("one"), make_spread("two", name={"ru": "a\u0000b"})]))
        assert codes(verdict) == [("spread", "two", "schema")]

    def test_problems_never_quote_a_value(self) -> None:
        bot = {**sealed_bot(PUBLIC, "alpha"), "sealed_token": "not base64 but secret!"}
        verdict = run(make_document(projects=[make_project("alpha", bot=bot), make_project("beta")]))
        assert codes(verdict) == [("project", "alpha", "schema")]
        assert "secret" not in verdict.problems[0].ru + verdict.problems[0].en

    def test_the_number_of_problems_is_bounded(self) -> None:
        spreads = [make_spread("one"), *(make_spread(f"s{number}", cost=0) for number in range(1000))]
        assert len(run(make_document(spreads=spreads)).problems) == 200


class TestWholeDocument:
    @pytest.mark.parametrize(
        "received",
        [None, [], "catalogue", 1, {}, {"schema": 1}, make_document(schema=2), make_document(spreads=None)],
        ids=repr,
    )
    def test_rubbish_is_refused(self, received: Any) -> None:
        verdict = run(received)
        assert verdict.document is None
        assert verdict.problems
        assert {problem.kind for problem in verdict.problems} == {"document"}

    def test_half_a_document_is_refused(self) -> None:
        document = make_document()
        del document["decks"]
        assert run(document).document is None

    @pytest.mark.parametrize("missing", ["spreads", "decks"])
    def test_projects_that_refer_to_nothing_at_all_are_half_a_document(self, missing: str) -> None:
        verdict = run(make_document(**{missing: []}), good(make_document()))
        assert verdict.document is None
        assert verdict.problems[0].path == f"/{missing}"

    def test_an_empty_document_does_not_replace_a_good_one(self) -> None:
        empty = make_document(projects=[], spreads=[], decks=[])
        assert run(empty, good(make_document())).document is None

    def test_an_empty_document_is_fine_for_a_new_store(self) -> None:
        assert run(make_document(projects=[], spreads=[], decks=[])).document is not None

    def test_the_last_project_may_be_deleted(self) -> None:
        previous = good(make_document(projects=[make_project("alpha")]))
        tombstones = [{"kind": "project", "key": "alpha"}]
        document = good(make_document(projects=[], tombstones=tombstones), previous=previous)
        assert document["projects"] == []


class TestReferences:
    def test_a_package_of_another_project_is_not_offered(self) -> None:
        document = make_document(packages=[make_package("ten", "beta")])
        document["projects"][0]["packages"] = ["ten"]
        document["projects"][1]["packages"] = ["ten"]
        verdict = run(document)
        assert verdict.document is not None
        assert [row["packages"] for row in verdict.document["projects"]] == [[], ["ten"]]
        assert codes(verdict) == [("project", "alpha", "unknown_reference")]

    def test_a_package_of_no_project_is_left_out(self) -> None:
        verdict = run(make_document(packages=[make_package("ten", "gamma")]))
        assert verdict.document is not None
        assert verdict.document["packages"] == []
        assert codes(verdict) == [("package", "ten", "unknown_reference")]


class TestDisappearing:
    def test_what_an_older_release_accepted_is_not_trusted(self) -> None:
        odd: dict[str, Any] = {"projects": [{}, {"key": 5}], "decks": [make_deck("small", cards=[{}])]}
        document = good(make_document(projects=[make_project("alpha")]), previous=odd)
        assert keys(document["projects"]) == ["alpha"]

    def test_a_missing_project_stays_with_what_it_needs(self) -> None:
        previous = good(
            make_document(
                projects=[make_project("alpha"), make_project("beta", spreads=["two"], packages=["ten"])],
                packages=[make_package("ten", "beta")],
            )
        )
        document = make_document(version="v2", projects=[make_project("alpha")], spreads=[make_spread("one")])
        verdict = run(document, previous)
        assert verdict.document is not None
        assert verdict.document["projects"][1] == previous["projects"][1]
        assert keys(verdict.document["spreads"]) == ["one", "two"]
        assert keys(verdict.document["packages"]) == ["ten"]
        assert codes(verdict) == [("project", "beta", "missing_without_tombstone")]

    def test_a_tombstone_takes_it_away(self) -> None:
        document = make_document(projects=[make_project("alpha")], tombstones=[{"kind": "project", "key": "beta"}])
        verdict = run(document, good(make_document()))
        assert verdict.document is not None
        assert keys(verdict.document["projects"]) == ["alpha"]
        assert verdict.problems == ()

    def test_a_project_that_came_back_outweighs_its_tombstone(self) -> None:
        document = make_document(tombstones=[{"kind": "project", "key": "beta"}])
        assert keys(good(document)["projects"]) == ["alpha", "beta"]

    def test_a_broken_project_with_a_tombstone_goes(self) -> None:
        document = make_document(
            projects=[make_project("alpha"), make_project("beta", languages=[])],
            tombstones=[{"kind": "project", "key": "beta"}],
        )
        assert keys(good(document, previous=good(make_document()))["projects"]) == ["alpha"]


class TestSlugs:
    def test_the_slug_of_a_project_that_was_live_is_fixed(self) -> None:
        document = make_document(projects=[make_project("alpha", slug="better"), make_project("beta")])
        verdict = run(document, known={"alpha": KnownProject("alpha", True)})
        assert verdict.document is not None
        assert verdict.document["projects"][0]["slug"] == "alpha"
        assert codes(verdict) == [("project", "alpha", "slug_changed")]

    def test_the_slug_of_a_draft_may_change(self) -> None:
        document = make_document(projects=[make_project("alpha", slug="better"), make_project("beta")])
        verdict = run(document, known={"alpha": KnownProject("alpha", False)})
        assert verdict.problems == ()
        assert verdict.document is not None
        assert verdict.document["projects"][0]["slug"] == "better"

    @pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS)[:3])
    def test_reserved_names_are_refused(self, slug: str) -> None:
        verdict = run(make_document(projects=[make_project("alpha", slug=slug), make_project("beta")]))
        assert verdict.document is not None
        assert keys(verdict.document["projects"]) == ["beta"]
        assert codes(verdict) == [("project", "alpha", "slug_reserved")]

    def test_a_slug_goes_to_whom_it_was_promised(self) -> None:
        document = make_document(projects=[make_project("alpha", slug="beta"), make_project("beta")])
        verdict = run(document, known={"beta": KnownProject("beta", True)})
        assert verdict.document is not None
        assert keys(verdict.document["projects"]) == ["beta"]
        assert codes(verdict) == [("project", "alpha", "slug_reserved")]

    @pytest.mark.parametrize("slug", ["-a", "a-", "A", "a_b", "а", "a/b", "", "x" * 41])
    def test_odd_slugs_break_the_schema(self, slug: str) -> None:
        verdict = run(make_document(projects=[make_project("alpha", slug=slug), make_project("beta")]))
        assert codes(verdict) == [("project", "alpha", "schema")]


class TestBots:
    def test_a_sealed_token_is_opened(self) -> None:
        bot = sealed_bot(PUBLIC, "alpha", number=7000000005)
        verdict = run(make_document(projects=[make_project("alpha", bot=bot), make_project("beta")]))
        assert verdict.problems == ()
        assert verdict.bots == {"alpha": 7000000005}

    def test_the_number_comes_from_the_token(self) -> None:
        bot = {**sealed_bot(PUBLIC, "alpha", number=7000000005), "id": 1}
        document = good(make_document(projects=[make_project("alpha", bot=bot), make_project("beta")]))
        assert document["projects"][0]["bot"]["id"] == 7000000005

    def test_a_token_sealed_for_another_project_is_worthless(self) -> None:
        pasted = sealed_bot(PUBLIC, "alpha")
        verdict = run(make_document(projects=[make_project("alpha"), make_project("beta", bot=pasted)]))
        assert verdict.document is not None
        assert verdict.document["projects"][1]["bot"] is None
        assert verdict.bots == {}
        assert codes(verdict) == [("project", "beta", "token_unreadable")]

    def test_a_token_for_a_lost_key_leaves_the_former_bot(self) -> None:
        first = sealed_bot(PUBLIC, "alpha", number=7000000005)
        previous = good(make_document(projects=[make_project("alpha", bot=first), make_project("beta")]))
        lost = sealed_bot(Keyring.generate().current.public, "alpha", number=7000000006)
        verdict = run(make_document(projects=[make_project("alpha", bot=lost), make_project("beta")]), previous)
        assert verdict.bots == {"alpha": 7000000005}
        assert codes(verdict) == [("project", "alpha", "token_unreadable")]

    def test_one_bot_serves_one_project(self) -> None:
        projects = [make_project(key, bot=sealed_bot(PUBLIC, key)) for key in ("alpha", "beta")]
        verdict = run(make_document(projects=projects))
        assert verdict.bots == {"alpha": 7000000001}
        assert codes(verdict) == [("project", "beta", "duplicate_bot")]

    def test_whoever_had_the_bot_keeps_it(self) -> None:
        beta = make_project("beta", bot=sealed_bot(PUBLIC, "beta"))
        previous = good(make_document(projects=[make_project("alpha"), beta]))
        projects = [make_project(key, bot=sealed_bot(PUBLIC, key)) for key in ("alpha", "beta")]
        verdict = run(make_document(projects=projects), previous)
        assert verdict.bots == {"beta": 7000000001}
        assert codes(verdict) == [("project", "alpha", "duplicate_bot")]

    def test_a_bot_may_move(self) -> None:
        alpha = make_project("alpha", bot=sealed_bot(PUBLIC, "alpha"))
        previous = good(make_document(projects=[alpha, make_project("beta")]))
        beta = make_project("beta", bot=sealed_bot(PUBLIC, "beta"))
        verdict = run(make_document(projects=[make_project("alpha"), beta]), previous)
        assert verdict.problems == ()
        assert verdict.bots == {"beta": 7000000001}

    @pytest.mark.parametrize("token", ["", "no colon", "12:short", 5, None, ["x"]])
    def test_what_is_no_token_is_refused(self, token: Any) -> None:
        sealed = KEYRING.seal(json.dumps({"project": "alpha", "key_id": "k", "token": token}))
        bot = {"id": None, "username": None, "sealed_token": sealed, "key_id": "k"}
        verdict = run(make_document(projects=[make_project("alpha", bot=bot), make_project("beta")]))
        assert codes(verdict) == [("project", "alpha", "token_unreadable")]
