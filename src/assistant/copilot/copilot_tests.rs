//! The summary as a whole: with a model, with one that has no time, with none; and that nothing in it is invented.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::oneshot;

use super::fixture::{prompts, talk};
use super::summary::summary;
use super::*;
use crate::conversation::{Author, Decision, Source};
use crate::inference::{Allowed, Class, Generate, Generation, InferenceError, Overloaded, Permit, Scoring};

/// A model whose tokens are characters. Where it is given a choice it says what it likes, as far as it is let.
struct Scripted {
    likes: &'static str,
    state: State,
    asked: Mutex<Vec<String>>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Idle,
    Busy,
    Silent,
    Broken,
}

impl Scripted {
    fn new(likes: &'static str, state: State) -> Self {
        Self { likes, state, asked: Mutex::default() }
    }

    fn says(&self, request: &Generation) -> String {
        let constraint = request.constraint.as_ref().expect("it is never asked for free text");
        let mut liked = self.likes.chars().map(u32::from);
        let mut reply: Vec<u32> = Vec::new();
        while reply.len() < request.max_tokens {
            let Allowed::Only(allowed) = constraint.after(&reply).allowed else { panic!("anything is allowed") };
            let next = liked.next().filter(|token| allowed.contains(token)).or(allowed.first().copied());
            let Some(token) = next else { break };
            reply.push(token);
        }
        reply.into_iter().map(|token| char::from_u32(token).unwrap()).collect()
    }
}

impl Generate for Scripted {
    fn admit(&self, class: Class) -> Result<Permit, Overloaded> {
        assert_eq!(class, Class::Background);
        if self.state == State::Busy {
            return Err(Overloaded { retry_after: Duration::from_secs(1) });
        }
        Ok(Permit::unbounded(class))
    }

    fn generate(&self, _permit: Permit, request: Generation) -> Receiver<Result<String, InferenceError>> {
        let (out, pieces) = channel(4);
        self.asked.lock().unwrap().push(request.messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n"));
        match self.state {
            State::Broken => out.try_send(Err(InferenceError::ShuttingDown)).unwrap(),
            State::Silent => {
                tokio::spawn(async move { out.closed().await });
            }
            State::Idle | State::Busy => {
                let said = self.says(&request);
                let middle = said.char_indices().nth(said.chars().count() / 2).map_or(0, |(at, _)| at);
                out.try_send(Ok(said[..middle].to_owned())).unwrap();
                out.try_send(Ok(said[middle..].to_owned())).unwrap();
            }
        }
        pieces
    }

    fn score(&self, _permit: Permit, _request: Scoring) -> oneshot::Receiver<Result<Vec<Vec<f32>>, InferenceError>> {
        unreachable!("nothing is scored")
    }

    fn tokens(&self, texts: Vec<String>) -> oneshot::Receiver<Result<Vec<Vec<u32>>, InferenceError>> {
        let (out, tokens) = oneshot::channel();
        out.send(Ok(texts.iter().map(|text| text.chars().map(u32::from).collect()).collect())).unwrap();
        tokens
    }

    fn name(&self) -> &'static str {
        "scripted"
    }
}

fn asking(engine: &Scripted, patience: Duration) -> Chooser<'_> {
    Chooser { engine, until: Instant::now() + patience }
}

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

const TALK: [(&str, &str); 6] = [
    ("shopper", "Hi! I bought a tent and a lamp last week. How do I send the lamp back?"),
    ("bot answer unhelpful", "Print the label."),
    ("shopper", "Is the tent waterproof? And where is order #AP10042?"),
    ("bot order", "It is on its way."),
    ("shopper", "This is ridiculous. Let me talk to a human"),
    ("bot handoff", "I have passed this on."),
];

fn text(quote: Option<&Quote>) -> Option<&str> {
    quote.map(|quote| quote.text.as_str())
}

#[tokio::test]
async fn the_rule_alone_makes_a_summary() {
    let made = summary(&talk(&TALK), prompts(), None).await;
    assert_eq!(text(made.wants.as_ref()), Some("How do I send the lamp back?"));
    assert_eq!(text(made.open.as_ref()), Some("And where is order #AP10042?"));
    assert_eq!(made.owed, made.open);
    assert_eq!(made.order, Some(OrderMention { number: "#AP10042".into(), shown: true }));
    assert_eq!((made.mood.mood, text(made.mood.because.as_ref())), (Mood::Angry, Some("This is ridiculous.")));
    let tried: Vec<(Decision, Option<bool>)> = made.tried.iter().map(|one| (one.decision, one.helped)).collect();
    assert_eq!(tried, [(Decision::Answer, Some(false)), (Decision::Order, None)]);
    assert_eq!((made.by, made.hurried), (By::Rule, false));
}

