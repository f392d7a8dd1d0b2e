//! What was worked out for a conversation as it stands: asked again, it is not worked out again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::quote::Quote;
use crate::conversation::{ConversationId, MessageId};

/// How many conversations are remembered; the oldest goes.
const MOST: usize = 256;

/// For what something was worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The conversation.
    pub id: ConversationId,
    /// The number of its last event.
    pub seq: i64,
    /// The hash of the knowledge that was looked into.
    pub knowledge: String,
    /// Where the question stands that it is about, if it is about one.
    pub question: Option<(MessageId, usize)>,
}

impl Key {
    /// The same, about a question.
    pub fn about(&self, question: &Quote) -> Self {
        Self { question: Some((question.message_id, question.start)), ..self.clone() }
    }
}

/// One value a conversation, for as long as nothing happens there.
#[derive(Debug)]
pub struct Kept<T>(Mutex<VecDeque<(Key, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Kept<T> {
    /// What was worked out for exactly that.
    pub fn get(&self, key: &Key) -> Option<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(own, _)| own == key).map(|(_, value)| value.clone())
    }

    /// Keeps a value in the place of what was kept for the conversation before.
    pub fn put(&self, key: Key, value: T) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(own, _)| own.id != key.id);
        if kept.len() >= MOST {
            kept.pop_front();
        }
        kept.push_back((key, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_until_something_happens_and_the_oldest_goes() {
        let kept = Kept::default();
        let key = |id: u128, seq: i64, knowledge: &str| Key {
            id: ConversationId(uuid::Uuid::from_u128(id)),
            seq,
            knowledge: knowledge.to_owned(),
            question: None,
        };
        kept.put(key(0, 1, "a"), "first");
        assert_eq!(kept.get(&key(0, 1, "a")), Some("first"));
        assert_eq!((kept.get(&key(0, 2, "a")), kept.get(&key(0, 1, "b")), kept.get(&key(1, 1, "a"))), (None, None, None));
        let question = Quote { message_id: MessageId(uuid::Uuid::nil()), start: 3, end: 5, text: "ab".to_owned() };
        assert_eq!(kept.get(&key(0, 1, "a").about(&question)), None);
        kept.put(key(0, 2, "a"), "second");
        assert_eq!((kept.get(&key(0, 1, "a")), kept.get(&key(0, 2, "a"))), (None, Some("second")));
        for id in 1..=MOST as u128 {
            kept.put(key(id, 1, "a"), "other");
        }
        assert_eq!((kept.get(&key(0, 2, "a")), kept.get(&key(1, 1, "a"))), (None, Some("other")));
    }
}
