"""A signed initData for a browser outside Telegram. Mounted in demo mode only."""

from fastapi import APIRouter, Request, Response

from app.container import container
from app.kit.http import error_responses, json_response
from app.users import init_data, schemas
from app.users.endpoints import limit_sign_in
from app.users.errors import ProjectNotFound
from app.users.init_data import TelegramPerson

router = APIRouter(prefix="/api/v1/dev", tags=["development"])


@router.post("/init-data", response_model=schemas.InitData, responses=error_responses(), summary="Sign initData")
async def sign_init_data(body: schemas.DevelopmentInitData, request: Request) -> Response:
    limit_sign_in(request)
    project = container(request).catalogue.library().project_by_slug(body.project)
    if project is None or project.bot is None:
        raise ProjectNotFound
    user = body.user
    person = TelegramPerson(user.id, user.first_name, None, user.username, user.language_code, place=body.place)
    return json_response({"init_data": init_data.sign(person, bot_token=project.bot.token.get_secret_value())})
