//! Keeping the rule by which the bot answers in step with what it was derived from: model, knowledge base, labelled questions, settings.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use super::calibration_file::{self, MadeOf};
use crate::confidence::{Example, Limit, Origin, Rule, Threshold};
use crate::config::Settings;
use crate::config::settings::Answers;
use crate::evaluation::attempt::Attempt;
use crate::evaluation::teaching::{self, Taught};
use crate::evaluation::{questions, rehearsal};
use crate::retrieval::{Correction, RetrievalError, Retriever};

/// To be raised when the same data may give another rule.
const VERSION: &str = "calibration v2";
/// The labelled questions of a knowledge folder.
const QUESTIONS: &str = "questions.csv";

/// Derives the rule when something that it rests on has changed, and keeps it in the data folder for the next start.
pub struct Calibrator {
    retriever: Arc<Retriever>,
    rule: Arc<ArcSwap<Rule>>,
    limit: Limit,
    /// A threshold that somebody set; then none is derived.
    set: Option<Threshold>,
    questions: PathBuf,
    /// Whether a setting names the file; the one of the knowledge folder need not be there.
    named: bool,
    file: PathBuf,
    /// What the rule in force was made of. Held while one is derived: two at once would let the older one win.
    in_force: Mutex<Option<MadeOf>>,
}

/// What came of a look at the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing had changed.
    Unchanged,
    /// The rule of an earlier start still fits.
    Remembered,
    /// A new rule is in force.
    Derived,
    /// None could be derived; the program's own is in force, and the log says why.
    Failed,
}

impl Calibrator {
    /// A calibrator whose rule is the program's own until [`Self::bring_up_to_date`] is called.
    pub fn new(settings: &Settings, retriever: Arc<Retriever>) -> Self {
        let answers = &settings.answers;
        let limit = limit_of(answers);
        let set = set_threshold(answers);
        let named = !answers.questions.as_os_str().is_empty();
        let questions = if named { answers.questions.clone() } else { settings.knowledge.folder.join(QUESTIONS) };
        let calibrator = Self {
            retriever,
            rule: Arc::new(ArcSwap::from_pointee(Rule::shipped(limit))),
            limit,
            set,
            questions,
            named,
            file: settings.server.data.join("calibration.json"),
            in_force: Mutex::new(None),
        };
        calibrator.put_in_force(untaught(Rule::shipped(limit)));
        calibrator
    }

    /// Where labelled questions are looked for.
    pub fn questions(&self) -> &Path {
        &self.questions
    }

    /// The rule that is in force, now and later.
    pub fn rule(&self) -> Arc<ArcSwap<Rule>> {
        Arc::clone(&self.rule)
    }

    /// Looks whether the rule still rests on what it was made of, and derives another if not. Blocks for as long as that takes; messages are judged by the
    /// rule before it until then.
    pub fn bring_up_to_date(&self) -> Outcome {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        // The index as it is now: a reload in the meantime is noticed by the next look.
        let (retriever, _) = self.retriever.frozen();
        retriever.correct(Correction::default());
        let labelled = self.labelled();
        let made_of = self.made_of(&retriever, labelled.as_deref());
        if in_force.as_ref() == Some(&made_of) {
            return Outcome::Unchanged;
        }
        let before = calibration_file::load(&self.file);
        if let Some(taught) = before.as_ref().and_then(|before| before.taught_of(&made_of, self.limit)) {
            self.put_in_force(taught);
            *in_force = Some(made_of);
            return Outcome::Remembered;
        }
        let former = in_force.as_ref().or(before.as_ref().map(calibration_file::Stored::made_of));
        let why = former.map_or_else(|| "for the first time".to_owned(), |former| made_of.differs_from(former));
        let derived = self.derive(&retriever, labelled.as_deref());
        *in_force = Some(made_of.clone());
        match derived {
            Ok((taught, complete)) => {
                self.put_in_force(taught);
                metrics::counter!("nightdesk_calibrations_total", "origin" => taught.rule.calibration.origin().as_str()).increment(1);
                tracing::info!(calibration.why = %why, "calibrated {why}: the bot {}", self.rule.load());
                // What was left out because of a fault is said again at the next start.
                if complete && let Err(fault) = calibration_file::save(&self.file, &made_of, &taught) {
                    tracing::warn!(file = %self.file.display(), error.message = %fault, "the calibration cannot be written; the next start calibrates again");
                }
                Outcome::Derived
            }
            Err(fault) => {
                self.put_in_force(untaught(Rule::shipped(self.limit)));
                tracing::warn!(error.message = %fault, "the calibration failed; the bot {}", self.rule.load());
                Outcome::Failed
            }
        }
    }

    fn put_in_force(&self, Taught { correction, rule }: Taught) {
        self.retriever.correct(correction);
        let rule = self.set.map_or(rule, |threshold| rule.with_threshold(threshold));
        metrics::gauge!("nightdesk_answer_threshold").set(rule.threshold.value());
        self.rule.store(Arc::new(rule));
    }

    /// The rule, and whether everything that there is went into it.
    fn derive(&self, retriever: &Retriever, labelled: Option<&[u8]>) -> Result<(Taught, bool), RetrievalError> {
        let mut complete = true;
        if labelled.is_some() {
            match questions::read(&self.questions, &retriever.knowledge()) {
                Ok(questions) => {
                    let attempts = questions::ask(retriever, &questions, &|_| ())?;
                    let not_covered = questions.iter().filter(|question| question.entry.is_none()).count();
                    let origin = Origin::Labelled { questions: questions.len(), not_covered };
                    return Ok((untaught(Rule::derive(&examples(&attempts), origin, self.limit)), true));
                }
                Err(fault) => {
                    tracing::warn!(error.message = %fault, "the labelled questions are not used; the calibration is a provisional one");
                    complete = false;
                }
            }
        }
        let rehearsal = rehearsal::rehearse(retriever, &|step| tracing::debug!(done = step.done, of = step.of, "rehearsing"))?;
        Ok((teaching::learn(&rehearsal, self.limit), complete))
    }

    /// The file of labelled questions as it is; `None` where there is none, and an empty text where one cannot be read, of which [`Self::derive`] says why.
    fn labelled(&self) -> Option<Vec<u8>> {
        match fs::read(&self.questions) {
            Ok(bytes) => Some(bytes),
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound && !self.named => None,
            Err(_) => Some(Vec::new()),
        }
    }

    fn made_of(&self, retriever: &Retriever, labelled: Option<&[u8]>) -> MadeOf {
        MadeOf {
            program: hash(format!("{VERSION}\n{}", rehearsal::OUT_OF_SCOPE).as_bytes()),
            index: retriever.fingerprint(),
            knowledge: retriever.knowledge().hash.clone(),
            questions: labelled.map(hash).unwrap_or_default(),
            limit: format!("{} with {}", self.limit.max_wrong_rate, 1.0 - self.limit.delta),
        }
    }
}

/// A rule for the weights as they are.
fn untaught(rule: Rule) -> Taught {
    Taught { correction: Correction::default(), rule }
}

/// What the settings accept.
pub(super) fn limit_of(answers: &Answers) -> Limit {
    Limit { max_wrong_rate: answers.max_wrong_rate, delta: 1.0 - answers.wrong_rate_confidence }
}

/// The threshold that somebody set.
pub(super) fn set_threshold(answers: &Answers) -> Option<Threshold> {
    (answers.threshold >= 0.0).then(|| Threshold::new(answers.threshold))
}

fn examples(attempts: &[Attempt]) -> Vec<Example> {
    attempts.iter().map(Attempt::example).collect()
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
