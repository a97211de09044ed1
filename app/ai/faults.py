"""What can go wrong with a model, as one error with what the caller needs to decide."""

import openai

# A quota is not refilled by waiting.
_HOPELESS = ("insufficient_quota", "billing_hard_limit_reached")


class ModelFault(Exception):
    """`reason` is a stable word; nothing of what the server wrote is kept, for it may hold keys.

    `retryable`: the same call may succeed soon. `retry_after`: seconds the server asked for.
    `refusal`: the provider's own filter stopped the text.
    """

    def __init__(
        self,
        reason: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        refusal: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after
        self.refusal = refusal


def from_openai(error: openai.OpenAIError) -> ModelFault:
    """The fault behind an error of the `openai` package."""
    if isinstance(error, openai.APIConnectionError):
        return ModelFault("connection", retryable=True)
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        if error.code in ("content_filter", "content_policy_violation"):
            return ModelFault("content_filter", refusal=True)
        if status == 429:
            hopeless = error.code in _HOPELESS or error.type in _HOPELESS
            return ModelFault("status_429", retryable=not hopeless, retry_after=_retry_after(error))
        retryable = status >= 500 or status in (408, 409)
        return ModelFault(f"status_{status}", retryable=retryable, retry_after=_retry_after(error))
    return ModelFault("client", retryable=False)


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds from `retry-after-ms` or `retry-after`; a date there is answered by our own pause."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(error.response.headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    return None
