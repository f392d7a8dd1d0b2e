//! A turn in a conversation: read, respond, tell, commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::conversation::{
    BotTrace, Cause, Conversation, ConversationId, Conversations, Decision, Handoff, HandoffReason, Live, LiveBus, LiveKind, Message,
    MessageId, TicketId, TurnCommit, TurnOutcome, TurnReply,
};
use crate::desk::Reception;
use crate::support::text::ellipsis;
use crate::support::{Clock, Ids, StoreError};

use super::respond::{Reply, RespondError, Responder};
use super::understand::{question_of, subject_of, subject_with_before};

/// How long a reply takes to appear word by word, at most; a long one comes in larger pieces.
const TELLING: Duration = Duration::from_millis(400);
/// Pieces that a reply is told in, at most.
const PIECES: usize = 40;
/// The longest title of a ticket, in characters.
const SUBJECT: usize = 120;

/// Turns that search and write at once. The model writes one reply at a time; the others read and search meanwhile. How a reply is told and stored afterwards
/// is mostly waiting, and keeps nobody from thinking.
const THINKING: usize = 16;

/// What an assistant is made of.
pub struct AssistantParts {
    /// The store.
    pub conversations: Arc<dyn Conversations>,
    /// What decides on the reply.
    pub responder: Arc<Responder>,
    /// Who is there, and where tickets go.
    pub reception: Arc<Reception>,
    /// Where listeners are told.
    pub live: LiveBus,
    /// Identifiers.
    pub ids: Ids,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The program's version.
    pub version: &'static str,
}

/// The bot.
pub struct Assistant {
    parts: AssistantParts,
    thinking: Semaphore,
}

impl Assistant {
    /// An assistant of these parts.
    pub fn new(parts: AssistantParts) -> Self {
        Self { parts, thinking: Semaphore::new(THINKING) }
    }

    /// Runs the turn that is due in a conversation, if one is. A database that is away is an error: the caller tries again. A failure of any other
    /// part hands the conversation to a person.
    pub async fn run_turn(&self, id: ConversationId) -> Result<(), StoreError> {
        // Before the conversation is read: what is written while this turn waits is then answered by it. Nobody closes the semaphore.
        let thinks = self.thinking.acquire().await;
        let Some(snapshot) = self.parts.conversations.begin_turn(id).await? else { return Ok(()) };
        let began = Instant::now();
        let conversation = &snapshot.conversation;
        self.tell(conversation, LiveKind::Typing { who: "bot", on: true });
        let question = question_of(&snapshot.messages);
        let had = self.parts.responder.made_with();
        let message_id = MessageId(self.parts.ids.uuid());
        let told = AtomicBool::new(false);
        let tell = |text: &str| {
            told.store(true, Ordering::Relaxed);
            self.tell(conversation, LiveKind::Delta { message_id, text: text.to_owned() });
        };
        let reply = match self.parts.responder.respond_telling(&snapshot.messages, &tell).await {
            Ok(reply) => reply,
            Err(RespondError::Store(fault)) => {
                self.tell(conversation, LiveKind::Typing { who: "bot", on: false });
                return Err(fault);
            }
            Err(fault) => {
                tracing::error!(conversation.id = %id, error.message = %fault, "a turn failed and goes to a person");
                Reply::handoff(HandoffReason::EngineFailure, self.parts.responder.phrases_for(&question), 0.0)
            }
        };
        drop(thinks);
        let reply = self.in_its_place(conversation, reply, &question).await;
        if matches!(reply.decision, Decision::Answer | Decision::PartAnswer | Decision::Order) && !told.into_inner() {
            self.stream(conversation, message_id, &reply.content).await;
        }
        let milliseconds = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let trace = BotTrace {
            decision: reply.decision,
            confidence: reply.confidence,
            sources: reply.sources.clone(),
            statements: reply.statements.clone(),
            made_with: reply.made_with(had),
            model: reply.model.clone(),
            milliseconds,
        };
        let handoff = reply.handoff.map(|cause| self.handoff(cause, &snapshot.messages));
        let outcome = self.commit(conversation, TurnReply { message_id, content: reply.content, trace, handoff }).await;
        self.tell(conversation, LiveKind::Typing { who: "bot", on: false });
        if let TurnOutcome::Committed(_) = outcome? {
            self.tell(conversation, LiveKind::Changed);
        }
        Ok(())
    }

