//! What the lint of a knowledge folder found.

use std::fmt;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Would not load, or answers a shopper wrongly.
    Error,
    /// Probably a mistake.
    Warning,
    /// Could be better.
    Hint,
}

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// A fault that keeps the folder from loading.
    Fault,
    /// Two entries ask the same.
    DuplicateQuestion,
    /// Two entries ask nearly the same.
    SimilarQuestion,
    /// A phrasing stands at two places.
    DuplicatePhrasing,
    /// A phrasing is another entry's question.
    PhrasingIsQuestion,
    /// An internal link that leads nowhere.
    DeadLink,
    /// A page that nobody has checked for long, or that was checked in the future.
    StaleDate,
    /// An answer names a day that has passed.
    PassedDate,
    /// An entry without other phrasings.
    NoPhrasings,
    /// An answer too long for a chat.
    LongAnswer,
    /// An answer says that a person was called, which only a handoff may say.
    ClaimsTransfer,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is.
    pub kind: FindingKind,
    /// The file, relative to the knowledge folder.
    pub file: String,
    /// The line, from 1; 0 for the whole file.
    pub line: usize,
    /// What was found and what to do about it.
    pub sentence: String,
}

/// All findings, in the order of files and lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
    /// How many files were read.
    pub files: usize,
    /// How many entries they hold.
    pub entries: usize,
}

impl Report {
    /// Whether a finding is an error: the command then ends with a failure.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many findings of one severity there are.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, file, line, sentence, .. } = self;
        match line {
            0 => write!(f, "{file}: {severity}: {sentence}"),
            line => write!(f, "{file}:{line}: {severity}: {sentence}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut file: Option<&str> = None;
        for finding in &self.findings {
            if file.is_some_and(|file| file != finding.file) {
                writeln!(f)?;
            }
            file = Some(&finding.file);
            writeln!(f, "{finding}")?;
        }
        if file.is_some() {
            writeln!(f)?;
        }
        write!(f, "{}, {}: ", counted(self.files, "file", "files"), counted(self.entries, "entry", "entries"))?;
        if self.findings.is_empty() {
            return write!(f, "nothing to mend.");
        }
        let [errors, warnings, hints] = [Severity::Error, Severity::Warning, Severity::Hint].map(|severity| self.count(severity));
        let (errors, warnings) = (counted(errors, "error", "errors"), counted(warnings, "warning", "warnings"));
        write!(f, "{errors}, {warnings}, {}.", counted(hints, "hint", "hints"))
    }
}

/// `1 entry`, `2 entries`.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_grouped_by_file_and_summed_up() {
        let finding =
            |severity, file: &str, line| Finding { severity, kind: FindingKind::Fault, file: file.into(), line, sentence: "text".into() };
        let findings = vec![finding(Severity::Error, "a.md", 0), finding(Severity::Hint, "a.md", 3), finding(Severity::Warning, "b.md", 2)];
        let report = Report { findings, files: 2, entries: 1 };
        assert_eq!(
            report.to_string(),
            "a.md: error: text\na.md:3: hint: text\n\nb.md:2: warning: text\n\n2 files, 1 entry: 1 error, 1 warning, 1 hint."
        );
        assert!(report.has_errors());
        assert_eq!(Report { files: 1, entries: 3, ..Report::default() }.to_string(), "1 file, 3 entries: nothing to mend.");
    }
}
