//! What an agent should know before the first word, nothing of it in words of the program's or the model's own.

use super::choose::Chooser;
use super::mood::{Felt, mood};
use super::quote::{Kind, Quote, Said, said};
use super::rule;
use super::tried::{Tried, tried};
use crate::assistant::understand::order_talk;
use crate::conversation::{Message, Source};
use crate::prompt::{Pick, Prompts};

/// Who chose the sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The language model.
    Model,
    /// The plain rule.
    Rule,
}

/// The order that is talked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderMention {
    /// Its number, as the shop writes it.
    pub number: String,
    /// Whether the bot told the shopper of it, who had shown that it is theirs.
    pub shown: bool,
}

/// What an agent should know. Its texts are the shopper's own words and the names of entries and orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The sentence that says what the shopper wants; none where they wrote nothing.
    pub wants: Option<Quote>,
    /// What the bot tried.
    pub tried: Vec<Tried>,
    /// The order.
    pub order: Option<OrderMention>,
    /// How the shopper seems to feel.
    pub mood: Felt,
    /// The question that waits for its answer.
    pub open: Option<Quote>,
    /// What a reply would be about: the open question, else what the shopper wants, unless that is settled.
    pub owed: Option<Quote>,
    /// Who chose `wants` and `open`.
    pub by: By,
    /// Whether the model would have had a choice to make and did not make it in time.
    pub hurried: bool,
}

/// The summary of a conversation: with the model's choices where it makes them in time, else with the rule's.
pub async fn summary(transcript: &[Message], prompts: &Prompts, chooser: Option<&Chooser<'_>>) -> Summary {
    let patterns = prompts.patterns();
    let (said, settled) = (said(transcript, patterns), rule::settled(transcript, patterns));
    let (mut wants, mut open) = (rule::wants(&said), rule::open(&said, settled, transcript));
    let told: Vec<&Said> = said.iter().filter(|one| one.kind != Kind::Empty).collect();
    let waiting = rule::waiting(&said, settled, transcript);
    let mut by = By::Rule;
    let has_choice = told.len() > 1 || waiting.len() > 1;
    if let Some(chooser) = chooser.filter(|_| has_choice) {
        let chosen = async {
            let wants = if told.len() > 1 { Some(chooser.choose(prompts, Pick::Wants, &told).await?) } else { wants };
            let open = if waiting.len() > 1 { Some(chooser.choose(prompts, Pick::Open, &waiting).await?) } else { open };
            Some((wants, open))
        };
        if let Some(chosen) = chosen.await {
            (wants, open) = chosen;
            by = By::Model;
        }
    }
    let owed = open.or_else(|| wants.filter(|one| one.place >= settled && one.kind != Kind::Empty));
    let quote = |one: Option<&Said>| one.map(|one| one.quote.clone());
    Summary {
        wants: quote(wants),
        tried: tried(transcript),
        order: order(transcript),
        mood: mood(transcript, &said, settled, patterns),
        open: quote(open),
        owed: quote(owed),
        by,
        hurried: chooser.is_some() && has_choice && by == By::Rule,
    }
}

fn order(transcript: &[Message]) -> Option<OrderMention> {
    let number = order_talk(transcript).details.number?.as_str().to_owned();
    let named = |source: &Source| matches!(source, Source::Order { number: told } if *told == number);
    let shown = transcript.iter().filter_map(|message| message.trace.as_ref()).any(|trace| trace.sources.iter().any(named));
    Some(OrderMention { number, shown })
}
