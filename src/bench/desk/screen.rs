//! What one widget or console has shown: each message once, and those of one conversation in their order.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use uuid::Uuid;

/// A message as it came over a stream, or as a page that is opened now shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its id.
    pub id: Uuid,
    /// Its conversation.
    pub conversation: Uuid,
    /// Its number there.
    pub seq: i64,
    /// Who wrote it.
    pub author: Author,
    /// The id that its sender gave it.
    pub echo: Option<String>,
    /// What the bot did.
    pub decision: Option<String>,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The shopper.
    Shopper,
    /// The bot.
    Bot,
    /// An agent.
    Agent,
    /// The desk itself.
    System,
}

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// For the first time.
    New,
    /// Not for the first time.
    Again,
}

/// One screen.
#[derive(Debug, Clone, Default)]
pub struct Screen {
    shown: HashSet<Uuid>,
    last: HashMap<Uuid, i64>,
    doubled: usize,
    disordered: usize,
}

impl Screen {
    /// Shows a message.
    pub fn show(&mut self, heard: &Heard) -> Shown {
        if !self.shown.insert(heard.id) {
            self.doubled += 1;
            return Shown::Again;
        }
        let last = self.last.entry(heard.conversation).or_insert(0);
        self.disordered += usize::from(heard.seq <= *last);
        *last = heard.seq.max(*last);
        Shown::New
    }

    /// Whether it shows the message.
    pub fn shows(&self, id: Uuid) -> bool {
        self.shown.contains(&id)
    }

    /// The messages that it shows.
    pub fn messages(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.shown.iter().copied()
    }

    /// How often it showed a message again.
    pub fn doubled(&self) -> usize {
        self.doubled
    }

    /// How often it showed a message after a later one of the same conversation.
    pub fn disordered(&self) -> usize {
        self.disordered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(id: u128, conversation: u128, seq: i64) -> Heard {
        let (id, conversation) = (Uuid::from_u128(id), Uuid::from_u128(conversation));
        Heard { id, conversation, seq, author: Author::Shopper, echo: None, decision: None }
    }

    #[test]
    fn again_and_out_of_order_are_told_apart() {
        let mut screen = Screen::default();
        for (message, expected) in [
            (heard(1, 7, 1), Shown::New),
            // Another conversation counts by itself, and numbers may be left out: not every event is a message.
            (heard(2, 8, 1), Shown::New),
            (heard(3, 7, 5), Shown::New),
            (heard(1, 7, 1), Shown::Again),
            (heard(4, 7, 3), Shown::New),
            (heard(5, 7, 6), Shown::New),
        ] {
            assert_eq!(screen.show(&message), expected, "{message:?}");
        }
        assert_eq!((screen.doubled(), screen.disordered(), screen.messages().count()), (1, 1, 5));
        assert!(screen.shows(Uuid::from_u128(4)) && !screen.shows(Uuid::from_u128(9)));
    }
}
