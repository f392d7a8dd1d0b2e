//! The bot's turns: what one reads, and the commit that stands only if the conversation still does where the turn began.

use uuid::Uuid;

use super::error::store_error;
use super::ledger::{self, Draft, Ledger};
use super::rows::{ConversationRow, MessageRow, message_columns};
use super::tickets::{self, With};
use super::{Backend, end_turn};
use crate::conversation::{Act, Actor, Author, Begun, ConversationId, Step, TurnCommit, TurnOutcome, TurnReply, TurnSnapshot, past};
use crate::support::StoreError;

/// How far back the bot reads.
const CONTEXT: i64 = past::CONTEXT as i64;

statements! {
    /// From the last change of hands on: what was said before a handoff or a resolution would lead straight into the next one.
    CONTEXT_MESSAGES = concat!(
        "SELECT ", message_columns!(), " FROM messages m WHERE m.conversation_id = $1 AND m.seq > $2 ORDER BY m.seq DESC LIMIT $3"
    );
    DUE = concat!(
        "SELECT c.id FROM conversations c WHERE c.answered_generation < c.generation AND (c.status = 'pending' OR c.assisted)",
        taken_by_nobody!(),
        " ORDER BY c.updated_at"
    );
}

impl Backend {
    /// [`crate::conversation::Conversations::begin_turn`]
    pub(super) async fn turn_snapshot(&self, id: ConversationId) -> Result<Option<TurnSnapshot>, StoreError> {
        let Some(mut tx) = self.take_turn(id).await? else { return Ok(None) };
        let query = sqlx::query_as::<_, ConversationRow>(ledger::CONVERSATION).bind(id.0);
        let Some(row) = query.fetch_optional(&mut *tx).await.map_err(store_error)? else { return Ok(None) };
        let conversation = row.conversation()?;
        if !conversation.turn_is_due() {
            return Ok(None);
        }
        let query = sqlx::query_as::<_, MessageRow>(CONTEXT_MESSAGES).bind(id.0).bind(row.c_context_seq).bind(CONTEXT);
        let rows = query.fetch_all(&mut *tx).await.map_err(store_error)?;
        let messages = rows.into_iter().rev().map(MessageRow::message).collect::<Result<_, _>>()?;
        tx.commit().await.map_err(store_error)?;
        Ok(Some(TurnSnapshot { conversation, messages }))
    }

    /// [`crate::conversation::Conversations::commit_turn`]
    pub(super) async fn turn_commit(&self, commit: TurnCommit) -> Result<TurnOutcome, StoreError> {
        let mut tx = self.write().await?;
        let Some(mut ledger) = Ledger::of(&mut tx, commit.conversation_id, commit.at).await? else { return Ok(TurnOutcome::Stale) };
        let TurnReply { message_id, content, trace, handoff } = commit.reply;
        let begun = Begun { fence: commit.fence, generation: commit.generation };
        let act = handoff.as_ref().map_or(Act::BotReplies(begun), |handoff| Act::BotHandsOver(begun, handoff.reason));
        let step = ledger.conversation.step(act);
        end_turn(ledger.tx(), commit.conversation_id).await?;
        let Step::Goes(change) = step else {
            tx.commit().await.map_err(store_error)?;
            return Ok(TurnOutcome::Stale);
        };

        let bot = Actor::Bot { version: commit.version };
        ledger.message(&bot, Draft { id: message_id, author: Author::Bot, content, echo_id: None, trace: Some(trace) }).await?;
        ledger.go(&bot, &change).await?;
        tickets::step(&mut ledger, change.ticket, handoff.as_ref().map_or(With::Nothing, With::Handoff)).await?;
        let (_, events) = ledger.save().await?;
        tx.commit().await.map_err(store_error)?;
        Ok(TurnOutcome::Committed(events))
    }

    /// [`crate::conversation::Conversations::due_turns`]
    pub(super) async fn turns_due(&self) -> Result<Vec<ConversationId>, StoreError> {
        let ids: Vec<Uuid> = sqlx::query_scalar(DUE).fetch_all(self.readers()).await.map_err(store_error)?;
        Ok(ids.into_iter().map(ConversationId).collect())
    }
}
