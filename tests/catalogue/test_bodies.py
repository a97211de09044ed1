"""Encodings, ETags and the packed form of finished bodies."""

import gzip

import brotli
import pytest

from app.catalogue.bodies import CatalogueBody, choose_encoding, finish, matches

BODY = finish({"text": "карты " * 100})


class TestFinish:
    def test_every_encoding_holds_the_same_bytes(self) -> None:
        assert brotli.decompress(BODY.br) == gzip.decompress(BODY.gzip) == BODY.identity

    def test_every_encoding_has_an_etag_of_its_own(self) -> None:
        etags = {BODY.etag(encoding) for encoding in ("br", "gzip", "identity")}
        assert len(etags) == 3
        assert all(etag.startswith('"') for etag in etags)

    def test_the_same_value_gives_the_same_bytes(self) -> None:
        assert finish({"text": "карты " * 100}) == BODY
        assert finish({"text": "карты " * 100}, BODY) is BODY
        assert finish({"text": "другое"}, BODY) is not BODY

    def test_packed_and_unpacked(self) -> None:
        assert CatalogueBody.unpack(BODY.pack()) == BODY

    @pytest.mark.parametrize("packed", [b"", b"x" * 10, b"x" * 100, BODY.pack()[:-500][:60]])
    def test_a_damaged_packet_is_noticed(self, packed: bytes) -> None:
        with pytest.raises(ValueError):
            CatalogueBody.unpack(packed)


class TestChooseEncoding:
    @pytest.mark.parametrize(
        ("accept", "encoding"),
        [
            (b"", "identity"),
            (b"br", "br"),
            (b"gzip", "gzip"),
            (b"gzip, deflate, br, zstd", "br"),
            (b"gzip;q=1.0, br;q=0.5", "gzip"),
            (b"br;q=0, gzip", "gzip"),
            (b"br;q=0, gzip;q=0", "identity"),
            (b"*", "br"),
            (b"*;q=0", "identity"),
            (b"identity", "identity"),
            (b"identity;q=1, gzip;q=0.5", "identity"),
            (b"BR", "br"),
            (b"br;q=rubbish", "identity"),
            (b"deflate", "identity"),
            (b";;,,=", "identity"),
            (b"\xff\xfe", "identity"),
        ],
    )
    def test_it_follows_the_clients_wish(self, accept: bytes, encoding: str) -> None:
        assert choose_encoding(accept) == encoding


class TestMatches:
    def test_any_representation_counts(self) -> None:
        for encoding in ("br", "gzip", "identity"):
            assert matches(BODY.etag(encoding).encode(), BODY.digest)  # type: ignore[arg-type]  # a literal

    def test_weak_tags_lists_and_the_star(self) -> None:
        tag = BODY.etag("br").encode()
        assert matches(b"W/" + tag, BODY.digest)
        assert matches(b'"other", ' + tag, BODY.digest)
        assert matches(b" * ", BODY.digest)

    @pytest.mark.parametrize("header", [b"", b'""', b'"other"', BODY.digest.encode(), b'"other-br"'])
    def test_others_do_not(self, header: bytes) -> None:
        assert not matches(header, BODY.digest)
