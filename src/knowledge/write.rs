//! Writes entries as Markdown, and files so that a reader sees the old or the new one, never a half.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use jiff::civil::Date;

use super::escape;
use super::front_matter::FrontMatter;
use super::rows::Row;

/// The top of a new file.
pub(super) fn head(topic: &str, locale: &str, updated: Date) -> String {
    let front =
        FrontMatter { topic: Some(topic.to_owned()), locale: Some(locale.to_owned()), updated: Some(updated.to_string()), handoff: None };
    let yaml = serde_norway::to_string(&front).expect("three texts are always YAML");
    format!("---\n{yaml}---\n\n# {}\n", escape::heading(topic))
}

/// Adds an entry at the end of a file's text.
pub(super) fn append(text: &mut String, slug: &str, row: &Row) {
    let kept = text.trim_end().len();
    text.truncate(kept);
    text.push_str(&format!("\n\n## {} {{#{slug}}}\n\n{}\n", escape::heading(&row.question), escape::paragraphs(&row.answer)));
    if !row.phrasings.is_empty() {
        text.push_str(&format!("\n**{}**\n\n", label(&row.locale)));
        for phrasing in &row.phrasings {
            text.push_str(&format!("- {}\n", escape::line(phrasing)));
        }
    }
}

/// Replaces (or creates) a file in one step.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut temporary = temporary(folder, fs::metadata(path).ok())?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A dot file next to the real one, so that renaming stays in one file system and a running server does not read it.
fn temporary(folder: &Path, existing: Option<fs::Metadata>) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".import-").suffix(".tmp");
    let permissions = existing.map(|found| found.permissions());
    #[cfg(unix)]
    let permissions = permissions.or_else(|| Some(std::os::unix::fs::PermissionsExt::from_mode(0o644)));
    if let Some(permissions) = permissions {
        builder.permissions(permissions);
    }
    builder.tempfile_in(folder)
}

fn label(locale: &str) -> &'static str {
    match locale.split('-').next() {
        Some("zh") => "\u{5176}\u{4ed6}\u{95ee}\u{6cd5}",
        Some("de") => "Auch gefragt",
        _ => "Also asked",
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn every_topic_survives_the_front_matter() {
        for topic in ["delivery", "11.11", "no", "a: b", "---", "# x", "\"q\"", "{#id}", "~", "C&A", "\u{914d}\u{9001}"] {
            let document = parse::parse("a.md", &head(topic, "en", jiff::civil::date(2026, 11, 25)));
            assert_eq!((document.topic.as_str(), document.faults.len()), (topic, 0), "{:?}", document.faults);
        }
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.md");
        replace(&path, "one").unwrap();
        replace(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o444, 0o444);
    }
}
