//! What is told at once and never stored: a nudge that the log has grown, and the words of a reply while it is written.
//!
//! The log is the truth: a listener that misses a nudge (or lags behind) reads the log again from the number it has.

use tokio::sync::broadcast;

use super::{ContactId, ConversationId, MessageId};

/// How many unread notices a slow listener may have before it falls back to reading the log.
const BACKLOG: usize = 1_024;

/// A notice about one conversation.
#[derive(Debug, Clone)]
pub struct Live {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Whose it is; a widget listens by it, since it may connect before there is a conversation.
    pub contact_id: ContactId,
    /// What.
    pub kind: LiveKind,
}

/// What is told.
#[derive(Debug, Clone)]
pub enum LiveKind {
    /// The log has grown.
    Changed,
    /// More words of a reply that will be committed under this id.
    Delta {
        /// The message to come.
        message_id: MessageId,
        /// The words.
        text: String,
    },
    /// Somebody started or stopped writing.
    Typing {
        /// `bot`, `agent` or `shopper`.
        who: &'static str,
        /// Started or stopped.
        on: bool,
    },
}

/// The process-wide channel of notices. Clones share it.
#[derive(Debug, Clone)]
pub struct LiveBus {
    sender: broadcast::Sender<Live>,
}

impl Default for LiveBus {
    fn default() -> Self {
        Self { sender: broadcast::channel(BACKLOG).0 }
    }
}

impl LiveBus {
    /// Tells every listener; nobody listening is no error.
    pub fn tell(&self, live: Live) {
        let _ = self.sender.send(live);
    }

    /// All notices from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Live> {
        self.sender.subscribe()
    }
}
