"""Our OAuth 1.0a header agrees with the code that WooCommerce's own client package signs with."""

import base64
import hmac
import re
from urllib.parse import unquote

import pytest
from woocommerce.oauth import OAuth

from app.woocommerce.oauth import authorization

KEY, SECRET = "ck_" + "k" * 40, "cs_" + "s" * 40


def fields(header: str) -> dict[str, str]:
    assert header.startswith("OAuth ")
    return {name: unquote(value) for name, value in re.findall(r'(oauth_\w+)="([^"]*)"', header)}


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_the_signature_is_the_one_that_woocommerce_expects(method: str) -> None:
    url = "http://shop.example:8080/wp-json/wc-arcana/v1/catalogue"
    sent = fields(authorization(method, url, consumer_key=KEY, consumer_secret=SECRET))
    signature = sent.pop("oauth_signature")
    expected = OAuth(url, KEY, SECRET, version="wc/v3", method=method).generate_oauth_signature(sent, url)
    assert signature == (expected.decode() if isinstance(expected, bytes) else expected)


def test_the_query_of_plain_permalinks_is_signed_too() -> None:
    # The package leaves slashes as they are, which WooCommerce itself does not: so its own steps, spelt out.
    url = "http://shop.example/?rest_route=/wc-arcana/v1/catalogue"
    header = authorization("GET", url, consumer_key=KEY, consumer_secret=SECRET, nonce="n1", timestamp=1700000000)
    base = (
        "GET&http%3A%2F%2Fshop.example%2F&"
        f"oauth_consumer_key%3D{KEY}%26oauth_nonce%3Dn1%26oauth_signature_method%3DHMAC-SHA256"
        "%26oauth_timestamp%3D1700000000%26rest_route%3D%252Fwc-arcana%252Fv1%252Fcatalogue"
    )
    expected = base64.b64encode(hmac.digest(f"{SECRET}&".encode(), base.encode(), "sha256")).decode()
    assert fields(header)["oauth_signature"] == expected


def test_every_request_has_a_nonce_of_its_own_and_the_secret_stays_here() -> None:
    headers = [authorization("GET", "http://x.example/", consumer_key=KEY, consumer_secret=SECRET) for _ in range(2)]
    assert fields(headers[0])["oauth_nonce"] != fields(headers[1])["oauth_nonce"]
    assert all(SECRET not in header for header in headers)
