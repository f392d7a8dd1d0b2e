//! Reads a knowledge folder.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::entry::{Entry, EntryId, HandoffRule, Knowledge};
use super::error::{Fault, Faults, KnowledgeError};
use super::parse::{self, Document};

/// A file above this size is no page that a person maintains.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;

/// Folders below the knowledge folder; also what ends a circle of symbolic links.
const DEPTH_LIMIT: usize = 8;

/// Reads every `*.md` of the folder and its subfolders, except `README.md` and names that start with a dot. Either all of it is right, or every
/// fault is named.
pub fn load(folder: &Path) -> Result<Knowledge, KnowledgeError> {
    let documents = read_folder(folder)?;
    let mut faults: Vec<Fault> = documents.iter().flat_map(|document| document.faults.iter().cloned()).collect();
    faults.extend(repeated_ids(&documents));
    if !faults.is_empty() {
        faults.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        return Err(KnowledgeError::Faults(Faults(faults)));
    }
    let entries: Vec<Arc<Entry>> =
        documents.into_iter().flat_map(|document| document.sections).map(|section| Arc::new(section.entry)).collect();
    if entries.is_empty() {
        return Err(KnowledgeError::Empty(folder.to_owned()));
    }
    Ok(Knowledge::of(entries))
}

impl Knowledge {
    /// These entries, whose ids must differ.
    pub fn of(entries: Vec<Arc<Entry>>) -> Self {
        let hash = hash(&entries);
        Self { entries, hash }
    }
}

/// Every file of the folder, parsed, in the order of their names. A file that cannot be read is a document with that fault.
pub(super) fn read_folder(folder: &Path) -> Result<Vec<Document>, KnowledgeError> {
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(KnowledgeError::NotAFolder(folder.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(KnowledgeError::Missing(folder.to_owned())),
        Err(source) => return Err(KnowledgeError::Read { path: folder.to_owned(), source }),
    }
    let mut files = Vec::new();
    collect(folder, "", DEPTH_LIMIT, &mut files)?;
    files.sort();
    Ok(files.into_iter().map(|(name, path)| read_file(&name, &path)).collect())
}

/// Whether a file of this name holds entries.
pub(super) fn is_page(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !name.starts_with('.') && lower.ends_with(".md") && lower != "readme.md"
}

/// An id that two entries claim, named at the later one.
pub(super) fn repeated_ids(documents: &[Document]) -> Vec<Fault> {
    let mut first: HashMap<&EntryId, &Entry> = HashMap::new();
    let mut faults = Vec::new();
    for entry in documents.iter().flat_map(|document| &document.sections).map(|section| &section.entry) {
        if let Some(earlier) = first.get(&entry.id) {
            let sentence = format!(
                "the id '{}' is taken by {}:{}: give one of the two a slug of its own, like `## {} {{#another-slug}}`",
                entry.id.as_str(),
                earlier.file,
                earlier.line,
                entry.question
            );
            faults.push(Fault::new(&entry.file, entry.line, sentence));
        } else {
            first.insert(&entry.id, entry);
        }
    }
    faults
}

fn collect(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<(String, PathBuf)>) -> Result<(), KnowledgeError> {
    let failed = |source| KnowledgeError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name.starts_with('.') {
            continue;
        }
        // Follows symbolic links: a mounted configuration is made of them.
        let is_folder = fs::metadata(&path).is_ok_and(|found| found.is_dir());
        let relative = format!("{prefix}{name}");
        if is_folder && depth > 0 {
            collect(&path, &format!("{relative}/"), depth - 1, files)?;
        } else if !is_folder && is_page(&name) {
            files.push((relative, path));
        }
    }
    Ok(())
}

fn read_file(name: &str, path: &Path) -> Document {
    match read_text(path, FILE_LIMIT) {
        Ok(text) => parse::parse(name, &text),
        Err((line, sentence)) => Document::unreadable(Fault::new(name, line, sentence)),
    }
}

