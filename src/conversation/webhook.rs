//! What a shop's other programs are told, by name.

use super::{Event, EventKind};

/// One kind of notice to another program. The names are Chatwoot's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhook {
    /// A conversation began.
    ConversationCreated,
    /// It changed hands.
    ConversationStatusChanged,
    /// Something else about it changed.
    ConversationUpdated,
    /// A message was stored.
    MessageCreated,
    /// A message changed.
    MessageUpdated,
    /// A shopper opened the widget.
    WebwidgetTriggered,
}

impl Webhook {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ConversationCreated,
        Self::ConversationStatusChanged,
        Self::ConversationUpdated,
        Self::MessageCreated,
        Self::MessageUpdated,
        Self::WebwidgetTriggered,
    ];

    /// The stable name in settings, payloads and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConversationCreated => "conversation_created",
            Self::ConversationStatusChanged => "conversation_status_changed",
            Self::ConversationUpdated => "conversation_updated",
            Self::MessageCreated => "message_created",
            Self::MessageUpdated => "message_updated",
            Self::WebwidgetTriggered => "webwidget_triggered",
        }
    }

    /// The one of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|webhook| webhook.as_str() == name)
    }

    /// What an event of the log is told as, in this order. The first event of a conversation tells two things.
    pub fn of(event: &Event) -> impl Iterator<Item = Self> {
        let begins = (event.seq == 1).then_some(Self::ConversationCreated);
        let own = match event.kind {
            EventKind::MessageCreated(_) => Self::MessageCreated,
            EventKind::MessageUpdated(_) => Self::MessageUpdated,
            EventKind::StatusChanged { .. } => Self::ConversationStatusChanged,
            EventKind::Updated(_) | EventKind::Rated { .. } => Self::ConversationUpdated,
        };
        begins.into_iter().chain([own])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{Actor, ConversationId, Status, Update};
    use crate::support::Timestamp;

    #[test]
    fn a_webhook_survives_its_name() {
        for webhook in Webhook::ALL {
            assert_eq!(Webhook::parse(webhook.as_str()), Some(webhook));
        }
        assert_eq!(Webhook::parse("message.created"), None);
    }

    #[test]
    fn the_first_event_of_a_conversation_tells_that_it_began() {
        let check = |seq: i64, kind: EventKind, expect: &[Webhook]| {
            let id = ConversationId(uuid::Uuid::nil());
            let event = Event { id: 9, conversation_id: id, seq, actor: Actor::Shopper, at: Timestamp::UNIX_EPOCH, kind };
            assert_eq!(Webhook::of(&event).collect::<Vec<_>>(), expect, "{event:?}");
        };
        let status = || EventKind::StatusChanged { from: Status::Pending, to: Status::Open, assignee: None, reason: "asked".to_owned() };
        check(1, status(), &[Webhook::ConversationCreated, Webhook::ConversationStatusChanged]);
        check(2, status(), &[Webhook::ConversationStatusChanged]);
        check(3, EventKind::Updated(Update::EmailLeft), &[Webhook::ConversationUpdated]);
        check(4, EventKind::Rated { rating: 5, comment: None }, &[Webhook::ConversationUpdated]);
    }
}
