from app.errors import ArcanaError


class PhoneInvalid(ArcanaError):
    status, code, detail = 422, "phone_invalid", "This is not a telephone number that can be called."