/// A text file below a size limit; else the line and sentence of what is wrong with it.
pub fn read_text(path: &Path, limit: u64) -> Result<String, (usize, String)> {
    let unreadable = |error: std::io::Error| (0, format!("the file cannot be read ({error}): check that this user may read it"));
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > limit {
        return Err((0, format!("the file is larger than {} MB: part it into smaller ones", limit / 1024 / 1024)));
    }
    String::from_utf8(fs::read(path).map_err(unreadable)?).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        (line, "this line is not UTF-8: save the file with the encoding UTF-8".to_owned())
    })
}

/// Over everything that an answer depends on. Lengths go in too, so that no two bases share a hash by moving a border.
fn hash(entries: &[Arc<Entry>]) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for entry in entries {
        for text in [entry.id.as_str(), &entry.locale, &entry.question, &entry.answer] {
            add(text);
        }
        add(match entry.handoff {
            HandoffRule::Never => "",
            HandoffRule::Always => "handoff",
        });
        add(&entry.phrasings.len().to_string());
        for phrasing in &entry.phrasings {
            add(phrasing);
        }
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    const PAGE: &[u8] = b"---\ntopic: a\n---\n## Q?\n\nYes.\n";

    #[test]
    fn pages_are_read_in_order_and_the_rest_ignored() {
        let folder = folder(&[
            ("b.md", b"---\ntopic: b\n---\n## Q?\n\nYes.\n"),
            ("a/z.md", PAGE),
            ("README.md", b"about"),
            (".hidden.md", b"x"),
            (".git/x.md", b"x"),
            ("notes.txt", b"x"),
        ]);
        let knowledge = load(folder.path()).unwrap();
        let found: Vec<_> = knowledge.entries.iter().map(|entry| (entry.file.as_str(), entry.id.as_str())).collect();
        assert_eq!(found, [("a/z.md", "a/q"), ("b.md", "b/q")]);
    }

    #[test]
    fn the_hash_follows_what_an_answer_depends_on() {
        let hash = |text: &str| load(folder(&[("a.md", text.as_bytes())]).path()).unwrap().hash;
        let base = hash("---\ntopic: a\n---\n## Q?\n\nYes.\n");
        assert_eq!(base.len(), 64);
        assert_eq!(base, hash("---\ntopic: a\nupdated: 2026-01-01\n---\n\n# A\n\n## **Q?**\n\nYes.\n"));
        assert_ne!(base, hash("---\ntopic: a\n---\n## Q?\n\nNo.\n"));
        assert_ne!(base, hash("---\ntopic: a\nlocale: de\n---\n## Q?\n\nYes.\n"));
        assert_ne!(base, hash("---\ntopic: a\n---\n## Q?\n\nYes.\n\n**Also asked**\n\n- R?\n"));
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let large = vec![b'x'; usize::try_from(FILE_LIMIT).unwrap() + 1];
        let folder = folder(&[("a.md", PAGE), ("b.md", PAGE), ("c.md", b"x\n\xff\n"), ("d.md", b"x"), ("e.md", &large)]);
        let error = load(folder.path()).unwrap_err();
        let shown: Vec<_> = error.faults().iter().map(|fault| format!("{}:{}", fault.file, fault.line)).collect();
        assert_eq!(shown, ["b.md:4", "c.md:2", "d.md:1", "d.md:1", "e.md:0"], "{error}");
        assert!(error.to_string().starts_with("b.md:4: the id 'a/q' is taken by a.md:4"), "{error}");
    }

    #[test]
    fn a_folder_without_entries_says_what_to_do() {
        let empty = folder(&[("README.md", b"x")]);
        assert!(matches!(load(empty.path()), Err(KnowledgeError::Empty(_))));
        assert!(matches!(load(&empty.path().join("none")), Err(KnowledgeError::Missing(_))));
        assert!(matches!(load(&empty.path().join("README.md")), Err(KnowledgeError::NotAFolder(_))));
    }
}