#[tokio::test]
async fn the_model_chooses_among_the_shoppers_sentences() {
    let model = Scripted::new("I bought a tent and a lamp last week.", State::Idle);
    let made = summary(&talk(&TALK), prompts(), Some(&asking(&model, LONG))).await;
    assert_eq!((made.by, text(made.wants.as_ref())), (By::Model, Some("I bought a tent and a lamp last week.")));
    assert!(
        ["Is the tent waterproof?", "How do I send the lamp back?", "And where is order #AP10042?"]
            .contains(&text(made.open.as_ref()).unwrap())
    );
    let asked = model.asked.lock().unwrap();
    assert_eq!(asked.len(), 2, "once for each of the two");
    assert!(asked.iter().all(|prompt| prompt.contains("Is the tent waterproof?") && !prompt.contains("Print the label.")), "{asked:?}");
    assert!(asked.iter().all(|prompt| !prompt.contains("talk to a human")), "{asked:?}");
}

#[tokio::test]
async fn where_there_is_no_choice_the_model_is_not_asked() {
    let model = Scripted::new("", State::Idle);
    let made =
        summary(&talk(&[("shopper", "hello"), ("shopper", "How long does delivery take?")]), prompts(), Some(&asking(&model, LONG))).await;
    assert_eq!((made.by, made.hurried, text(made.open.as_ref())), (By::Rule, false, Some("How long does delivery take?")));
    assert!(model.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_model_that_has_no_time_leaves_it_to_the_rule() {
    for (state, patience) in [(State::Busy, LONG), (State::Broken, LONG), (State::Silent, Duration::from_millis(50))] {
        let began = Instant::now();
        let made = summary(&talk(&TALK), prompts(), Some(&asking(&Scripted::new("", state), patience))).await;
        assert_eq!((made.by, made.hurried), (By::Rule, true));
        assert_eq!(text(made.wants.as_ref()), Some("How do I send the lamp back?"));
        assert!(began.elapsed() < LONG / 2, "nobody waits for what will not come");
    }
}

#[tokio::test]
async fn what_was_wanted_and_settled_is_owed_no_more() {
    let check = async |turns: &[(&str, &str)], owed: Option<&str>| {
        assert_eq!(text(summary(&talk(turns), prompts(), None).await.owed.as_ref()), owed, "{turns:?}");
    };
    check(&[("shopper", "My tent came torn."), ("bot handoff", "Passed on.")], Some("My tent came torn.")).await;
    check(&[("shopper", "How do I pay?"), ("bot answer", "By card."), ("shopper", "thanks")], None).await;
    check(&[("shopper", "agent please"), ("bot handoff", "Passed on.")], None).await;
    check(&[], None).await;
}

/// Whether a quote stands where it says.
fn stands(quote: &Quote, transcript: &[Message]) -> bool {
    let Some(message) = transcript.iter().find(|message| message.id == quote.message_id) else { return false };
    let part: String = message.content.chars().skip(quote.start).take(quote.end - quote.start).collect();
    message.author == Author::Shopper && part == quote.text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_in_a_summary_is_invented(
        turns in proptest::collection::vec((0..8_usize, "[a-zA-Z#0-9 .?!\u{9000}-\u{9010}\u{3002}\u{ff1f}\n@]{0,60}"), 0..12),
        with_model: bool,
    ) {
        let who = ["shopper", "bot answer", "bot order", "bot answer helpful", "bot clarify unhelpful", "agent", "shopper", "shopper"];
        let known = ["where is my order #AP10042? ", "我很急。怎么退货？", "This is ridiculous! can i pay by card ", "", "", "", "", ""];
        let texts: Vec<String> = turns.iter().map(|(kind, text)| format!("{}{text}", known[*kind])).collect();
        let turns: Vec<(&str, &str)> = turns.iter().zip(&texts).map(|((kind, _), text)| (who[*kind], text.as_str())).collect();
        let transcript = talk(&turns);
        let model = Scripted::new("an answer of its own", State::Idle);
        let chooser = with_model.then(|| asking(&model, LONG));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let made = runtime.block_on(summary(&transcript, prompts(), chooser.as_ref()));
        for quote in [&made.wants, &made.open, &made.owed, &made.mood.because].into_iter().flatten() {
            prop_assert!(stands(quote, &transcript), "{quote:?} in {turns:?}");
        }
        let shopper: String = transcript.iter().filter(|message| message.author == Author::Shopper).map(|message| message.content.to_uppercase()).collect();
        if let Some(order) = &made.order {
            prop_assert!(shopper.contains(order.number.trim_start_matches('#')), "{order:?} in {turns:?}");
        }
        let sources: Vec<&Source> = transcript.iter().filter_map(|message| message.trace.as_ref()).flat_map(|trace| &trace.sources).collect();
        prop_assert!(made.tried.iter().flat_map(|one| &one.sources).all(|source| sources.contains(&source)));
    }
}
