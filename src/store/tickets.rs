//! Tickets within a transaction on their conversation.

use super::error::store_error;
use super::ledger::Ledger;
use super::lock_log;
use super::rows::ticket_columns;
use crate::conversation::{AgentId, Handoff};
use crate::support::{StoreError, Timestamp};

statements! {
    NEWEST_OF = concat!("SELECT ", ticket_columns!(), " FROM tickets t WHERE t.conversation_id = $1 ORDER BY t.number DESC LIMIT 1");
    /// The number is taken under the lock of the log: the next transaction sees this ticket before it counts.
    INSERT = "INSERT INTO tickets (id, number, conversation_id, reason, subject, state, assignee_id, created_at) \
        VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM tickets), $2, $3, $4, 'open', $5, $6)";
    ASSIGN = "UPDATE tickets SET assignee_id = $2 WHERE conversation_id = $1 AND state = 'open'";
    REPLIED = "UPDATE tickets SET first_reply_at = $2 WHERE conversation_id = $1 AND state = 'open' AND first_reply_at IS NULL";
    CLOSE = "UPDATE tickets SET state = 'closed', closed_at = $2, assignee_id = COALESCE(assignee_id, $3) \
        WHERE conversation_id = $1 AND state = 'open'";
}

/// Opens a ticket for the conversation as it stands, or gives the one that is open to the conversation's assignee.
pub(super) async fn open(ledger: &mut Ledger<'_>, handoff: &Handoff, at: Timestamp) -> Result<(), StoreError> {
    let (id, assignee) = (ledger.conversation.id, ledger.conversation.assignee);
    if assign(ledger, assignee).await? {
        return Ok(());
    }
    lock_log(ledger.tx()).await?;
    sqlx::query(INSERT)
        .bind(handoff.ticket_id.0)
        .bind(id.0)
        .bind(handoff.reason.as_str())
        .bind(&handoff.subject)
        .bind(assignee.map(|id| id.0))
        .bind(at.as_microsecond())
        .execute(ledger.tx())
        .await
        .map(drop)
        .map_err(store_error)
}

/// Gives the open ticket to an agent or to nobody; `false` when none is open.
pub(super) async fn assign(ledger: &mut Ledger<'_>, assignee: Option<AgentId>) -> Result<bool, StoreError> {
    let id = ledger.conversation.id;
    let query = sqlx::query(ASSIGN).bind(id.0).bind(assignee.map(|id| id.0));
    Ok(query.execute(ledger.tx()).await.map_err(store_error)?.rows_affected() > 0)
}

/// Notes an agent's reply; only the first one counts.
pub(super) async fn replied(ledger: &mut Ledger<'_>, at: Timestamp) -> Result<(), StoreError> {
    let id = ledger.conversation.id;
    sqlx::query(REPLIED).bind(id.0).bind(at.as_microsecond()).execute(ledger.tx()).await.map(drop).map_err(store_error)
}

/// Closes the open ticket, if there is one; nobody's becomes `agent`'s.
pub(super) async fn close(ledger: &mut Ledger<'_>, agent: AgentId, at: Timestamp) -> Result<(), StoreError> {
    let id = ledger.conversation.id;
    let query = sqlx::query(CLOSE).bind(id.0).bind(at.as_microsecond()).bind(agent.0);
    query.execute(ledger.tx()).await.map(drop).map_err(store_error)
}
