"""Who is in a group and what he may do there, as `ChatMember` shows it (core.telegram.org/bots/api#chatmember)."""

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]

ADMINISTRATOR_RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
    "can_delete_stories", "can_send_welcome_messages", "can_pin_messages", "can_manage_topics", "can_manage_tags",
)  # fmt: skip
# What `ChatMemberAdministrator` always carries; the rest is there for groups.
PERMISSIONS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_react_to_messages", "can_edit_tag", "can_change_info", "can_invite_users",
    "can_pin_messages", "can_manage_topics",
)  # fmt: skip
# What an ordinary member of a fresh group may do.
DEFAULT_PERMISSIONS = {
    **dict.fromkeys(PERMISSIONS, True),
    "can_change_info": False,
    "can_pin_messages": False,
    "can_manage_topics": False,
}
INSIDE = frozenset({"creator", "administrator", "member"})


@dataclass(slots=True)
class Member:
    """`rights` are those of an administrator, or the permissions of a restricted member."""

    user: dict[str, Any]
    status: Status = "member"
    rights: dict[str, bool] = field(default_factory=dict)
    custom_title: str | None = None

    @property
    def inside(self) -> bool:
        return self.status in INSIDE or (self.status == "restricted" and self.rights.get("is_member", True))

    @property
    def administrator(self) -> bool:
        return self.status in ("creator", "administrator")

    def may(self, right: str, *, permissions: dict[str, bool]) -> bool:
        """Whether a right is given by the office, or to everybody by the group's `permissions`."""
        if self.status == "creator":
            return True
        if self.status == "administrator":
            return self.rights.get(right, False) or right.startswith("can_send") or right == "can_react_to_messages"
        if self.status == "restricted":
            return self.inside and self.rights.get(right, False)
        return self.inside and permissions.get(right, False)

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"user": self.user, "status": self.status}
        if self.status == "creator":
            body["is_anonymous"] = False
        elif self.status == "administrator":
            body |= {"can_be_edited": False, "is_anonymous": self.rights.get("is_anonymous", False)}
            body |= {right: self.rights.get(right, False) for right in ADMINISTRATOR_RIGHTS}
            # Every administrator has this one.
            body["can_manage_chat"] = True
        elif self.status == "restricted":
            body |= {"is_member": self.inside, "until_date": 0}
            body |= {permission: self.rights.get(permission, False) for permission in PERMISSIONS}
        elif self.status == "kicked":
            body["until_date"] = 0
        if self.custom_title and self.administrator:
            body["custom_title"] = self.custom_title
        return body
