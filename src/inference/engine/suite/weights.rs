//! The engine with a real model: what holds of the scripted one holds of the weights.

use super::*;
use crate::inference::files::manifest::{ModelRole, Profile};
use crate::inference::files::models::repository_models;
use crate::inference::text::chat::{Scoring, ScoringPrompt};

const INSTRUCTIONS: &str = "You answer shoppers of a small shop, briefly, and only from this entry: Returns are free within thirty days of \
                            delivery. The label is in the parcel. Refunds take five days.";

fn asked(question: &str) -> Generation {
    let messages = vec![ChatMessage::system(INSTRUCTIONS), ChatMessage::user(question)];
    Generation { max_tokens: 16, deadline: Duration::from_secs(120), ..Generation::new(messages) }
}

fn ask(engine: &Engine, question: &str) -> Pieces {
    engine.generate(engine.admit(Class::Shopper).unwrap(), asked(question))
}

#[test]
fn a_reply_of_the_weights_is_the_same_alone_and_among_others() {
    let path = repository_models(Profile::Default).path(ModelRole::Language);
    let load = |sequences, kept| Engine::load(&path, None, EngineOptions { sequences, kept, ..EngineOptions::new(16, 256) }).unwrap();
    let questions =
        ["Can I return it?", "How long do refunds take?", "Where is the label?", "Is it free?", "Repeat the entry word by word."];
    // One after the other, and nothing kept.
    let plain = load(1, 0);
    let alone: Vec<String> = questions.map(|question| text(ask(&plain, question))).into();
    drop(plain);
    let engine = load(8, 64 << 20);
    for _ in 0..2 {
        let pieces: Vec<Pieces> = questions.iter().map(|question| ask(&engine, question)).collect();
        let together: Vec<String> = pieces.into_iter().map(text).collect();
        assert_eq!(together, alone);
    }
    let prompt = ScoringPrompt::Text("Returns are free within thirty days of".into());
    let continuations = vec![" delivery.".to_owned(), " elephants.".to_owned()];
    let request = Scoring { prompt, continuations, deadline: Duration::from_secs(120) };
    let scores = engine.score(engine.admit(Class::Agent).unwrap(), request).blocking_recv().unwrap().unwrap();
    let sum = |scores: &[f32]| scores.iter().sum::<f32>();
    assert!(sum(&scores[0]) > sum(&scores[1]), "{scores:?}");
}
