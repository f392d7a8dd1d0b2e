//! The files of `prompts/`: built in, each replaced by the file of the same name in the shop's folder.

use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use super::fault::{Faults, PromptError};

/// The template that the language model is asked with.
pub(super) const REPLY: &str = "reply.md";
/// The same for replies in the model's own words.
pub(super) const REWRITE: &str = "rewrite.md";
/// The template for one of the shopper's sentences.
pub(super) const PICK: &str = "pick.md";
/// What is recognised without a model.
pub(super) const PATTERNS: &str = "patterns.yaml";
/// What the bot says itself, in English.
pub(super) const ENGLISH: &str = "phrases/en.yaml";
/// The same in Chinese.
pub(super) const CHINESE: &str = "phrases/zh.yaml";

/// The files with what is built in, in the order in which they are hashed.
pub(super) const BUILT_IN: [(&str, &str); 6] = [
    (REPLY, include_str!("../../prompts/reply.md")),
    (REWRITE, include_str!("../../prompts/rewrite.md")),
    (PICK, include_str!("../../prompts/pick.md")),
    (ENGLISH, include_str!("../../prompts/phrases/en.yaml")),
    (CHINESE, include_str!("../../prompts/phrases/zh.yaml")),
    (PATTERNS, include_str!("../../prompts/patterns.yaml")),
];

/// Names that were valid once, and what the files are called now.
const RENAMED: [(&str, &str); 2] = [("phrases.en.yaml", ENGLISH), ("phrases.zh.yaml", CHINESE)];

/// One file's text.
#[derive(Debug)]
pub(super) struct PromptFile {
    pub(super) name: &'static str,
    pub(super) text: String,
    /// Whether it is the shop's own.
    pub(super) own: bool,
}

/// All files. A file of the shop's that is not read for its name is a fault: its words would silently never be said.
pub(super) fn read(folder: Option<&Path>, faults: &mut Faults) -> Vec<PromptFile> {
    if let Some(folder) = folder {
        misnamed(folder, faults);
    }
    let read = BUILT_IN.map(|(name, built_in)| {
        let own = own_text(folder, name).unwrap_or_else(|fault| {
            faults.extend(fault);
            None
        });
        PromptFile { name, own: own.is_some(), text: own.unwrap_or_else(|| built_in.to_owned()) }
    });
    read.into()
}

fn own_text(folder: Option<&Path>, name: &str) -> Result<Option<String>, PromptError> {
    let Some(path) = folder.map(|folder| folder.join(name)) else { return Ok(None) };
    match std::fs::read_to_string(path) {
        // Files that were edited on Windows are the same files.
        Ok(text) => Ok(Some(text.trim_start_matches('\u{feff}').replace("\r\n", "\n"))),
        Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(None),
        Err(fault) if fault.kind() == ErrorKind::InvalidData => Err(Faults::of(name).fatal("", "it is not UTF-8", "save it as UTF-8")),
        Err(fault) => {
            let reason = format!("it cannot be read: {fault}");
            Err(Faults::of(name).fatal("", reason, "mend its permissions or remove it to use the built-in one"))
        }
    }
}

/// Old names, and YAML that nothing reads.
fn misnamed(folder: &Path, faults: &mut Faults) {
    for (old, new) in RENAMED {
        if folder.join(old).exists() {
            let remedy = format!(
                "rename it to {new} in the same folder and begin it with front matter: lines `---`, `name: phrases`, `description: …`, \
                 `language: …` and `---`, as `nightdesk prompts print {new}` shows"
            );
            faults.extend(Faults::of(old).fatal("", "this name is not read any more", remedy));
        }
    }
    let known = BUILT_IN.map(|(name, _)| name);
    for place in ["", "phrases/"] {
        let Ok(entries) = std::fs::read_dir(folder.join(place)) else { continue };
        let mut names: Vec<String> = entries.flatten().map(|entry| format!("{place}{}", entry.file_name().to_string_lossy())).collect();
        names.sort();
        for name in names {
            let is_yaml = Path::new(&name).extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
            if is_yaml && !known.contains(&name.as_str()) && !RENAMED.iter().any(|(old, _)| *old == name) {
                let remedy = format!("give it one of the names {} or move it away", known.join(", "));
                faults.extend(Faults::of(&name).fatal("", "no such file is read", remedy));
            }
        }
    }
}

/// The lines between two `---` at the top of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FrontMatter {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) language: Option<String>,
}

/// A file's front matter, and its body behind the number of lines before it.
pub(super) fn front_matter<'t>(file: &str, text: &'t str) -> Result<(FrontMatter, &'t str, usize), PromptError> {
    let remedy = format!("begin it with lines `---`, `name: …`, `description: …` and `---`, as `nightdesk prompts print {file}` shows");
    let parts = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let Some((head, body)) = parts else {
        return Err(Faults::of(file).fatal("front matter", "it does not begin with lines between `---` and `---`", remedy));
    };
    match serde_norway::from_str::<FrontMatter>(head) {
        Ok(front) => Ok((front, body, head.lines().count() + 2)),
        Err(fault) => Err(Faults::of(file).fatal("front matter", fault, remedy)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_unknown_names_are_refused_with_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("phrases")).unwrap();
        for name in ["phrases.en.yaml", "phrases/de.yaml", "notes.txt", "phrases/en.yaml.bak"] {
            std::fs::write(folder.path().join(name), "greeting: hi").unwrap();
        }
        let mut faults = Faults::of("prompts");
        read(Some(folder.path()), &mut faults);
        let error = faults.unless_any(()).unwrap_err();
        let told: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("phrases.en.yaml") && told[0].contains("rename it to phrases/en.yaml"), "{told:?}");
        assert!(told[1].starts_with("phrases/de.yaml: no such file is read; give it one of the names"), "{told:?}");
    }

    #[test]
    fn a_file_of_windows_is_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(REPLY), "\u{feff}---\r\nname: reply\r\n---\r\nbody\r\n").unwrap();
        let files = read(Some(folder.path()), &mut Faults::of("prompts"));
        assert_eq!((files[0].own, files[1].own), (true, false));
        let (front, body, before) = front_matter(REPLY, &files[0].text).unwrap();
        assert_eq!((front.name.as_str(), body, before), ("reply", "body\n", 3));
    }

    #[test]
    fn front_matter_that_is_none_says_how_it_looks() {
        for text in ["greeting: hi", "---\ntopic: x\n---\n", "---\nname: x\n", "---\n- a\n---\n"] {
            let fault = front_matter(ENGLISH, text).unwrap_err().to_string();
            assert!(fault.contains("front matter") && fault.contains("nightdesk prompts print phrases/en.yaml"), "{fault}");
        }
    }
}
