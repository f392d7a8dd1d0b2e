//! The desk: ticket lists, and what agents do.

use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

use super::Backend;
use super::error::store_error;
use super::ledger::{Draft, Ledger};
use super::rows::{ConversationRow, MessageRow, MessageSlot, TicketRecord, conversation_columns, message_columns, ticket_columns};
use super::tickets::{self, With};
use crate::conversation::{
    Act, Actor, AgentId, Author, Conversation, ConversationId, EventKind, Handoff, Message, Step, TicketStep, Update,
};
use crate::desk::{AgentReply, Claim, Desk, DeskOutcome, EmailLeft, PersonRequest, Queue, QueueCounts, Ticket, TicketRow, Wish};
use crate::support::{StoreError, Timestamp};

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

/// A list of open tickets in the order in which they want somebody: whoever waits before whoever does not, then what is overdue, then by priority, then
/// who waits longest.
macro_rules! select_open_tickets {
    ($rest:literal) => {
        select_tickets!(
            $rest,
            " ORDER BY CASE WHEN c.waiting_since IS NULL THEN 1 ELSE 0 END, \
             CASE WHEN t.first_reply_at IS NULL AND t.due_at <= $2 THEN 0 ELSE 1 END, \
             CASE t.priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END, \
             COALESCE(c.waiting_since, t.created_at), t.number LIMIT $1"
        )
    };
}

