//! How the shopper seems to feel, by their words and by what they said of the replies. Pure.

use super::quote::{Quote, Said};
use crate::conversation::Message;
use crate::prompt::{Group, Patterns};

/// How the shopper seems to feel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Nothing speaks against it.
    Calm,
    /// Something did not help, or went wrong.
    Unhappy,
    /// It must be quick.
    Urgent,
    /// They are angry.
    Angry,
}

/// A mood, and the words that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Felt {
    /// How.
    pub mood: Mood,
    /// The shopper's sentence; none where they are calm, or have only called a reply unhelpful.
    pub because: Option<Quote>,
}

/// The strongest mood behind what was settled, with the last sentence that shows it.
pub fn mood(transcript: &[Message], said: &[Said], settled: usize, patterns: &Patterns) -> Felt {
    let groups = [(Group::Angry, Mood::Angry), (Group::Urgent, Mood::Urgent), (Group::Unhappy, Mood::Unhappy)];
    for (group, mood) in groups {
        let shows = |one: &&Said| one.place >= settled && patterns.matches(group, &one.quote.text);
        if let Some(one) = said.iter().rev().find(shows) {
            return Felt { mood, because: Some(one.quote.clone()) };
        }
    }
    let refused = transcript.iter().skip(settled).any(|message| message.helpful == Some(false));
    Felt { mood: if refused { Mood::Unhappy } else { Mood::Calm }, because: None }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{patterns, talk};
    use super::super::quote::said;
    use super::super::rule::settled;
    use super::*;

    #[test]
    fn the_strongest_word_counts_until_the_matter_is_settled() {
        let patterns = patterns();
        let check = |turns: &[(&str, &str)], mood_: Mood, because: Option<&str>| {
            let transcript = talk(turns);
            let said = said(&transcript, patterns);
            let felt = mood(&transcript, &said, settled(&transcript, patterns), patterns);
            assert_eq!((felt.mood, felt.because.map(|quote| quote.text).as_deref()), (mood_, because), "{turns:?}");
        };
        let how = ("shopper", "How long does delivery take?");
        check(&[how], Mood::Calm, None);
        check(&[how, ("bot answer unhelpful", "Two days.")], Mood::Unhappy, None);
        check(&[("shopper", "I am disappointed. Where is it?")], Mood::Unhappy, Some("I am disappointed."));
        check(&[("shopper", "I need it by tomorrow! Where is it?")], Mood::Urgent, Some("I need it by tomorrow!"));
        check(&[("shopper", "This is ridiculous. I need it by tomorrow.")], Mood::Angry, Some("This is ridiculous."));
        check(&[("shopper", "This is ridiculous."), ("agent", "Sorry, here it is."), ("shopper", "thank you"), how], Mood::Calm, None);
        check(&[("shopper", "太差劲了！什么时候到？")], Mood::Angry, Some("太差劲了！"));
        check(&[("shopper", "很急，今天能到吗？")], Mood::Urgent, Some("很急，今天能到吗？"));
    }
}
