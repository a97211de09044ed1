"""The model profiles: does each server answer, take our key, and know the model?"""

import asyncio

import httpx

from app.catalogue.repository import CatalogueRepository
from app.doctor.findings import Finding, Patient, broken, ok, warning
from app.kit import json
from app.settings import ModelProfile


async def profiles(patient: Patient) -> list[Finding]:
    """One finding a profile, and one for each project whose profile is not there."""
    configured = patient.settings.model_profiles
    if not configured:
        text = "no profile is set: readings are composed from the deck's own meanings, and say so"
        return [warning("Models", text, "Set MODEL_PROFILES, see .env.example.")]
    async with httpx.AsyncClient(timeout=httpx.Timeout(15, connect=5)) as client:
        findings = list(await asyncio.gather(*(_profile(client, *pair) for pair in configured.items())))
    if "default" not in configured:
        text = "there is no profile 'default', which serves every project that chooses none"
        findings.append(warning("Models", text, "Add it to MODEL_PROFILES."))
    return [*findings, *await _chosen(patient)]


async def _profile(client: httpx.AsyncClient, name: str, profile: ModelProfile) -> Finding:
    subject = f"Model profile '{name}'"
    key = profile.api_key.get_secret_value()
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        answer = await client.get(f"{profile.base_url.rstrip('/')}/models", headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        text = f"its server does not answer ({type(error).__name__})"
        return broken(subject, text, "Check its base_url; until then readings are composed without a model.")
    if answer.status_code in (401, 403):
        return broken(subject, "its server refuses the key", "Set the profile's api_key.")
    if answer.status_code in (404, 405, 501):
        return ok(subject, f"its server answers, but lists no models: whether it knows {profile.model} is open")
    if answer.status_code != 200:
        return broken(subject, f"its server answers with status {answer.status_code}", "Look at its side.")
    try:
        known = {str(model["id"]) for model in json.loads(answer.content)["data"]}
    except (ValueError, KeyError, TypeError):
        return broken(subject, "its server answers, but not as an OpenAI-compatible one", "Check its base_url.")
    if profile.model not in known:
        return warning(subject, f"its server does not list the model {profile.model}", "Check the profile's model.")
    return ok(subject, f"{profile.model} answers")


async def _chosen(patient: Patient) -> list[Finding]:
    assert patient.database is not None  # noqa: S101 - for the type checker: this check runs with a database
    async with patient.database.connection() as connection:
        repository = CatalogueRepository(connection)
        state = await repository.serving()
        stored = await repository.document(state) if state else None
    return [
        warning(
            f"Project '{project['key']}'",
            f"it chooses the model profile '{project['model_profile']}', which is not set",
            "Add the profile to MODEL_PROFILES, or choose another in WordPress.",
        )
        for project in (stored.document["projects"] if stored else ())
        if project.get("model_profile") and project["model_profile"] not in patient.settings.model_profiles
    ]
