"""Amounts and their decimal form, to the last digit."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit import money

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "the plugin": (ROOT / "wordpress-plugin/src/Catalogue/Money.php", r"const {name} = \[(.*?)\];"),
    "the Mini App": (ROOT / "miniapp/src/i18n/money.ts", r"const {name}[^=]*= new Set\(\[(.*?)\]\);"),
}


class TestDecimals:
    @pytest.mark.parametrize(
        ("amount", "currency", "text"),
        [
            (1000, "RUB", "10.00"),
            (5, "USD", "0.05"),
            (0, "EUR", "0.00"),
            (1000, "JPY", "1000"),
            (1000, "KWD", "1.000"),
            (7, "BHD", "0.007"),
            (350, "XTR", "350"),
            (-1050, "RUB", "-10.50"),
        ],
    )
    def test_to_decimal(self, amount: int, currency: str, text: str) -> None:
        assert money.to_decimal(amount, currency) == text

    @given(st.integers(0, 10**12 - 1), st.sampled_from(["RUB", "JPY", "KWD", "XTR"]))
    def test_there_and_back(self, amount: int, currency: str) -> None:
        assert money.from_decimal(money.to_decimal(amount, currency), currency) == amount

    @pytest.mark.parametrize(("text", "amount"), [("10", 1000), ("10.5", 1050), ("10.5000", 1050), ("010.00", 1000)])
    def test_other_spellings_of_the_same_sum(self, text: str, amount: int) -> None:
        assert money.from_decimal(text, "RUB") == amount

    @pytest.mark.parametrize("text", ["", "10.001", "-1", "1e3", "10,00", " 10", "1_0", "٣", "10.", "NaN", "1" * 13])
    def test_what_is_no_sum_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"amount|decimals"):
            money.from_decimal(text, "RUB")

    @pytest.mark.parametrize("place", ELSEWHERE)
    def test_all_parts_count_alike(self, place: str) -> None:
        path, pattern = ELSEWHERE[place]
        source = path.read_text(encoding="utf-8")
        for name in ("NO_DECIMALS", "THREE_DECIMALS"):
            block = re.search(pattern.replace("{name}", name), source, re.DOTALL)
            assert block is not None
            assert set(re.findall(r"'([A-Z]{3})'", block[1])) == getattr(money, name)
