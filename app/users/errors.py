from app.errors import ArcanaError


class InitDataInvalid(ArcanaError):
    status, code, detail = 401, "init_data_invalid", "Telegram did not sign this."


class InitDataExpired(ArcanaError):
    status, code, detail = 401, "init_data_expired", "This sign-in is too old; open the app again."


class ProjectNotFound(ArcanaError):
    status, code, detail = 404, "project_not_found", "There is no such project."


class RefreshTokenInvalid(ArcanaError):
    status, code, detail = 401, "refresh_token_invalid", "This session has ended; sign in again."


class RefreshTokenReused(ArcanaError):
    status, code, detail = 401, "refresh_token_reused", "This session was used twice and has been ended."


class UserBlocked(ArcanaError):
    status, code, detail = 403, "user_blocked", "Access was closed by the project's staff."


class ConsentRequired(ArcanaError):
    status, code, detail = 403, "consent_required", "Agree to the notice first."


class LanguageNotSpoken(ArcanaError):
    """`languages` are those that the project speaks."""

    status, code, detail = 422, "language_not_spoken", "This project does not speak that language."


class LoginCodeInvalid(ArcanaError):
    status, code, detail = 401, "login_code_invalid", "This link was used already or is too old."
