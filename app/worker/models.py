"""The beat's memory: which tick of each periodic job was enqueued last, over all processes."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Beat(Base):
    __tablename__ = "beats"

    name: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int]
    beaten_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
