from app.errors import ArcanaError


class ReadingNotFound(ArcanaError):
    status, code, detail = 404, "reading_not_found", "There is no such reading."


class QuestionNotFound(ArcanaError):
    status, code, detail = 404, "question_not_found", "There is no such question."


class SpreadNotFound(ArcanaError):
    status, code, detail = 404, "spread_not_found", "This project has no such spread."


class DeckNotFound(ArcanaError):
    status, code, detail = 404, "deck_not_found", "This project has no such deck."


class PicksInvalid(ArcanaError):
    status, code, detail = (
        422,
        "picks_invalid",
        "Pick as many different places of the fan as the spread has positions.",
    )


class AlreadyDrawn(ArcanaError):
    status, code, detail = 409, "already_drawn", "The cards of this reading were drawn already."


class ReadingExpired(ArcanaError):
    status, code, detail = (
        409,
        "reading_expired",
        "This reading waited too long; what it held was given back.",
    )


class NotDrawn(ArcanaError):
    status, code, detail = 409, "not_drawn", "Draw the cards first."


class ReadingNotFinished(ArcanaError):
    status, code, detail = 409, "reading_not_finished", "The interpretation is not complete yet."


class QuestionInProgress(ArcanaError):
    status, code, detail = 409, "question_in_progress", "The last question is still being answered."


class ReadingInProgress(ArcanaError):
    status, code, detail = (
        409,
        "reading_in_progress",
        "The interpretation is being written; delete it afterwards.",
    )


class ChatClosed(ArcanaError):
    status, code, detail = 409, "chat_closed", "The bot may not write to you; open it in Telegram and press Start."
