//! What a conversation's log says, read from its beginning: who had it when, what was owed, and what must not be.

use crate::support::{Told, text};

/// Wishes for a person, in words; in whatever burst one stands, the reply is a handoff.
pub const WISHES: [&str; 4] = ["I want to talk to a human", "agent please", "我要找人工客服", "PLEASE get me a real person"];

/// One log, read.
#[derive(Debug, Default)]
pub struct Story {
    /// Bursts that the bot replied to.
    pub bursts: usize,
    /// Changes of hands to a person that the shopper was told of.
    pub handoffs: usize,
    /// Tickets that there must be: one for each time that a person was called or came by themselves.
    pub tickets: usize,
    /// What must not be, by kind.
    pub doubled: Vec<String>,
    /// Numbers that are not one after the other.
    pub gaps: Vec<String>,
    /// Everything else that must not be.
    pub wrong: Vec<String>,
    hands: Hands,
    /// The burst that nobody has replied to.
    waiting: Vec<String>,
    /// Whether the last event was a line that says that a person comes.
    line: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Hands {
    #[default]
    Bot,
    Queue,
    /// Waiting for a person, and the bot goes on meanwhile.
    Assisted,
    Agent,
    Done,
}

impl Story {
    /// Reads a log.
    pub fn of(log: &[Told]) -> Self {
        let mut story = Self::default();
        for (expected, told) in (1..).zip(log) {
            if number(told) != expected {
                story.gaps.push(format!("event {} stands in place {expected}", number(told)));
            }
            match told.name.as_str() {
                "message.created" => story.said(told),
                "conversation.status_changed" => story.changed(told),
                "conversation.updated" => story.updated(told),
                _ => {}
            }
        }
        if story.line {
            story.wrong.push("a line says that a person comes, and nothing follows it".to_owned());
        }
        story
    }

    /// Whether the bot owes a reply.
    pub fn owes(&self) -> bool {
        matches!(self.hands, Hands::Bot | Hands::Assisted) && !self.waiting.is_empty()
    }

    fn said(&mut self, told: &Told) {
        let content = text(&told.data, "/content");
        if self.line {
            self.wrong.push(format!("{content:?} stands between a line and the handoff that it announces"));
        }
        self.line = false;
        match (text(&told.data, "/author/type"), self.hands) {
            ("shopper", Hands::Bot | Hands::Queue | Hands::Assisted) => self.waiting.push(content.to_owned()),
            ("shopper", Hands::Done) => self.wrong.push(format!("{content:?} was written into a resolved conversation")),
            ("shopper" | "agent", _) => {}
            ("bot", Hands::Bot | Hands::Assisted) => self.replied(told),
            ("bot", hands) => self.wrong.push(format!("the bot says {content:?} while the conversation is in other hands: {hands:?}")),
            ("system", _) => self.line = true,
            (other, _) => self.wrong.push(format!("{other} has written {content:?}")),
        }
    }

    fn replied(&mut self, told: &Told) {
        let handed_over = told.data["decision"] == "handoff";
        let has_it = self.hands == Hands::Bot;
        if self.waiting.is_empty() {
            self.doubled.push(format!("a reply to nothing: {}", told.data));
        }
        if self.waiting.iter().any(|asked| WISHES.contains(&asked.as_str())) && has_it && !handed_over {
            self.wrong.push(format!("a person was asked for in {:?}, and the reply is {}", self.waiting, told.data));
        }
        self.bursts += 1;
        self.waiting.clear();
        self.line = handed_over && has_it;
    }

    fn updated(&mut self, told: &Told) {
        self.hands = match (text(&told.data, "/what"), self.hands) {
            ("assistance_on", Hands::Queue) => Hands::Assisted,
            ("assistance_off", Hands::Assisted) => Hands::Queue,
            (_, hands) => hands,
        };
    }

