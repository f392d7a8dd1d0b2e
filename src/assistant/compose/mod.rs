//! Composition: what may be said, which of it answers the question, and the reply made of it.
//!
//! Code takes the entry apart into sentences that may be said (`units`), a model that read message and entry together judges which of them a good
//! agent would say (`pick`), and where several replies remain, an opening to choose, the language model writes one along a trie of them (`write`):
//! it cannot say what no source says. Whatever fails, something that stands is said at once: the sentences that were judged likely, or the whole
//! answer. Sentences are not left to the language model: it chooses them worse (`nightdesk eval sentences --by model`), and beside the judge it does
//! what another threshold does (`--by both`).

mod free;
mod pick;
mod said;
mod spoken;
mod units;
mod write;

use std::sync::{Arc, Mutex, PoisonError};

pub use free::Free;
pub use pick::{SAID, picked};
pub use spoken::Spoken;
pub use write::{Tell, Unwritten, Writer};

use self::free::accepted;
use self::pick::{is_short, picks};
use self::said::said;
use self::units::units;
use super::content::is_han;
use crate::conversation::STORED;
use crate::inference::{InferenceError, ScoreSentences};
use crate::knowledge::Entry;
use crate::prompt::Prompts;

/// Who chose the words where the sentences were judged and no language model was needed.
pub const CHOOSER: &str = "chooser";

/// Answers up to this many sentences are judged; what stands behind them is on the entry's own page.
const MOST_SENTENCES: usize = 64;

/// What composes replies.
#[derive(Clone, Default)]
pub struct Composer {
    /// Judges which sentences answer; without it whole answers are said.
    pub chooser: Option<Arc<dyn ScoreSentences>>,
    /// The language model.
    pub writer: Option<Writer>,
    /// Set where it first tries in its own words.
    pub free: Option<Free>,
}

/// A composed reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// Its words.
    pub spoken: Spoken,
    /// Who chose them: `stored`, [`CHOOSER`], the language model's name; behind a slash why the model did not where it was asked.
    pub by: String,
}

/// What a reply is made from.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The question in the shopper's words.
    pub question: &'a str,
    /// The entry that answers it.
    pub entry: &'a Arc<Entry>,
    /// What may stand before the answer, with its key; where there is something, one of it does.
    pub openings: (&'static str, &'a [String]),
}

impl Composer {
    /// Changes whenever the same question and entry may get another reply.
    pub fn fingerprint(&self) -> String {
        let chooser = self.chooser.as_ref().map(|chooser| format!("{CHOOSER} {}", chooser.fingerprint()));
        let writer = self.writer.as_ref().map(|writer| writer.engine.fingerprint());
        let parts: Vec<String> = chooser.into_iter().chain(writer).collect();
        if parts.is_empty() { STORED.to_owned() } else { parts.join(" + ") }
    }

    /// The reply to a question from the entry that answers it. `tell` hears its words as the language model writes them; nothing where it
    /// does not.
    pub async fn compose(&self, prompts: &Prompts, asked: Asked<'_>, tell: &Tell<'_>) -> Composed {
        if let Some(composed) = self.freely(prompts, asked).await {
            return composed;
        }
        let replies = match self.replies(asked).await {
            Ok(replies) => replies,
            Err(fault) => {
                tracing::warn!(entry.id = asked.entry.id.as_str(), error.message = %fault, "sentences could not be judged; the whole answer is said");
                Vec::new()
            }
        };
        let (key, openings) = asked.openings;
        let replies = opened(&replies, key, openings);
        let Some(likeliest) = replies.first() else {
            let whole = opened_by(&self.whole(asked), key, openings.first());
            return Composed { spoken: whole, by: STORED.to_owned() };
        };
        let writer = self.writer.as_ref().filter(|_| replies.len() > 1);
        let prompt = writer.and_then(|_| prompts.reply(asked.question, &asked.entry.answer).ok());
        let (Some(writer), Some(prompt)) = (writer, prompt) else {
            let by = if replies.len() > 1 { format!("{CHOOSER}/missing") } else { CHOOSER.to_owned() };
            return Composed { spoken: likeliest.clone(), by };
        };
        let heard = Mutex::new(String::new());
        let hear = |piece: &str| {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push_str(piece);
            tell(piece);
        };
        let texts: Vec<&str> = replies.iter().map(Spoken::content).collect();
        let written = writer.choose(prompt, &texts, &hear).await;
        let outcome = written.map_or_else(Unwritten::as_str, |_| "written");
        metrics::counter!("nightdesk_replies_written_total", "outcome" => outcome).increment(1);
        match written {
            Ok(place) => Composed { spoken: replies[place].clone(), by: writer.engine.name().to_owned() },
            Err(reason) => {
                // What was told already is gone on with where that is possible.
                let heard = heard.into_inner().unwrap_or_else(PoisonError::into_inner);
                let begun = replies.iter().find(|reply| reply.content().starts_with(&heard));
                if let Some(rest) = begun.and_then(|reply| reply.content().strip_prefix(&heard)) {
                    tell(rest);
                }
                Composed { spoken: begun.unwrap_or(likeliest).clone(), by: format!("{CHOOSER}/{}", reason.as_str()) }
            }
        }
    }

