//! Replies of the real chooser and the real language model.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::conversation::Origin;
use crate::inference::repository_models;
use crate::inference::{Chooser, Class, Engine, EngineOptions, ModelRole, Profile};

const CHOOSER: &[u8] = include_bytes!("../../../models/reader/chooser.safetensors");

fn chooser() -> Arc<dyn ScoreSentences> {
    let store = repository_models(Profile::Default);
    let (weights, tokenizer) = (store.path(ModelRole::EmbeddingWeights), store.path(ModelRole::EmbeddingTokenizer));
    Arc::new(Chooser::load(&weights, &tokenizer, CHOOSER).unwrap())
}

fn entry(question: &str, answer: &str) -> Arc<Entry> {
    Arc::new(Entry::sample(question, answer))
}

/// What nobody asks for here, and makes an answer too long to be said whole.
const MORE: &str = " Our shop in Rotterdam is open from Tuesday to Saturday. Members collect one point for each dollar. The workshop repairs \
    backpacks of any age. Gift cards never expire and can be used in several steps. Catalogues are printed twice a year.";

fn long_entry(question: &str, answer: &str) -> Arc<Entry> {
    entry(question, &format!("{answer}{MORE}"))
}

fn prompts() -> Prompts {
    Prompts::load(None, "Shop").unwrap()
}

fn asked<'a>(question: &'a str, entry: &'a Arc<Entry>) -> Asked<'a> {
    Asked { question, entry, openings: ("opening.neutral", &[]) }
}

async fn reply(composer: &Composer, question: &str, entry: &Arc<Entry>) -> Composed {
    composer.compose(&prompts(), asked(question, entry), &|_| {}).await
}

/// Each part of a reply stands in the answer where it says it does.
fn stands(composed: &Composed, entry: &Entry) {
    let said: Vec<char> = composed.spoken.content().chars().collect();
    let answer: Vec<char> = entry.answer.chars().collect();
    for statement in composed.spoken.statements() {
        if let Origin::Entry { start, end, version, .. } = &statement.origin {
            assert_eq!(said[statement.start..statement.end], answer[*start..*end]);
            assert_eq!(*version, entry.version());
        }
    }
}

#[tokio::test]
async fn the_sentence_that_answers_is_said() {
    let composer = Composer { chooser: Some(chooser()), ..Composer::default() };
    for (message, question, answer, say, not) in [
        (
            "can I pay cash when it arrives?",
            "How can I pay?",
            "We accept all major credit cards, PayPal and Klarna. We do not accept cash on delivery or cheques.",
            "We do not accept cash on delivery or cheques.",
            "Catalogues",
        ),
        (
            "do you ship to Australia?",
            "Where do you deliver?",
            "We ship to Canada, the UK and the EU.",
            "We ship to Canada, the UK and the EU.",
            "Catalogues",
        ),
        (
            "is it free to return a $30 tshirt",
            "What does a return cost?",
            "Returns are free for orders over $50; otherwise $4.95 is deducted from the refund.",
            "Returns are free for orders over $50; otherwise $4.95 is deducted from the refund.",
            "Catalogues",
        ),
    ] {
        let entry = long_entry(question, answer);
        let composed = reply(&composer, message, &entry).await;
        stands(&composed, &entry);
        assert!(composed.spoken.content().contains(say), "{message}: {}", composed.spoken.content());
        assert!(!composed.spoken.content().contains(not), "{message}: {}", composed.spoken.content());
        assert_eq!(composed.by, super::CHOOSER);
    }
}

#[tokio::test]
async fn without_a_chooser_or_a_choice_the_whole_answer_is_said() {
    let long = entry("How?", "One thing. Another thing.");
    let composed = reply(&Composer::default(), "how", &long).await;
    assert_eq!((composed.spoken.content(), composed.by.as_str()), ("One thing. Another thing.", STORED));
    let composer = Composer { chooser: Some(chooser()), ..Composer::default() };
    let short = entry("How?", "One thing only.");
    let composed = reply(&composer, "how", &short).await;
    assert_eq!((composed.spoken.content(), composed.by.as_str()), ("One thing only.", STORED));
}

fn writer(deadline: Duration) -> Writer {
    let store = repository_models(Profile::Default);
    let engine = Engine::load(&store.path(ModelRole::Language), None, EngineOptions::new(1, 1_024)).unwrap();
    Writer { engine: Arc::new(engine), deadline, class: Class::Shopper }
}

#[tokio::test]
async fn the_model_writes_one_of_the_openings_and_nothing_else_and_what_is_told_is_what_is_said() {
    let composer = Composer { chooser: Some(chooser()), writer: Some(writer(Duration::from_secs(60))), free: None };
    let entry = long_entry("What if it is broken?", "Send us a photo. We replace broken items free of charge. Replacements take 3 days.");
    let openings = ["I am sorry about that.".to_owned(), "I am sorry to hear that.".to_owned()];
    let told = Mutex::new(String::new());
    let tell = |text: &str| told.lock().unwrap().push_str(text);
    let asked = Asked { question: "my mug came broken!! do I get a new one", entry: &entry, openings: ("opening.complaint", &openings) };
    let composed = composer.compose(&prompts(), asked, &tell).await;
    stands(&composed, &entry);
    let content = composed.spoken.content();
    assert!(openings.iter().any(|opening| content.starts_with(opening)), "{content}");
    assert_eq!(composed.by, composer.writer.as_ref().unwrap().engine.name());
    assert_eq!(*told.lock().unwrap(), content);
    assert_eq!(composed.spoken.statements()[0].origin, Origin::Phrase { key: "opening.complaint".into() });
}

#[tokio::test]
async fn a_model_that_is_late_or_busy_costs_nothing_but_its_opinion() {
    let openings = ["I am sorry.".to_owned(), "I am so sorry.".to_owned()];
    let entry = long_entry("What if it is broken?", "Send us a photo. We replace broken items free of charge. Replacements take 3 days.");
    let asked = Asked { question: "broken!! do I get a new one", entry: &entry, openings: ("opening.complaint", &openings) };
    let late = Composer { chooser: Some(chooser()), writer: Some(writer(Duration::from_millis(1))), free: None };
    let composed = late.compose(&prompts(), asked, &|_| {}).await;
    assert_eq!(composed.by, "chooser/late");
    assert!(composed.spoken.content().starts_with("I am sorry. "), "{}", composed.spoken.content());
    let missing = Composer { writer: None, ..late.clone() };
    assert_eq!(missing.compose(&prompts(), asked, &|_| {}).await.by, "chooser/missing");
    let busy = Composer { writer: Some(writer(Duration::from_secs(60))), ..late };
    let _places: Vec<_> = std::iter::from_fn(|| busy.writer.as_ref().unwrap().engine.admit(Class::Shopper).ok()).take(64).collect();
    let composed = busy.compose(&prompts(), asked, &|_| {}).await;
    assert_eq!(composed.by, "chooser/overloaded");
    stands(&composed, &entry);
}
