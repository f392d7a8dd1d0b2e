//! What is held out, what is left, and that the same knowledge base rehearses the same.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::inference::{Embed, InferenceError};
use crate::knowledge::{EntryId, HandoffRule};

/// Words in sixty-four buckets: texts of the same words get the same vector, without a model.
#[derive(Default)]
struct Words {
    embedded: AtomicUsize,
}

impl Embed for Words {
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError> {
        self.embedded.fetch_add(texts.len(), Ordering::Relaxed);
        let vector = |text: &&str| {
            let mut counts = [0.01_f32; 64];
            for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
                counts[usize::from(hash(word)[0] % 64)] += 1.0;
            }
            let length = counts.iter().map(|c| c * c).sum::<f32>().sqrt();
            counts.iter().map(|c| c / length).collect()
        };
        Ok(texts.iter().map(vector).collect())
    }

    fn dimensions(&self) -> usize {
        64
    }

    fn fingerprint(&self) -> &str {
        "words"
    }
}

fn entry(id: &str, question: &str, phrasings: &[&str], answer: &str) -> Arc<Entry> {
    Arc::new(Entry {
        id: EntryId::parse(id).unwrap(),
        topic: "t".into(),
        locale: "en".into(),
        updated: None,
        question: question.into(),
        phrasings: phrasings.iter().map(|&text| text.into()).collect(),
        answer: answer.into(),
        handoff: HandoffRule::Never,
        file: "t.md".into(),
        line: 1,
    })
}

fn shop(entries: Vec<Arc<Entry>>) -> Arc<Knowledge> {
    Arc::new(Knowledge { hash: entries.len().to_string(), entries })
}

fn small() -> Arc<Knowledge> {
    shop(vec![
        entry("delivery/time", "How long does delivery take?", &["how many days does delivery take", "delivery time"], "Three days."),
        entry("returns/how", "How do I return an item?", &["I want to return something"], "Print the label."),
        entry("shop/where", "Where is the shop?", &[], "In Leeds."),
    ])
}

fn large(entries: usize, phrasings: usize) -> Arc<Knowledge> {
    let one = |number: usize| {
        let texts: Vec<String> = (0..phrasings).map(|n| format!("phrasing {n} of {number}")).collect();
        entry(&format!("e/{number}"), &format!("question {number}"), &texts.iter().map(String::as_str).collect::<Vec<_>>(), "Yes.")
    };
    shop((0..entries).map(one).collect())
}

#[test]
fn every_fold_leaves_each_entry_a_text() {
    for (knowledge, most, folds) in [
        (small(), 500, 8),
        (large(1, 200), 500, 8),
        (large(40, 3), 500, 8),
        (large(40, 3), 20, 1),
        (large(300, 5), 300, 2),
        (large(500, 1), 9, 1),
    ] {
        let plan = Plan::of(&knowledge, most);
        assert_eq!(plan, Plan::of(&knowledge, most), "the same every time");
        assert_eq!(plan.folds, folds);
        let distinct: BTreeSet<_> = plan.held_out.iter().map(|held_out| (held_out.entry, held_out.text)).collect();
        assert_eq!(distinct.len(), plan.held_out.len(), "nothing is asked twice");
        assert!(plan.held_out.len() <= most);
        for fold in 0..plan.folds {
            let reduced = plan.without(fold, &knowledge);
            assert_eq!(reduced.entries.len(), knowledge.entries.len());
            for held_out in plan.held_out.iter().filter(|held_out| held_out.fold == fold) {
                let (whole, left) = (&knowledge.entries[held_out.entry], &reduced.entries[held_out.entry]);
                let text = texts(whole)[held_out.text];
                assert!(!texts(left).contains(&text) && !texts(left).is_empty() && left.id == whole.id && left.answer == whole.answer);
            }
        }
    }
    let plan = Plan::of(&small(), 500);
    assert_eq!(plan.held_out.len(), 5, "all texts of entries that have two or more");
    assert_eq!(Plan::of(&shop(Vec::new()), 500).held_out, []);
}

#[test]
fn a_small_shop_rehearses_its_phrasings_and_other_matters() {
    let embed = Arc::new(Words::default());
    let retriever = Retriever::open(small(), embed.clone(), None).unwrap();
    let before = embed.embedded.load(Ordering::Relaxed);
    let steps = std::cell::RefCell::new(Vec::new());
    let rehearsal = rehearse(&retriever, &|step| steps.borrow_mut().push(step)).unwrap();
    let (inside, outside) = rehearsal.attempts.split_at(rehearsal.attempts.len() - rehearsal.out_of_scope);
    assert_eq!(inside.len(), 5);
    assert!(inside.iter().all(|attempt| attempt.expected.is_some() && attempt.log_odds.is_some()));
    assert!(inside.iter().any(|attempt| attempt.message == "how many days does delivery take" && attempt.is_right()));
    assert!(outside.len() > 10 && outside.len() <= FEWEST_OUT_OF_SCOPE, "{}", outside.len());
    assert!(outside.iter().all(|attempt| attempt.expected.is_none() && !attempt.is_right()));
    assert_eq!(rehearsal.origin(), Origin::Provisional { phrasings: 5, out_of_scope: outside.len() });
    assert_eq!(embed.embedded.load(Ordering::Relaxed) - before, FEWEST_OUT_OF_SCOPE, "nothing of the shop's own is embedded again");
    assert_eq!(steps.borrow().last(), Some(&Step { done: 25, of: 25 }));
    assert_eq!(rehearse(&retriever, &|_| ()).unwrap(), rehearsal, "the same every time");
}

#[test]
fn what_the_shop_covers_is_not_held_against_it() {
    let lines: Vec<&str> = OUT_OF_SCOPE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let covered = lines.iter().find(|line| line.contains("groom my poodle")).unwrap();
    let groomer = shop(vec![
        entry("dogs/groom", covered, &["dog grooming"], "Yes, on weekdays."),
        entry("taxi/call", "How do I order a cab?", &[], "Can you call me a taxi, please? Gladly, at any hour."),
    ]);
    let retriever = Retriever::open(groomer, Arc::new(Words::default()), None).unwrap();
    let guarded = |message: &str| is_nearly_covered(&retriever.candidates(message).unwrap());
    for (message, expected) in [
        (*covered, true),
        ("dog grooming!", true),
        ("can you call me a taxi", true),
        ("which lens should I buy for bird photography", false),
    ] {
        assert_eq!(guarded(message), expected, "{message}");
    }
}

#[test]
fn messages_are_in_the_shops_languages() {
    let count = |knowledge: &Knowledge| {
        let messages = out_of_scope(knowledge);
        let chinese = messages.iter().filter(|text| text.chars().any(|c| c >= '\u{4e00}')).count();
        (messages.len() - chinese, chinese)
    };
    let chinese = entry("zh/returns", "\u{600e}\u{4e48}\u{9000}\u{8d27}\u{ff1f}", &[], "\u{4e03}\u{5929}\u{5185}\u{3002}");
    let (english, none) = count(&small());
    assert!(english >= 140 && none == 0);
    let (none, only) = count(&shop(vec![chinese.clone()]));
    assert!(only >= 40 && none == 0);
    assert_eq!(count(&shop([small().entries.clone(), vec![chinese]].concat())), (english, only));
}
