"""An answer that only has to be sent: every header and every byte of it ready."""

from app.catalogue.bodies import SUFFIXES, CatalogueBody, Headers, header_list


class WarmAnswer:
    """`full` (headers, bytes) and `not_modified` (headers) by encoding; only the request id is missing."""

    __slots__ = ("body", "full", "is_deck", "not_modified")

    def __init__(self, body: CatalogueBody, *, is_deck: bool) -> None:
        self.body = body
        self.is_deck = is_deck
        self.full: dict[str, tuple[Headers, bytes]] = {
            encoding: (header_list(body, encoding, not_modified=False), body.content(encoding)) for encoding in SUFFIXES
        }
        self.not_modified: dict[str, Headers] = {
            encoding: header_list(body, encoding, not_modified=True) for encoding in SUFFIXES
        }
