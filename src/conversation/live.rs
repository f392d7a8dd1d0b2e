//! What is told at once and never stored: a nudge that the log has grown, and the words of a reply while it is written.
//!
//! The log is the truth: a listener that misses a nudge (or lags behind) reads the log again from the number it has. A widget hears its own
//! contact's notices alone, so that a message wakes the one or two who see it and not everybody who has the shop open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{ContactId, ConversationId, MessageId};

/// How many unread notices somebody who hears all may have before they fall back to reading the log.
const BACKLOG: usize = 1_024;
/// The same for somebody who hears one contact's: more than one reply is told in.
const BACKLOG_OF_ONE: usize = 64;

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

/// The process-wide channels of notices. Clones share them.
#[derive(Debug, Clone)]
pub struct LiveBus {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    all: broadcast::Sender<Live>,
    /// Of the contacts who have a widget open.
    contacts: Mutex<HashMap<ContactId, Channel>>,
}

#[derive(Debug)]
struct Channel {
    sender: broadcast::Sender<Live>,
    listeners: usize,
}

impl Default for LiveBus {
    fn default() -> Self {
        Self { shared: Arc::new(Shared { all: broadcast::channel(BACKLOG).0, contacts: Mutex::default() }) }
    }
}

impl LiveBus {
    /// Tells whoever listens; nobody listening is no error.
    pub fn tell(&self, live: Live) {
        if let Some(channel) = self.shared.contacts().get(&live.contact_id) {
            let _ = channel.sender.send(live.clone());
        }
        let _ = self.shared.all.send(live);
    }

    /// All notices from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Live> {
        self.shared.all.subscribe()
    }

    /// One contact's notices from now on.
    pub fn subscribe_to(&self, contact_id: ContactId) -> Notices {
        let mut contacts = self.shared.contacts();
        let channel = contacts.entry(contact_id).or_insert_with(|| Channel { sender: broadcast::channel(BACKLOG_OF_ONE).0, listeners: 0 });
        channel.listeners += 1;
        Notices { receiver: channel.sender.subscribe(), contact_id, shared: Arc::clone(&self.shared) }
    }
}

impl Shared {
    fn contacts(&self) -> MutexGuard<'_, HashMap<ContactId, Channel>> {
        // The map is whole after each statement, so a panic elsewhere has not broken it.
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One contact's notices. The last one of a contact that is dropped takes their channel with it.
#[derive(Debug)]
pub struct Notices {
    receiver: broadcast::Receiver<Live>,
    contact_id: ContactId,
    shared: Arc<Shared>,
}

impl Notices {
    /// The next one. A call that is given up loses nothing.
    pub async fn recv(&mut self) -> Result<Live, RecvError> {
        self.receiver.recv().await
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        let mut contacts = self.shared.contacts();
        let Some(channel) = contacts.get_mut(&self.contact_id) else { return };
        channel.listeners -= 1;
        if channel.listeners == 0 {
            contacts.remove(&self.contact_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: ContactId = ContactId(uuid::Uuid::from_u128(1));
    const BOB: ContactId = ContactId(uuid::Uuid::from_u128(2));

    fn typing(contact_id: ContactId, on: bool) -> Live {
        let conversation_id = ConversationId(contact_id.0);
        Live { conversation_id, contact_id, kind: LiveKind::Typing { who: "bot", on } }
    }

    /// Whether the next notice is of the contact, and what it says; `None` where there is none.
    fn next(notices: &mut Notices) -> Option<(ContactId, bool)> {
        let live = notices.receiver.try_recv().ok()?;
        matches!(live.kind, LiveKind::Typing { .. }).then(|| (live.contact_id, matches!(live.kind, LiveKind::Typing { on: true, .. })))
    }

    #[test]
    fn a_widget_hears_its_own_contact_and_a_console_hears_all() {
        let bus = LiveBus::default();
        let (mut ann, mut tab, mut bob, mut all) = (bus.subscribe_to(ANN), bus.subscribe_to(ANN), bus.subscribe_to(BOB), bus.subscribe());
        bus.tell(typing(ANN, true));
        bus.tell(typing(BOB, true));
        bus.clone().tell(typing(ANN, false));
        for widget in [&mut ann, &mut tab] {
            assert_eq!([next(widget), next(widget), next(widget)], [Some((ANN, true)), Some((ANN, false)), None]);
        }
        assert_eq!([next(&mut bob), next(&mut bob)], [Some((BOB, true)), None]);
        let heard: Vec<ContactId> = std::iter::from_fn(|| all.try_recv().ok()).map(|live| live.contact_id).collect();
        assert_eq!(heard, [ANN, BOB, ANN]);
    }

    #[test]
    fn a_contact_without_a_widget_costs_nothing() {
        let bus = LiveBus::default();
        let (first, mut second) = (bus.subscribe_to(ANN), bus.subscribe_to(ANN));
        drop(first);
        bus.tell(typing(ANN, true));
        assert_eq!(next(&mut second), Some((ANN, true)), "another tab of theirs is still open");
        drop(second);
        assert!(bus.shared.contacts().is_empty());
        bus.tell(typing(ANN, true));
        assert_eq!(next(&mut bus.subscribe_to(ANN)), None, "what was told before is for the log to tell");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn widgets_that_come_and_go_leave_no_channel_behind() {
        let bus = LiveBus::default();
        let visits = (0..8).map(|_| {
            let bus = bus.clone();
            tokio::spawn(async move {
                for round in 0..200 {
                    let mut widget = bus.subscribe_to(if round % 2 == 0 { ANN } else { BOB });
                    bus.tell(typing(ANN, true));
                    bus.tell(typing(BOB, true));
                    assert!(!matches!(widget.recv().await, Err(RecvError::Closed)), "its channel is there while it listens");
                }
            })
        });
        for visit in visits.collect::<Vec<_>>() {
            visit.await.unwrap();
        }
        assert!(bus.shared.contacts().is_empty());
    }

    #[tokio::test]
    async fn a_slow_widget_is_told_that_it_missed_something() {
        let bus = LiveBus::default();
        let mut widget = bus.subscribe_to(ANN);
        for _ in 0..=BACKLOG_OF_ONE {
            bus.tell(typing(ANN, true));
        }
        assert!(matches!(widget.recv().await, Err(RecvError::Lagged(_))));
        assert!(widget.recv().await.is_ok());
    }
}