    fn changed(&mut self, told: &Told) {
        let (from, to, reason) = (text(&told.data, "/from"), text(&told.data, "/to"), text(&told.data, "/reason"));
        let line = std::mem::take(&mut self.line);
        let called = to == "open" && matches!(from, "pending" | "resolved");
        if called {
            self.tickets += 1;
        }
        if called && reason != "claimed" {
            self.handoffs += 1;
        }
        if line != (called && reason != "claimed") {
            self.wrong.push(format!("{from} became {to} ({reason}) {} a line before it", if line { "with" } else { "without" }));
        }
        self.hands = match to {
            "pending" => Hands::Bot,
            "open" if reason == "claimed" => Hands::Agent,
            "open" => Hands::Queue,
            _ => Hands::Done,
        };
        // What was unanswered is the person's, or was settled by them.
        self.waiting.clear();
    }
}

/// The number of a stored event.
pub fn number(told: &Told) -> i64 {
    told.id.as_deref().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no number: {told:?}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(author: &str, content: &str) -> Told {
        let decision = if content == "A person comes." { "handoff" } else { "answer" };
        let data = json!({"author": {"type": author}, "content": content, "decision": decision});
        Told { id: None, name: "message.created".to_owned(), data }
    }

    fn became(from: &str, to: &str, reason: &str) -> Told {
        let data = json!({"from": from, "to": to, "reason": reason});
        Told { id: None, name: "conversation.status_changed".to_owned(), data }
    }

    fn story(events: &[Told]) -> Story {
        let numbered = (1..).zip(events).map(|(number, told)| Told { id: Some(format!("{number}")), ..told.clone() });
        Story::of(&numbered.collect::<Vec<_>>())
    }

    #[test]
    fn what_must_not_be_is_seen() {
        let shopper = || said("shopper", "How long?");
        let (answer, line) = (|| said("bot", "Two days."), || said("bot", "A person comes."));
        let check = |events: &[Told], expect: (usize, usize)| {
            let story = story(events);
            assert_eq!((story.doubled.len(), story.wrong.len()), expect, "{story:#?}");
        };
        check(&[shopper(), shopper(), answer(), shopper(), line(), became("pending", "open", "asked")], (0, 0));
        check(&[shopper(), answer(), answer()], (1, 0));
        check(&[shopper(), became("pending", "open", "claimed"), answer()], (0, 1));
        check(&[shopper(), line()], (0, 1));
        check(&[shopper(), became("pending", "open", "asked")], (0, 1));
        check(&[shopper(), line(), shopper(), became("pending", "open", "asked")], (0, 2));
        check(&[said("shopper", WISHES[0]), answer()], (0, 1));
        check(
            &[said("system", "A person comes."), became("pending", "open", "asked"), became("open", "resolved", "resolved"), shopper()],
            (0, 1),
        );
        assert!(story(&[shopper()]).owes() && !story(&[shopper(), answer()]).owes());
        assert!(!story(&[shopper(), became("pending", "open", "claimed"), shopper()]).owes());
        let wish = |what: &str| Told { id: None, name: "conversation.updated".to_owned(), data: json!({"what": what}) };
        let waits = [shopper(), line(), became("pending", "open", "asked"), shopper()];
        assert!(!story(&waits).owes() && story(&[&waits[..], &[wish("assistance_on")]].concat()).owes());
        check(&[&waits[..], &[wish("assistance_on"), answer(), shopper(), line(), shopper(), answer()]].concat(), (0, 0));
        check(&[&waits[..], &[wish("assistance_on"), wish("assistance_off"), answer()]].concat(), (0, 1));
        let counted = story(&[shopper(), line(), became("pending", "open", "asked"), became("open", "open", "claimed")]);
        assert_eq!((counted.bursts, counted.handoffs, counted.tickets), (1, 1, 1));
        let gap = [Told { id: Some("1".into()), ..shopper() }, Told { id: Some("3".into()), ..answer() }];
        assert_eq!(Story::of(&gap).gaps.len(), 1);
    }
}
