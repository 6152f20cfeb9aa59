"""The event keys of an account: the 65 documented ones and one for each custom field (5.11)."""

from sandbox.records import Json
from sandbox.world import World

ENTITY_EVENTS = ("added", "deleted", "restored", "linked", "unlinked")
KEYS = (
    *(f"{entity}_{what}" for entity in ("lead", "contact", "company") for what in ENTITY_EVENTS),
    "lead_status_changed", "task_added", "task_deleted", "task_completed", "task_type_changed",
    "task_text_changed", "task_deadline_changed", "task_result_added", "incoming_call",
    "outgoing_call", "incoming_mail", "outgoing_mail", "incoming_chat_message",
    "outgoing_chat_message", "entity_direct_message", "incoming_sms", "outgoing_sms",
    "talk_created", "talk_closed", "conversation_answered", "talk_missed_event",
    "meta_chat_subscription_added", "meta_chat_subscription_removed", "page_mention",
    "entity_tag_added", "entity_tag_deleted", "entity_linked", "entity_unlinked", "entity_merged",
    "sale_field_changed", "name_field_changed", "ltv_field_changed", "custom_field_value_changed",
    "entity_responsible_changed", "robot_replied", "intent_identified", "ai_result",
    "nps_rate_added", "link_followed", "key_action_completed", "zoom_conference",
    "dropbox_attachment", "video_opened", "video_closed", "picture_opened", "picture_closed",
    "common_note_added", "common_note_deleted", "attachment_note_added",
    "targeting_in_note_added", "targeting_out_note_added", "geo_note_added", "service_note_added",
    "site_visit_note_added", "message_to_cashier_note_added", "customer_added",
    "customer_deleted",
)  # fmt: skip
OF_FIELD = 999
"""`type` of every custom_field_{id}_value_changed in the sample."""


def event_types(world: World) -> list[Json]:
    """[{"key", "type", "lang"}]; the numbers are invented but for the sample's."""
    fields = {
        key: table.live[key].open().get("name")
        for table in world.of("kommo")
        if table.spec.path.endswith("/custom_fields")
        for key in table.ids
    }
    plain = [
        {"key": key, "type": number, "lang": key.replace("_", " ").capitalize()}
        for number, key in enumerate(KEYS, 1)
    ]
    own = [
        {"key": f"custom_field_{key}_value_changed", "type": OF_FIELD, "lang": f"Campo «{name}»"}
        for key, name in sorted(fields.items())
    ]
    return plain + own
