//! The desk: ticket lists, and what agents do.

use async_trait::async_trait;
use sqlx::FromRow;

use super::Backend;
use super::error::store_error;
use super::ledger::{Draft, Ledger};
use super::rows::{ConversationRow, MessageRow, MessageSlot, TicketRecord, conversation_columns, message_columns, ticket_columns};
use super::tickets;
use crate::conversation::{Actor, AgentId, Author, Conversation, ConversationId, Handoff, Message, Status};
use crate::desk::{AgentReply, Claim, Desk, DeskOutcome, PersonRequest, Queue, QueueCounts, Ticket, TicketRow};
use crate::support::StoreError;

/// A list of tickets with what the console shows of each.
macro_rules! select_tickets {
    ($($rest:literal),+) => {
        concat!(
            "SELECT ",
            ticket_columns!(),
            ", ",
            conversation_columns!(),
            ", ",
            message_columns!(),
            ", COALESCE(p.name, p.email) AS contact_name \
             FROM tickets t JOIN conversations c ON c.id = t.conversation_id JOIN contacts p ON p.id = c.contact_id \
             LEFT JOIN messages m ON m.id = \
             (SELECT l.id FROM messages l WHERE l.conversation_id = c.id AND l.author <> 'system' ORDER BY l.seq DESC LIMIT 1) WHERE ",
            $($rest),+
        )
    };
}

/// A list of open tickets: whoever waits stands before whoever does not, the longest first.
macro_rules! select_open_tickets {
    ($rest:literal) => {
        select_tickets!(
            $rest,
            " ORDER BY CASE WHEN c.waiting_since IS NULL THEN 1 ELSE 0 END, COALESCE(c.waiting_since, t.created_at), t.number LIMIT $1"
        )
    };
}

statements! {
    UNASSIGNED = select_open_tickets!("t.state = 'open' AND t.assignee_id IS NULL");
    MINE = select_open_tickets!("t.state = 'open' AND t.assignee_id = $2");
    OPEN = select_open_tickets!("t.state = 'open'");
    CLOSED = select_tickets!("t.state = 'closed' ORDER BY t.closed_at DESC, t.number DESC LIMIT $1");
    COUNTS = "SELECT COUNT(*) AS open_count, COUNT(CASE WHEN assignee_id IS NULL THEN 1 END) AS unassigned, \
        COUNT(CASE WHEN assignee_id = $1 THEN 1 END) AS mine FROM tickets WHERE state = 'open'";
    BY_ECHO = concat!(
        "SELECT ", message_columns!(), " FROM messages m \
         WHERE m.author_id = $1 AND m.echo_id = $2 AND m.conversation_id = $3 AND m.author = 'agent'"
    );
}

#[derive(FromRow)]
struct ListRow {
    #[sqlx(flatten)]
    ticket: TicketRecord,
    #[sqlx(flatten)]
    conversation: ConversationRow,
    #[sqlx(flatten)]
    last_message: MessageSlot,
    contact_name: Option<String>,
}

impl ListRow {
    fn row(self) -> Result<TicketRow, StoreError> {
        Ok(TicketRow {
            ticket: self.ticket.ticket()?,
            conversation: self.conversation.conversation()?,
            contact_name: self.contact_name,
            last_message: self.last_message.message()?,
            waiting: self.conversation.waiting_since()?.is_some(),
        })
    }
}

#[derive(FromRow)]
struct CountsRow {
    open_count: i64,
    unassigned: i64,
    mine: i64,
}

#[async_trait]
impl Desk for Backend {
    async fn tickets(&self, queue: Queue, limit: u32) -> Result<Vec<TicketRow>, StoreError> {
        let list = |sql: &'static str| sqlx::query_as::<_, ListRow>(sql).bind(i64::from(limit));
        let query = match queue {
            Queue::Unassigned => list(UNASSIGNED),
            Queue::Mine(agent) => list(MINE).bind(agent.0),
            Queue::Open => list(OPEN),
            Queue::Closed => list(CLOSED),
        };
        query.fetch_all(self.readers()).await.map_err(store_error)?.into_iter().map(ListRow::row).collect()
    }

    async fn counts(&self, agent: AgentId) -> Result<QueueCounts, StoreError> {
        let row: CountsRow = sqlx::query_as(COUNTS).bind(agent.0).fetch_one(self.readers()).await.map_err(store_error)?;
        Ok(QueueCounts { unassigned: row.unassigned, mine: row.mine, open: row.open_count })
    }

    async fn ticket_of(&self, id: ConversationId) -> Result<Option<Ticket>, StoreError> {
        let query = sqlx::query_as::<_, TicketRecord>(tickets::NEWEST_OF).bind(id.0);
        query.fetch_optional(self.readers()).await.map_err(store_error)?.map(TicketRecord::ticket).transpose()
    }

    async fn request_person(&self, request: PersonRequest) -> Result<Conversation, StoreError> {
        let PersonRequest { contact_id, conversation_id, message_id, line, handoff, at } = request;
        let mut tx = self.write_for(contact_id).await?;
        let mut ledger = Ledger::of_contact_or_new(&mut tx, contact_id, conversation_id, at).await?;
        match ledger.conversation.status {
            Status::Open => return Ok(ledger.conversation),
            Status::Snoozed => {
                let assignee = ledger.conversation.assignee;
                ledger.status(&Actor::Shopper, Status::Open, assignee, handoff.reason.as_str()).await?;
            }
            Status::Pending | Status::Resolved => {
                let draft = Draft { id: message_id, author: Author::System, content: line, echo_id: None, trace: None };
                ledger.message(&Actor::Rule("request_person".to_owned()), draft).await?;
                ledger.status(&Actor::Shopper, Status::Open, None, handoff.reason.as_str()).await?;
                // What the bot still owed, the person owes now.
                ledger.conversation.answered_generation = ledger.conversation.generation;
            }
        }
        tickets::open(&mut ledger, &handoff, at).await?;
        ledger.waiting_since.get_or_insert(at);
        let (conversation, _) = ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(conversation)
    }

