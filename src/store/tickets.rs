//! Tickets within a transaction on their conversation.

use super::error::store_error;
use super::ledger::Ledger;
use super::lock_log;
use super::rows::ticket_columns;
use crate::conversation::{AgentId, Handoff, TicketStep};
use crate::support::{StoreError, Timestamp};

statements! {
    NEWEST_OF = concat!("SELECT ", ticket_columns!(), " FROM tickets t WHERE t.conversation_id = $1 ORDER BY t.number DESC LIMIT 1");
    /// The number is taken under the lock of the log: the next transaction sees this ticket before it counts.
    INSERT = "INSERT INTO tickets \
        (id, number, conversation_id, reason, subject, state, assignee_id, created_at, topic, priority, queue, due_at) \
        VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM tickets), $2, $3, $4, 'open', $5, $6, $7, $8, $9, $10)";
    ASSIGN = "UPDATE tickets SET assignee_id = $2 WHERE conversation_id = $1 AND state = 'open'";
    REPLIED = "UPDATE tickets SET first_reply_at = $2 WHERE conversation_id = $1 AND state = 'open' AND first_reply_at IS NULL";
    CLOSE = "UPDATE tickets SET state = 'closed', closed_at = $2, assignee_id = COALESCE(assignee_id, $3) \
        WHERE conversation_id = $1 AND state = 'open'";
}

/// What a change of a conversation needs for its ticket.
pub(super) enum With<'h> {
    /// The ticket to open, where none is.
    Handoff(&'h Handoff),
    /// Whose a ticket becomes that is closed while it is nobody's.
    Closer(AgentId),
    /// Nothing: a ticket is at most given to another.
    Nothing,
}

/// Does to the ticket what the change asks for. The conversation is as it is after the change.
pub(super) async fn step(ledger: &mut Ledger<'_>, step: TicketStep, with: With<'_>) -> Result<(), StoreError> {
    match (step, with) {
        (TicketStep::Same, _) => Ok(()),
        (TicketStep::Opens, With::Handoff(handoff)) => open(ledger, handoff).await,
        (TicketStep::Closes, With::Closer(agent)) => close(ledger, Some(agent)).await,
        (TicketStep::Closes, _) => close(ledger, None).await,
        (TicketStep::Opens | TicketStep::Follows, _) => assign(ledger).await.map(drop),
    }
}

/// Opens a ticket for the conversation as it stands, or gives the one that is open to the conversation's assignee.
async fn open(ledger: &mut Ledger<'_>, handoff: &Handoff) -> Result<(), StoreError> {
    if assign(ledger).await? {
        return Ok(());
    }
    lock_log(ledger.tx()).await?;
    let (id, assignee, at) = (ledger.conversation.id, ledger.conversation.assignee, ledger.at);
    sqlx::query(INSERT)
        .bind(handoff.ticket_id.0)
        .bind(id.0)
        .bind(handoff.reason.as_str())
        .bind(&handoff.subject)
        .bind(assignee.map(|id| id.0))
        .bind(at.as_microsecond())
        .bind(&handoff.topic)
        .bind(handoff.priority.as_str())
        .bind(&handoff.queue)
        .bind(handoff.due_at.map(Timestamp::as_microsecond))
        .execute(ledger.tx())
        .await
        .map(drop)
        .map_err(store_error)
}

/// Gives the open ticket to the conversation's assignee, or to nobody; `false` when none is open.
async fn assign(ledger: &mut Ledger<'_>) -> Result<bool, StoreError> {
    let query = sqlx::query(ASSIGN).bind(ledger.conversation.id.0).bind(ledger.conversation.assignee.map(|id| id.0));
    Ok(query.execute(ledger.tx()).await.map_err(store_error)?.rows_affected() > 0)
}

/// Notes an agent's reply; only the first one counts.
pub(super) async fn replied(ledger: &mut Ledger<'_>) -> Result<(), StoreError> {
    let query = sqlx::query(REPLIED).bind(ledger.conversation.id.0).bind(ledger.at.as_microsecond());
    query.execute(ledger.tx()).await.map(drop).map_err(store_error)
}

async fn close(ledger: &mut Ledger<'_>, agent: Option<AgentId>) -> Result<(), StoreError> {
    let query = sqlx::query(CLOSE).bind(ledger.conversation.id.0).bind(ledger.at.as_microsecond()).bind(agent.map(|id| id.0));
    query.execute(ledger.tx()).await.map(drop).map_err(store_error)
}
