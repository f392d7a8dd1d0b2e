//! What can be wrong with a knowledge folder or a file to import.

use std::fmt;
use std::path::PathBuf;

/// More than these are counted, not printed: the first ones are enough to start repairing.
const SHOWN: usize = 10;

/// One fault at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, relative to the knowledge folder (or the file that is imported).
    pub file: String,
    /// The line, from 1; 0 where the fault is the whole file's.
    pub line: usize,
    /// What is wrong and what to do about it.
    pub sentence: String,
}

impl Fault {
    /// At a line of a file.
    pub fn new(file: &str, line: usize, sentence: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, sentence: sentence.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.sentence),
            line => write!(f, "{}:{line}: {}", self.file, self.sentence),
        }
    }
}

/// All faults that were found, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().take(SHOWN).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// Why a knowledge base was not loaded, or a file not imported. Nothing was changed, except where [`KnowledgeError::Write`] says so.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// There is no such folder.
    #[error("the knowledge folder {} does not exist: create it with one Markdown file a topic, or name another with --knowledge DIR", .0.display())]
    Missing(PathBuf),
    /// A file where a folder should be.
    #[error("{} is not a folder: name the folder that holds the Markdown files", .0.display())]
    NotAFolder(PathBuf),
    /// The folder holds nothing that could be answered.
    #[error("the knowledge folder {} holds no entry: add a Markdown file with a question as a `##` heading, or run `nightdesk knowledge import FILE`", .0.display())]
    Empty(PathBuf),
    /// The operating system refused.
    #[error("{} cannot be read ({source}): check that it exists and that this user may read it", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why it was not.
        source: std::io::Error,
    },
    /// Files with faults, all of them.
    #[error("{0}")]
    Faults(Faults),
    /// A file that cannot be imported at all.
    #[error("{} cannot be imported: {sentence}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// Why, and the remedy.
        sentence: String,
    },
    /// Entries that exist already with other words. Nothing was written.
    #[error(
        "the knowledge base has these entries already, with other words; nothing was written. Edit them by hand, or give the rows other ids:\n{0}"
    )]
    Exists(Faults),
    /// A file could not be written.
    #[error("{} cannot be written ({source}); {written} files were written before it. Mend that and import again: what is there already is skipped", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why it was not written.
        source: std::io::Error,
        /// How many files of this import are in place.
        written: usize,
    },
}

impl KnowledgeError {
    /// The faults one by one, where there are several.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Faults(faults) | Self::Exists(faults) => &faults.0,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_faults_are_shown_and_the_rest_counted() {
        let faults = Faults((1..=12).map(|line| Fault::new("a.md", line, "wrong")).collect());
        let shown = KnowledgeError::Faults(faults).to_string();
        assert_eq!(shown.lines().count(), 11);
        assert!(shown.starts_with("a.md:1: wrong\na.md:2: wrong\n") && shown.ends_with("a.md:10: wrong\nand 2 more"), "{shown}");
    }

    #[test]
    fn a_fault_of_the_whole_file_has_no_line() {
        assert_eq!(Fault::new("a.md", 0, "wrong").to_string(), "a.md: wrong");
    }
}
