//! The parts of a search, each of which can be left out to see what it is worth.

use std::fmt;
use std::str::FromStr;

/// A part of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Shared words: BM25 and the share of the query's words that an entry has.
    Lexical,
    /// Nearness of meaning: the sentence vectors of phrasings and answers.
    Dense,
}

impl Stage {
    /// All of them, in the order of a search.
    pub const ALL: [Self; 2] = [Self::Lexical, Self::Dense];

    /// What a person types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lexical => "lexical",
            Self::Dense => "dense",
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
}

/// Every stage that could find an entry was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("without lexical and dense nothing is left that could find an entry; leave one of the two in")]
pub struct NothingLeft;

impl Stages {
    /// The search as the server does it.
    pub const ALL: Self = Self { lexical: true, dense: true };

    /// All but these.
    pub fn without(left_out: &[Stage]) -> Result<Self, NothingLeft> {
        let mut stages = Self::ALL;
        for stage in left_out {
            match stage {
                Stage::Lexical => stages.lexical = false,
                Stage::Dense => stages.dense = false,
            }
        }
        if stages.lexical || stages.dense { Ok(stages) } else { Err(NothingLeft) }
    }

    /// What is left out.
    pub fn left_out(self) -> Vec<Stage> {
        let is_in = |stage: &Stage| match stage {
            Stage::Lexical => self.lexical,
            Stage::Dense => self.dense,
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
        assert_eq!(fault, "there is no stage 'Dense'; the stages are lexical, dense");
    }
}
