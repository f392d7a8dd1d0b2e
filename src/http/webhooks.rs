//! Writes the bodies of webhooks in the shapes of the API.

use std::sync::Arc;

use async_trait::async_trait;

use super::dto::agent::TicketDto;
use super::dto::webhook::{ActorDto, RatingDto, StatusChangeDto, WebhookDto};
use super::dto::{self, Viewer};
use super::view::Names;
use crate::conversation::{Actor, Contact, Conversation, Conversations, Delivery, Event, EventKind, Subject};
use crate::desk::Desk;
use crate::identity::Agents;
use crate::jobs::webhooks::Render;
use crate::support::StoreError;

/// The bodies of webhooks. They say what agents see: the receivers are programs of the shop's own.
pub struct WebhookBodies {
    conversations: Arc<dyn Conversations>,
    desk: Arc<dyn Desk>,
    names: Names,
}

impl WebhookBodies {
    /// Bodies out of these stores.
    pub fn new(conversations: Arc<dyn Conversations>, desk: Arc<dyn Desk>, agents: Arc<dyn Agents>) -> Self {
        Self { conversations, desk, names: Names::new(agents) }
    }

    async fn ticket(&self, event: Option<&Event>) -> Result<Option<TicketDto>, StoreError> {
        let Some(event) = event else { return Ok(None) };
        match self.desk.ticket_of(event.conversation_id).await? {
            Some(ticket) => Ok(Some(self.names.ticket(&ticket).await?)),
            None => Ok(None),
        }
    }

    async fn actor(&self, actor: &Actor) -> Result<ActorDto, StoreError> {
        Ok(match actor {
            Actor::Shopper => ActorDto::Shopper,
            Actor::Bot { version } => ActorDto::Bot { version: version.clone() },
            Actor::Agent(id) => ActorDto::Agent { id: id.0, name: self.names.of(*id).await? },
            Actor::Rule(name) => ActorDto::Rule { name: name.clone() },
        })
    }

    async fn subject(&self, delivery: &Delivery, event: Option<&Event>) -> Result<Option<(Contact, Option<Conversation>)>, StoreError> {
        let conversation = match (event, delivery.subject) {
            (Some(event), _) => self.conversations.conversation(event.conversation_id).await?,
            (None, Subject::Contact(contact)) => self.conversations.conversation_of_contact(contact).await?,
            (None, Subject::Event(_)) => return Ok(None),
        };
        let contact = match (&conversation, delivery.subject) {
            (_, Subject::Contact(id)) => id,
            (Some(conversation), _) => conversation.contact_id,
            (None, _) => return Ok(None),
        };
        Ok(self.conversations.contact(contact).await?.map(|contact| (contact, conversation)))
    }
}

#[async_trait]
impl Render for WebhookBodies {
    async fn body(&self, delivery: &Delivery, event: Option<&Event>) -> Result<Option<String>, StoreError> {
        let Some((contact, conversation)) = self.subject(delivery, event).await? else { return Ok(None) };
        let conversation = match conversation {
            Some(conversation) => Some(self.names.conversation(&conversation).await?),
            None => None,
        };
        let mut body = WebhookDto {
            event: delivery.webhook.as_str(),
            delivery: delivery.id.0,
            at: dto::time(delivery.created_at),
            actor: self.actor(event.map_or(&Actor::Shopper, |event| &event.actor)).await?,
            seq: event.map(|event| event.seq),
            contact: (&contact).into(),
            conversation,
            message: None,
            change: None,
            ticket: None,
            update: None,
            rating: None,
        };
        match event.map(|event| &event.kind) {
            None => {}
            Some(EventKind::MessageCreated(message) | EventKind::MessageUpdated(message)) => {
                body.message = Some(self.names.message(message, Viewer::Agent).await?);
            }
            Some(EventKind::StatusChanged { from, to, reason, .. }) => {
                body.change = Some(StatusChangeDto { from: (*from).into(), to: (*to).into(), reason: reason.clone() });
                body.ticket = self.ticket(event).await?;
            }
            Some(EventKind::Updated(update)) => body.update = Some(update.as_str()),
            Some(EventKind::Rated { rating, comment }) => body.rating = Some(RatingDto { rating: *rating, comment: comment.clone() }),
        }
        Ok(Some(serde_json::to_string(&body).map_err(|fault| StoreError::Internal(format!("a webhook has no JSON form: {fault}")))?))
    }
}
