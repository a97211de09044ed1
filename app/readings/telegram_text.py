"""Texts of the AI as Telegram HTML, in messages that Telegram takes."""

import re
from html import escape

# Telegram counts UTF-16 units after the markup is read; counting the markup too errs on the safe side.
MESSAGE_CHARACTERS = 4096
# Longer paragraphs are divided before they are marked up, at the end of a sentence where there is one. Twice as many
# UTF-16 units, if all were emoji, still fit into a message.
PARAGRAPH_CHARACTERS = 1900

HEADING = re.compile(r"#{1,6}\s+")
SENTENCE_END = re.compile(r"[.!?…»\"]\s")


def blocks(text: str) -> list[str]:
    """Paragraphs as Telegram HTML. Knows blank lines, `# headings` and `**bold**`, like the Mini App; everything else
    is plain text, never markup."""
    paragraphs = (part.strip() for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")))
    return [_marked_up(piece) for paragraph in paragraphs if paragraph for piece in _divided(paragraph)]


def _marked_up(paragraph: str) -> str:
    heading = HEADING.match(paragraph)
    body = paragraph[heading.end() :] if heading else paragraph
    if body.endswith("*") and not body.endswith("**"):
        # Half of a pair that is still being written.
        body = body[:-1]
    runs = [(run, heading is not None or index % 2 == 1) for index, run in enumerate(body.split("**")) if run]
    return "".join(f"<b>{escape(run, quote=False)}</b>" if bold else escape(run, quote=False) for run, bold in runs)


def _divided(paragraph: str) -> list[str]:
    pieces = []
    while len(paragraph) > PARAGRAPH_CHARACTERS:
        head = paragraph[:PARAGRAPH_CHARACTERS]
        ends = [match.end() for match in SENTENCE_END.finditer(head)]
        cut = ends[-1] if ends else head.rfind(" ") + 1 or PARAGRAPH_CHARACTERS
        pieces.append(paragraph[:cut].strip())
        paragraph = paragraph[cut:].strip()
    return [*pieces, paragraph]


def length(markup: str) -> int:
    """In UTF-16 units, the way Telegram counts."""
    return len(markup.encode("utf-16-le")) // 2


def messages(parts: list[str], *, limit: int = MESSAGE_CHARACTERS) -> list[str]:
    """Blocks joined into as few messages as hold them, cut only between blocks."""
    joined: list[str] = []
    for block in parts:
        if joined and length(joined[-1]) + length(block) + 2 <= limit:
            joined[-1] += "\n\n" + block
        else:
            joined.append(block)
    return joined


def tail(parts: list[str], *, limit: int = MESSAGE_CHARACTERS) -> str:
    """What fits into one message of the end of a text, for a draft that grows."""
    kept: list[str] = []
    room = limit - 4
    for block in reversed(parts):
        room -= length(block) + 2
        if room < 0:
            break
        kept.insert(0, block)
    return "\n\n".join(kept if len(kept) == len(parts) else ["…", *kept])
