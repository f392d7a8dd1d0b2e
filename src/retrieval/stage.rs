//! The parts of a search, each of which can be left out to see what it is worth.

use std::fmt;
use std::str::FromStr;

/// A part of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Shared words: BM25 and the share of the query's words that an entry has.
    Lexical,
    /// Nearness of meaning: the vectors of phrasings and entries. Without it there is no head, adapter or reader either.
    Dense,
    /// The linear head over all phrasings.
    Head,
    /// Likeness by spelling.
    Grams,
    /// The adapted model's vectors of the sentences of answers.
    Adapter,
    /// The adapted model's look at each token of the best entries.
    Reader,
}

impl Stage {
    /// All of them, in the order of a search.
    pub const ALL: [Self; 6] = [Self::Lexical, Self::Dense, Self::Head, Self::Grams, Self::Adapter, Self::Reader];

    /// What a person types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lexical => "lexical",
            Self::Dense => "dense",
            Self::Head => "head",
            Self::Grams => "grams",
            Self::Adapter => "adapter",
            Self::Reader => "reader",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no stage's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no stage '{name}'; the stages are {}", Stage::ALL.map(Stage::name).join(", "))]
pub struct UnknownStage {
    /// What was given.
    pub name: String,
}

impl FromStr for Stage {
    type Err = UnknownStage;

    fn from_str(name: &str) -> Result<Self, UnknownStage> {
        Self::ALL.into_iter().find(|stage| stage.name() == name).ok_or_else(|| UnknownStage { name: name.to_owned() })
    }
}

/// Which stages a search goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stages {
    /// [`Stage::Lexical`]
    pub lexical: bool,
    /// [`Stage::Dense`]
    pub dense: bool,
    /// [`Stage::Head`]
    pub head: bool,
    /// [`Stage::Grams`]
    pub grams: bool,
    /// [`Stage::Adapter`]
    pub adapter: bool,
    /// [`Stage::Reader`]
    pub reader: bool,
}

/// Every stage that could find an entry was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("without lexical and dense nothing is left that could find an entry; leave one of the two in")]
pub struct NothingLeft;

impl Stages {
    /// The search as the server does it.
    pub const ALL: Self = Self { lexical: true, dense: true, head: true, grams: true, adapter: true, reader: true };

    /// All but these.
    pub fn without(left_out: &[Stage]) -> Result<Self, NothingLeft> {
        let mut stages = Self::ALL;
        for stage in left_out {
            match stage {
                Stage::Lexical => stages.lexical = false,
                Stage::Dense => stages.dense = false,
                Stage::Head => stages.head = false,
                Stage::Grams => stages.grams = false,
                Stage::Adapter => stages.adapter = false,
                Stage::Reader => stages.reader = false,
            }
        }
        if stages.lexical || stages.dense { Ok(stages) } else { Err(NothingLeft) }
    }

    /// What is left out.
    pub fn left_out(self) -> Vec<Stage> {
        let is_in = |stage: &Stage| match stage {
            Stage::Lexical => self.lexical,
            Stage::Dense => self.dense,
            Stage::Head => self.head,
            Stage::Grams => self.grams,
            Stage::Adapter => self.adapter,
            Stage::Reader => self.reader,
        };
        Stage::ALL.into_iter().filter(|stage| !is_in(stage)).collect()
    }
}

impl Default for Stages {
    fn default() -> Self {
        Self::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_left_out_by_name() {
        for stage in Stage::ALL {
            assert_eq!(stage.name().parse(), Ok(stage));
            assert_eq!(Stages::without(&[stage, stage]).unwrap().left_out(), [stage]);
        }
        assert_eq!(Stages::without(&[]), Ok(Stages::ALL));
        assert_eq!(Stages::without(&Stage::ALL), Err(NothingLeft));
        let fault = "Dense".parse::<Stage>().unwrap_err().to_string();
        assert_eq!(fault, "there is no stage 'Dense'; the stages are lexical, dense, head, grams, adapter, reader");
    }
}
