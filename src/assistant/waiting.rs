//! What the bot says to somebody who waits for a person already: other questions are answered, and nothing is handed over twice. Pure.

use super::compose::Spoken;
use super::respond::Reply;
use crate::conversation::{Decision, HandoffReason, Origin};
use crate::prompt::Phrases;

/// Between an answer and the line on what has none.
const BETWEEN: &str = "\n\n";

impl Reply {
    /// The same reply where a person is waited for. What would be a handoff is kept with the request that the team has.
    pub fn while_waiting(self, phrases: &Phrases) -> Self {
        match &self.handoff {
            Some(cause) => {
                let kept = phrase(key(cause.reason), phrases);
                let is_line = |origin: &Origin| matches!(origin, Origin::Phrase { key } if key.starts_with("handoff."));
                match self.until(is_line) {
                    // An entry that leaves the rest to a person still says what it says.
                    Some(mut answer) if !answer.content().is_empty() => {
                        answer.append(BETWEEN, &kept);
                        self.saying(Decision::Answer, answer)
                    }
                    _ => self.saying(Decision::Smalltalk, kept),
                }
            }
            None if self.decision == Decision::PartAnswer => self.with_the_rest_kept(phrases),
            None => self,
        }
    }

    /// A person need not be offered for what has no answer: there is a request already.
    fn with_the_rest_kept(self, phrases: &Phrases) -> Self {
        let is_offer = |origin: &Origin| matches!(origin, Origin::Phrase { key } if key == "part_unknown");
        let Some(mut spoken) = self.until(is_offer) else { return self };
        spoken.append(BETWEEN, &phrase("waiting.rest", phrases));
        self.saying(Decision::Answer, spoken)
    }

    /// What is said before the first part of such an origin, where there is one.
    fn until(&self, is_such: impl Fn(&Origin) -> bool) -> Option<Spoken> {
        let place = self.statements.iter().position(|part| is_such(&part.origin))?;
        let told: String = self.content.chars().take(self.statements[place].start).collect();
        Some(Spoken::from_parts(told.trim_end().to_owned(), self.statements[..place].to_vec()))
    }

    fn saying(self, decision: Decision, spoken: Spoken) -> Self {
        let (content, statements) = spoken.into_parts();
        Self { decision, content, statements, handoff: None, ..self }
    }
}

fn phrase(key: &str, phrases: &Phrases) -> Spoken {
    Spoken::phrase(key, &phrases.text(key, &[]))
}

fn key(reason: HandoffReason) -> &'static str {
    match reason {
        HandoffReason::Asked => "waiting.person",
        HandoffReason::LowConfidence | HandoffReason::RepeatedFailure | HandoffReason::OrderNotVerified | HandoffReason::EngineFailure => {
            "waiting.unknown"
        }
        HandoffReason::Complaint | HandoffReason::Sensitive | HandoffReason::OrderChange | HandoffReason::Policy => "waiting.kept",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::STORED;

    fn phrases() -> Phrases {
        Phrases::parse("en.yaml", "en", "Alder & Pine", include_str!("../../prompts/phrases/en.yaml")).unwrap()
    }

    fn reply(decision: Decision, spoken: Spoken) -> Reply {
        let (content, statements) = spoken.into_parts();
        Reply { decision, content, statements, confidence: 0.9, sources: Vec::new(), model: STORED.to_owned(), handoff: None }
    }

    #[test]
    fn nothing_is_handed_over_twice() {
        let phrases = phrases();
        let check = |reason: HandoffReason, key: &str| {
            let reply = Reply::handoff(reason, &phrases, 0.2).while_waiting(&phrases);
            assert_eq!((reply.handoff, reply.decision), (None, Decision::Smalltalk));
            assert_eq!(reply.content, phrases.text(key, &[]));
            assert_eq!(reply.statements, Spoken::phrase(key, &reply.content).into_parts().1);
        };
        check(HandoffReason::Asked, "waiting.person");
        check(HandoffReason::LowConfidence, "waiting.unknown");
        check(HandoffReason::OrderNotVerified, "waiting.unknown");
        check(HandoffReason::OrderChange, "waiting.kept");
        check(HandoffReason::Sensitive, "waiting.kept");
    }

    #[test]
    fn an_answer_stays_and_offers_no_second_person() {
        let phrases = phrases();
        let answer = reply(Decision::Answer, Spoken::phrase("smalltalk.hello", "Two days."));
        assert_eq!(answer.clone().while_waiting(&phrases), answer);

        let mut part = Spoken::phrase("smalltalk.hello", "两天。 Two days.");
        part.push(BETWEEN, "Would you like a person?", Origin::Phrase { key: "part_unknown".to_owned() });
        let kept = reply(Decision::PartAnswer, part).while_waiting(&phrases);
        assert_eq!((kept.decision, kept.handoff), (Decision::Answer, None));
        assert_eq!(kept.content, format!("两天。 Two days.\n\n{}", phrases.text("waiting.rest", &[])));
        let said: Vec<String> =
            kept.statements.iter().map(|part| kept.content.chars().skip(part.start).take(part.end - part.start).collect()).collect();
        assert_eq!(said, ["两天。 Two days.".to_owned(), phrases.text("waiting.rest", &[])]);
    }
}