    async fn claim(&self, claim: Claim, handoff: Handoff) -> Result<DeskOutcome<Conversation>, StoreError> {
        let mut tx = self.write().await?;
        let Some(mut ledger) = Ledger::of(&mut tx, claim.conversation_id, claim.at).await? else { return Ok(DeskOutcome::NotFound) };
        match (ledger.conversation.status, ledger.conversation.assignee) {
            (Status::Resolved, _) => {
                return Ok(DeskOutcome::Refused("the conversation is resolved; the shopper's next message takes it up again"));
            }
            (Status::Open | Status::Snoozed, Some(other)) if other != claim.agent_id => return Ok(DeskOutcome::TakenBy(other)),
            (Status::Open, Some(_)) => return Ok(DeskOutcome::Done(ledger.conversation)),
            _ => take(&mut ledger, claim.agent_id).await?,
        }
        tickets::open(&mut ledger, &handoff, claim.at).await?;
        let (conversation, _) = ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(DeskOutcome::Done(conversation))
    }

    async fn reply(&self, reply: AgentReply) -> Result<DeskOutcome<Message>, StoreError> {
        let mut tx = self.write().await?;
        // The conversation first: a retry that comes at the same time waits for it, and then finds the reply.
        let Some(mut ledger) = Ledger::of(&mut tx, reply.conversation_id, reply.at).await? else { return Ok(DeskOutcome::NotFound) };
        let retried =
            sqlx::query_as::<_, MessageRow>(BY_ECHO).bind(reply.agent_id.0).bind(reply.echo_id.as_str()).bind(reply.conversation_id.0);
        if let Some(row) = retried.fetch_optional(ledger.tx()).await.map_err(store_error)? {
            return Ok(DeskOutcome::Done(row.message()?));
        }

        match (ledger.conversation.status, ledger.conversation.assignee) {
            (Status::Resolved, _) => {
                return Ok(DeskOutcome::Refused("the conversation is resolved; the shopper's next message takes it up again"));
            }
            (Status::Pending, _) => return Ok(DeskOutcome::Refused("the bot has this conversation: claim it first")),
            (_, Some(other)) if other != reply.agent_id => return Ok(DeskOutcome::TakenBy(other)),
            (Status::Open, Some(_)) => {}
            (Status::Open | Status::Snoozed, _) => {
                take(&mut ledger, reply.agent_id).await?;
                tickets::assign(&mut ledger, Some(reply.agent_id)).await?;
            }
        }
        let draft = Draft {
            id: reply.message_id,
            author: Author::Agent(reply.agent_id),
            content: reply.content.as_str().to_owned(),
            echo_id: Some(reply.echo_id),
            trace: None,
        };
        let message = ledger.message(&Actor::Agent(reply.agent_id), draft).await?;
        tickets::replied(&mut ledger, reply.at).await?;
        ledger.waiting_since = None;
        ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(DeskOutcome::Done(message))
    }

    async fn resolve(&self, claim: Claim) -> Result<DeskOutcome<Conversation>, StoreError> {
        let mut tx = self.write().await?;
        let Some(mut ledger) = Ledger::of(&mut tx, claim.conversation_id, claim.at).await? else { return Ok(DeskOutcome::NotFound) };
        match (ledger.conversation.status, ledger.conversation.assignee) {
            (Status::Resolved, _) => return Ok(DeskOutcome::Done(ledger.conversation)),
            (_, Some(other)) if other != claim.agent_id => return Ok(DeskOutcome::TakenBy(other)),
            (_, assignee) => ledger.status(&Actor::Agent(claim.agent_id), Status::Resolved, assignee, "resolved").await?,
        }
        finish(&mut ledger, claim).await?;
        let (conversation, _) = ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(DeskOutcome::Done(conversation))
    }

    async fn return_to_bot(&self, claim: Claim) -> Result<DeskOutcome<Conversation>, StoreError> {
        let mut tx = self.write().await?;
        let Some(mut ledger) = Ledger::of(&mut tx, claim.conversation_id, claim.at).await? else { return Ok(DeskOutcome::NotFound) };
        match (ledger.conversation.status, ledger.conversation.assignee) {
            (Status::Resolved, _) => {
                return Ok(DeskOutcome::Refused("the conversation is resolved; the shopper's next message goes to the bot"));
            }
            (Status::Pending, _) => return Ok(DeskOutcome::Done(ledger.conversation)),
            (_, Some(other)) if other != claim.agent_id => return Ok(DeskOutcome::TakenBy(other)),
            _ => ledger.status(&Actor::Agent(claim.agent_id), Status::Pending, None, "returned").await?,
        }
        finish(&mut ledger, claim).await?;
        let (conversation, _) = ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(DeskOutcome::Done(conversation))
    }
}

/// Gives the conversation to an agent.
async fn take(ledger: &mut Ledger<'_>, agent: AgentId) -> Result<(), StoreError> {
    ledger.status(&Actor::Agent(agent), Status::Open, Some(agent), "claimed").await
}

/// Ends what the desk owed: the ticket closes, nobody waits, and the bot owes nothing before the next message.
async fn finish(ledger: &mut Ledger<'_>, claim: Claim) -> Result<(), StoreError> {
    ledger.conversation.answered_generation = ledger.conversation.generation;
    ledger.waiting_since = None;
    tickets::close(ledger, claim.agent_id, claim.at).await
}
