//! The rule of the last calibration in the data folder, with the hashes of what it was made of.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::confidence::{Calibration, Guarantee, Limit, Origin, Promise, Rule, Threshold, TooFew};
use crate::evaluation::teaching::Taught;
use crate::retrieval::Correction;

/// What a rule was derived from. Another value in any of them makes it void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeOf {
    /// Hash of the program's part: the version of the calibration and its messages of other matters.
    pub program: String,
    /// The retriever's fingerprint: model and knowledge base together.
    pub index: String,
    /// Hash of the knowledge base, to tell the two apart.
    pub knowledge: String,
    /// Hash of the labelled questions; empty without any.
    pub questions: String,
    /// The limit as a text, for a number may lose its last digit on the way through a file.
    pub limit: String,
}

impl MadeOf {
    /// What differs, as the reason of a calibration.
    pub fn differs_from(&self, former: &Self) -> String {
        let knowledge = self.knowledge != former.knowledge;
        let changes = [
            (self.program != former.program, "the program"),
            (self.index != former.index && !knowledge, "the model"),
            (knowledge, "the knowledge base"),
            (self.questions != former.questions, "the labelled questions"),
            (self.limit != former.limit, "the accepted wrong rate"),
        ];
        let named: Vec<&str> = changes.into_iter().filter(|(differs, _)| *differs).map(|(_, name)| name).collect();
        format!("anew because {} changed", named.join(" and "))
    }
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stored {
    made_of: MadeOf,
    /// For a reader of the file; the program does not read it.
    says: String,
    threshold: f64,
    slope: f64,
    intercept: f64,
    /// What is added to the weights of the signals, and to what 'no entry' scores.
    signals: Vec<f32>,
    none: f32,
    origin: OriginRow,
    promise: PromiseRow,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum OriginRow {
    Provisional { phrasings: usize, out_of_scope: usize },
    Labelled { questions: usize, not_covered: usize },
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum PromiseRow {
    Guaranteed { answered: usize, wrong: usize, of: usize, bound: f64 },
    TooFew { given: usize, needed: usize },
    NotShown { of: usize },
}

impl Stored {
    /// What the rule was made of.
    pub fn made_of(&self) -> &MadeOf {
        &self.made_of
    }

    /// The rule, if it was made of the same.
    pub fn taught_of(&self, made_of: &MadeOf, limit: Limit) -> Option<Taught> {
        if self.made_of != *made_of {
            return None;
        }
        let origin = match self.origin {
            OriginRow::Provisional { phrasings, out_of_scope } => Origin::Provisional { phrasings, out_of_scope },
            OriginRow::Labelled { questions, not_covered } => Origin::Labelled { questions, not_covered },
        };
        let Limit { max_wrong_rate, delta } = limit;
        let promise = match self.promise {
            PromiseRow::Guaranteed { answered, wrong, of, bound } => {
                Promise::Shown(Guarantee { threshold: self.threshold, answered, wrong, of, max_wrong_rate, delta, bound })
            }
            PromiseRow::TooFew { given, needed } => Promise::TooFew(TooFew { given, needed }),
            PromiseRow::NotShown { of } => Promise::NotShown { of },
        };
        let calibration = Calibration::of(self.slope, self.intercept, origin)?;
        let correction = Correction { signals: self.signals.as_slice().try_into().ok()?, none: self.none };
        let sound = correction.signals.iter().chain([&correction.none]).all(|number| number.is_finite());
        let rule = Rule { calibration, threshold: Threshold::new(self.threshold), promise, limit };
        sound.then_some(Taught { correction, rule })
    }
}

/// Reads the file. One that is missing, damaged or of another version is none: the calibration is then made again.
pub fn load(path: &Path) -> Option<Stored> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Writes beside the file and renames, so that a crash leaves the old file or the new one. A rule that was derived from nothing is not written.
pub fn save(path: &Path, made_of: &MadeOf, taught: &Taught) -> io::Result<()> {
    let rule = &taught.rule;
    let origin = match rule.calibration.origin() {
        Origin::Shipped => return Ok(()),
        Origin::Provisional { phrasings, out_of_scope } => OriginRow::Provisional { phrasings, out_of_scope },
        Origin::Labelled { questions, not_covered } => OriginRow::Labelled { questions, not_covered },
    };
    let promise = match rule.promise {
        Promise::Shipped | Promise::Set => return Ok(()),
        Promise::Shown(Guarantee { answered, wrong, of, bound, .. }) => PromiseRow::Guaranteed { answered, wrong, of, bound },
        Promise::TooFew(TooFew { given, needed }) => PromiseRow::TooFew { given, needed },
        Promise::NotShown { of } => PromiseRow::NotShown { of },
    };
    let (slope, intercept) = rule.calibration.line();
    let made_of = made_of.clone();
    let (signals, none) = (taught.correction.signals.to_vec(), taught.correction.none);
    let stored =
        Stored { made_of, says: rule.to_string(), threshold: rule.threshold.value(), slope, intercept, signals, none, origin, promise };
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(&serde_json::to_vec_pretty(&stored)?)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|fault| fault.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidence::Example;

    const LIMIT: Limit = Limit { max_wrong_rate: 0.05, delta: 0.1 };

    fn made_of(knowledge: &str) -> MadeOf {
        let of = |text: &str| text.to_owned();
        MadeOf { program: of("p"), index: format!("m {knowledge}"), knowledge: of(knowledge), questions: of("q"), limit: of("0.05") }
    }

    #[test]
    fn what_is_saved_is_loaded_for_the_same_data_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calibration.json");
        for (right, wrong, origin) in [
            (60, 30, Origin::Labelled { questions: 90, not_covered: 30 }),
            (10, 5, Origin::Provisional { phrasings: 10, out_of_scope: 5 }),
            (50, 50, Origin::Provisional { phrasings: 50, out_of_scope: 50 }),
        ] {
            let example = |n: usize| Example { log_odds: Some(if n.is_multiple_of(3) { -1.0 } else { 2.0 }), right: n < right };
            let rule = Rule::derive(&(0..right + wrong).map(example).collect::<Vec<_>>(), origin, LIMIT);
            let correction = Correction { signals: [0.25, -1.5, 0.0, 3.0, 0.1, 0.2, 0.3, 0.4, 0.5], none: -2.5 };
            save(&path, &made_of("a"), &Taught { correction, rule }).unwrap();
            let stored = load(&path).unwrap();
            let taught = stored.taught_of(&made_of("a"), LIMIT).unwrap();
            assert_eq!(taught.correction, correction);
            let read = taught.rule;
            // A number may lose its last digit on the way.
            assert_eq!(read.to_string(), rule.to_string());
            assert!((read.threshold.value() - rule.threshold.value()).abs() < 1e-12);
            assert!((read.calibration.probability(Some(2.0)) - rule.calibration.probability(Some(2.0))).abs() < 1e-12);
            assert_eq!(stored.taught_of(&made_of("b"), LIMIT), None);
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for damaged in [text.replace("slope", "slop"), text[..text.len() / 2].to_owned(), String::new()] {
            std::fs::write(&path, damaged).unwrap();
            assert!(load(&path).is_none());
        }
        let falling = text.replace("\"slope\": ", "\"slope\": -");
        std::fs::write(&path, falling).unwrap();
        assert_eq!(load(&path).unwrap().taught_of(&made_of("a"), LIMIT), None);
        assert!(load(&folder.path().join("none")).is_none());
    }

    #[test]
    fn reasons_name_what_changed() {
        let base = made_of("a");
        for (other, said) in [
            (made_of("b"), "anew because the knowledge base changed"),
            (MadeOf { index: "other".into(), ..base.clone() }, "anew because the model changed"),
            (
                MadeOf { questions: String::new(), limit: "0.1".into(), ..base.clone() },
                "anew because the labelled questions and the accepted wrong rate changed",
            ),
            (MadeOf { program: "2".into(), ..base.clone() }, "anew because the program changed"),
        ] {
            assert_eq!(other.differs_from(&base), said);
        }
    }
}
