"""Cutting texts for places that take no more, as Telegram counts characters."""


def clip(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units, as Telegram counts. Cut after a sentence if one ends in the second half, else
    after a word, with an ellipsis."""
    if _units(text) <= limit:
        return text
    kept = text
    while _units(kept) > limit - 1:
        kept = kept[: len(kept) - max(1, (_units(kept) - limit + 1) // 2)]
    sentence = max(kept.rfind(end + after) for end in ".!?…" for after in " \n")
    if sentence >= len(kept) // 2:
        return kept[: sentence + 1]
    word = max(kept.rfind(space) for space in " \n")
    return (kept[:word] if word >= len(kept) // 2 else kept).rstrip(" \n,.;:—–-") + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