    /// The reply in the model's own words, where that is wanted and all of it stands in the entry. Nothing of it is told before that is known.
    async fn freely(&self, prompts: &Prompts, asked: Asked<'_>) -> Option<Composed> {
        let (Some(free), Some(writer)) = (&self.free, &self.writer) else { return None };
        let prompt = prompts.rewrite(asked.question, &asked.entry.answer).ok()?;
        let outcome = match writer.freely(prompt, free.max_tokens).await {
            Err(reason) => Err(reason.as_str()),
            Ok(draft) => accepted(&draft, asked.entry).map_err(|(sentence, fault)| {
                tracing::info!(entry.id = asked.entry.id.as_str(), sentence, %fault, "a free reply was refused");
                "refused"
            }),
        };
        let label = outcome.as_ref().map_or_else(|reason| *reason, |_| "accepted");
        metrics::counter!("nightdesk_free_replies_total", "outcome" => label).increment(1);
        outcome.ok().map(|spoken| Composed { spoken, by: writer.engine.name().to_owned() })
    }

    /// All of an answer; as it stands where nobody is to choose anything.
    fn whole(&self, asked: Asked<'_>) -> Spoken {
        if self.chooser.is_none() {
            return Spoken::stored(asked.entry);
        }
        let units = units(&asked.entry.answer);
        said(asked.entry, &units, &(0..units.len()).collect(), asked.question)
    }

    /// What may be said without an opening, the likeliest first; none where nobody judges.
    async fn replies(&self, asked: Asked<'_>) -> Result<Vec<Spoken>, InferenceError> {
        let Some(chooser) = &self.chooser else { return Ok(Vec::new()) };
        let units = units(&asked.entry.answer);
        // The chooser learned from English. What it would make of Chinese is worse than an answer that is said whole.
        let is_english = |text: &str| !text.chars().any(is_han);
        if !is_english(asked.question) || !is_english(&asked.entry.answer) {
            return Ok(Vec::new());
        }
        if units.len() < 2 || units.len() > MOST_SENTENCES || is_short(&asked.entry.answer) {
            return Ok(Vec::new());
        }
        let (chooser, entry, question) = (Arc::clone(chooser), Arc::clone(asked.entry), asked.question.to_owned());
        let judged = tokio::task::spawn_blocking(move || {
            let sentences: Vec<&str> = units.iter().map(|unit| &entry.answer[unit.range.clone()]).collect();
            let scores = chooser.score(&question, &entry.question, &sentences)?;
            let sets = picks(&units, &scores, SAID, 0.0);
            // Where all of it is likely there is nothing to choose.
            let whole = sets.first().is_some_and(|set| set.len() == units.len());
            Ok(if whole { Vec::new() } else { sets.iter().map(|set| said(&entry, &units, set, &question)).collect() })
        });
        judged.await.map_err(|fault| InferenceError::Failed { fault: fault.to_string() })?
    }
}

/// The replies with each of the openings, as far as there are any; the likeliest reply with the first opening comes first.
fn opened(replies: &[Spoken], key: &str, openings: &[String]) -> Vec<Spoken> {
    if openings.is_empty() {
        return replies.to_vec();
    }
    replies.iter().flat_map(|reply| openings.iter().map(move |opening| opened_by(reply, key, Some(opening)))).collect()
}

fn opened_by(reply: &Spoken, key: &str, opening: Option<&String>) -> Spoken {
    let Some(opening) = opening else { return reply.clone() };
    let mut spoken = Spoken::phrase(key, opening);
    let joint = if opening.ends_with(|sign| sign >= '\u{2e80}') { "" } else { " " };
    spoken.append(joint, reply);
    spoken
}

#[cfg(test)]
mod compose_tests;