statements! {
    UNASSIGNED = select_open_tickets!("t.state = 'open' AND t.assignee_id IS NULL");
    MINE = select_open_tickets!("t.state = 'open' AND t.assignee_id = $3");
    OPEN = select_open_tickets!("t.state = 'open'");
    CLOSED = select_tickets!("t.state = 'closed' ORDER BY t.closed_at DESC, t.number DESC LIMIT $1");
    COUNTS = "SELECT COUNT(*) AS open_count, COUNT(CASE WHEN assignee_id IS NULL THEN 1 END) AS unassigned, \
        COUNT(CASE WHEN assignee_id = $1 THEN 1 END) AS mine FROM tickets WHERE state = 'open'";
    SET_EMAIL = "UPDATE contacts SET email = $2 WHERE id = $1";
    SNOOZED_UNTIL = "SELECT id FROM conversations WHERE snoozed_until <= $1 ORDER BY snoozed_until, id";
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
        let conversation = self.conversation.conversation()?;
        Ok(TicketRow {
            ticket: self.ticket.ticket()?,
            waiting: conversation.waiting_since.is_some(),
            conversation,
            contact_name: self.contact_name,
            last_message: self.last_message.message()?,
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
    async fn tickets(&self, queue: Queue, now: Timestamp, limit: u32) -> Result<Vec<TicketRow>, StoreError> {
        let list = |sql: &'static str| sqlx::query_as::<_, ListRow>(sql).bind(i64::from(limit));
        let by_need = |sql: &'static str| list(sql).bind(now.as_microsecond());
        let query = match queue {
            Queue::Unassigned => by_need(UNASSIGNED),
            Queue::Mine(agent) => by_need(MINE).bind(agent.0),
            Queue::Open => by_need(OPEN),
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
        let Step::Goes(change) = ledger.conversation.step(Act::PersonAsked(handoff.reason)) else { return Ok(ledger.conversation) };
        if change.ticket == TicketStep::Opens {
            let draft = Draft { id: message_id, author: Author::System, content: line, echo_id: None, trace: None };
            ledger.message(&Actor::Rule("request_person".to_owned()), draft).await?;
        }
        ledger.go(&Actor::Shopper, &change).await?;
        tickets::step(&mut ledger, change.ticket, With::Handoff(&handoff)).await?;
        let (conversation, _) = ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(conversation)
    }

    async fn wish(&self, wish: Wish) -> Result<DeskOutcome<Conversation>, StoreError> {
        let mut tx = self.write_for(wish.contact_id).await?;
        let Some(mut ledger) = Ledger::of_contact(&mut tx, wish.contact_id, wish.at).await? else { return Ok(DeskOutcome::NotFound) };
        let change = match ledger.conversation.step(Act::AssistanceWished(wish.assistance)) {
            Step::Goes(change) => change,
            otherwise => return Ok(unchanged(ledger.conversation, otherwise)),
        };
        ledger.go(&Actor::Shopper, &change).await?;
        let (conversation, _) = ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(DeskOutcome::Done(conversation))
    }

    async fn leave_email(&self, left: EmailLeft) -> Result<Option<Conversation>, StoreError> {
        let mut tx = self.write_for(left.contact_id).await?;
        sqlx::query(SET_EMAIL).bind(left.contact_id.0).bind(&left.email).execute(&mut *tx).await.map_err(store_error)?;
        let kept = match Ledger::of_contact(&mut tx, left.contact_id, left.at).await? {
            None => None,
            Some(mut ledger) => {
                ledger.event(&Actor::Shopper, EventKind::Updated(Update::EmailLeft)).await?;
                Some(ledger.save().await?.0)
            }
        };
        tx.commit().await.map_err(store_error)?;
        Ok(kept)
    }

    async fn claim(&self, claim: Claim, handoff: Handoff) -> Result<DeskOutcome<Conversation>, StoreError> {
        self.act(claim, Act::AgentClaims(claim.agent_id), With::Handoff(&handoff)).await
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

        let change = match ledger.conversation.step(Act::AgentReplies(reply.agent_id)) {
            Step::Goes(change) => change,
            Step::TakenBy(other) => return Ok(DeskOutcome::TakenBy(other)),
            Step::Refused(why) => return Ok(DeskOutcome::Refused(why)),
            Step::Stays | Step::Stale => return Ok(DeskOutcome::NotFound),
        };
        let agent = Actor::Agent(reply.agent_id);
        ledger.go(&agent, &change).await?;
        tickets::step(&mut ledger, change.ticket, With::Nothing).await?;
        let draft = Draft {
            id: reply.message_id,
            author: Author::Agent(reply.agent_id),
            content: reply.content.as_str().to_owned(),
            echo_id: Some(reply.echo_id),
            trace: None,
        };
        let message = ledger.message(&agent, draft).await?;
        tickets::replied(&mut ledger).await?;
        ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(DeskOutcome::Done(message))
    }

    async fn snooze(&self, claim: Claim, until: Timestamp) -> Result<DeskOutcome<Conversation>, StoreError> {
        self.act(claim, Act::AgentSnoozes(claim.agent_id, until), With::Nothing).await
    }

    async fn wake_snoozed(&self, now: Timestamp) -> Result<Vec<Conversation>, StoreError> {
        let due: Vec<Uuid> =
            sqlx::query_scalar(SNOOZED_UNTIL).bind(now.as_microsecond()).fetch_all(self.readers()).await.map_err(store_error)?;
        let mut woken = Vec::with_capacity(due.len());
        for id in due {
            let mut tx = self.write().await?;
            let Some(mut ledger) = Ledger::of(&mut tx, ConversationId(id), now).await? else { continue };
            // Another process, or the shopper, may have been first.
            let Step::Goes(change) = ledger.conversation.step(Act::TimePasses(now)) else { continue };
            ledger.go(&Actor::Rule("snooze".to_owned()), &change).await?;
            woken.push(ledger.save().await?.0);
            tx.commit().await.map_err(store_error)?;
        }
        Ok(woken)
    }

    async fn resolve(&self, claim: Claim) -> Result<DeskOutcome<Conversation>, StoreError> {
        self.act(claim, Act::AgentResolves(claim.agent_id), With::Closer(claim.agent_id)).await
    }

    async fn return_to_bot(&self, claim: Claim) -> Result<DeskOutcome<Conversation>, StoreError> {
        self.act(claim, Act::AgentReturns(claim.agent_id), With::Closer(claim.agent_id)).await
    }
}

impl Backend {
    /// What an agent does to a conversation, in one transaction.
    async fn act(&self, claim: Claim, act: Act, with: With<'_>) -> Result<DeskOutcome<Conversation>, StoreError> {
        let mut tx = self.write().await?;
        let Some(mut ledger) = Ledger::of(&mut tx, claim.conversation_id, claim.at).await? else { return Ok(DeskOutcome::NotFound) };
        let change = match ledger.conversation.step(act) {
            Step::Goes(change) => change,
            otherwise => return Ok(unchanged(ledger.conversation, otherwise)),
        };
        ledger.go(&Actor::Agent(claim.agent_id), &change).await?;
        tickets::step(&mut ledger, change.ticket, with).await?;
        let (conversation, _) = ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(DeskOutcome::Done(conversation))
    }
}

/// What is said of an act that changes nothing.
fn unchanged(conversation: Conversation, step: Step) -> DeskOutcome<Conversation> {
    match step {
        Step::Goes(_) | Step::Stays | Step::Stale => DeskOutcome::Done(conversation),
        Step::TakenBy(other) => DeskOutcome::TakenBy(other),
        Step::Refused(why) => DeskOutcome::Refused(why),
    }
}