    /// The reply as the desk stands: who waits already is not handed over again, and who is handed over is told when somebody will be there.
    async fn in_its_place(&self, conversation: &Conversation, reply: Reply, question: &str) -> Reply {
        let phrases = self.parts.responder.phrases_for(question);
        if conversation.is_assisted() {
            return reply.while_waiting(phrases);
        }
        match reply.handoff {
            Some(_) => reply.told_when(&self.parts.reception.availability().await, phrases),
            None => reply,
        }
    }

    fn handoff(&self, cause: Cause, transcript: &[Message]) -> Handoff {
        let subject = match cause.reason {
            HandoffReason::RepeatedFailure => subject_with_before(transcript),
            _ => subject_of(transcript),
        };
        let subject = ellipsis(&subject.split_whitespace().collect::<Vec<_>>().join(" "), SUBJECT);
        self.parts.reception.handoff(TicketId(self.parts.ids.uuid()), cause, subject)
    }

    async fn commit(&self, conversation: &Conversation, reply: TurnReply) -> Result<TurnOutcome, StoreError> {
        let (decision, milliseconds) = (reply.trace.decision, reply.trace.milliseconds);
        let commit = TurnCommit {
            conversation_id: conversation.id,
            fence: conversation.fence,
            generation: conversation.generation,
            at: self.parts.clock.now(),
            version: self.parts.version.to_owned(),
            reply,
        };
        let outcome = self.parts.conversations.commit_turn(commit).await?;
        let result = match outcome {
            TurnOutcome::Committed(_) => "committed",
            TurnOutcome::Stale => "stale",
        };
        metrics::counter!("nightdesk_turns_total", "decision" => decision.as_str(), "outcome" => result).increment(1);
        metrics::histogram!("nightdesk_turn_seconds", "decision" => decision.as_str()).record(milliseconds as f64 / 1_000.0);
        Ok(outcome)
    }

    /// Tells the words of a verified reply piece by piece; the stored message follows and is what counts.
    async fn stream(&self, conversation: &Conversation, message_id: MessageId, content: &str) {
        let pieces = pieces(content);
        let pause = TELLING / u32::try_from(pieces.len().max(1)).unwrap_or(1);
        for text in pieces {
            self.tell(conversation, LiveKind::Delta { message_id, text });
            tokio::time::sleep(pause.min(Duration::from_millis(25))).await;
        }
    }

    fn tell(&self, conversation: &Conversation, kind: LiveKind) {
        self.parts.live.tell(Live { conversation_id: conversation.id, contact_id: conversation.contact_id, kind });
    }
}

/// The text in at most [`PIECES`] pieces that end at white space (Chinese: anywhere); joined they are the text.
fn pieces(content: &str) -> Vec<String> {
    let size = content.chars().count().div_ceil(PIECES).max(6);
    let mut pieces = vec![String::new()];
    for c in content.chars() {
        let last = pieces.last_mut().expect("there is one from the start");
        let full = last.chars().count() >= size;
        if full && (last.ends_with(char::is_whitespace) || c >= '\u{2e80}') {
            pieces.push(String::from(c));
        } else {
            last.push(c);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_text() {
        for text in [
            "",
            "short",
            "A long enough sentence that is told in several pieces, one after the other.",
            "很长的中文句子也会分成几个部分来显示给顾客看",
        ] {
            assert_eq!(pieces(text).concat(), text);
        }
        assert!(pieces(&"word ".repeat(4_000)).len() <= PIECES + 1);
        assert!(pieces("A long enough sentence that is told in pieces").len() > 3);
    }
}
