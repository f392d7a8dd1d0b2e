//! What `nightdesk models …` prints.

use std::fmt::Write;

use super::models::{FileState, ModelStatus, Verified};

/// The table of `models list`.
pub fn list(models: &[ModelStatus]) -> String {
    let mut text = String::new();
    let name = models.iter().map(|model| model.name.len()).max().unwrap_or(0);
    for model in models {
        let profiles: Vec<String> = model.profiles.iter().map(ToString::to_string).collect();
        let size = model.size.map_or_else(|| "-".to_owned(), megabytes);
        let state = match model.state {
            FileState::Present => format!("present  {}", model.file.display()),
            FileState::Missing => "missing".to_owned(),
            FileState::WrongSize(found) => format!("wrong size ({found} bytes): delete {} and fetch again", model.file.display()),
        };
        let _ = writeln!(
            text,
            "{:name$}  {:19}  {:16}  {:10}  {size:>9}  {state}",
            model.name,
            model.role.to_string(),
            profiles.join(", "),
            model.licence
        );
    }
    text
}

/// The lines of `models verify`. Files that are not there are reported too: a profile is complete or it is not.
pub fn verify(files: &[Verified]) -> String {
    let mut text = String::new();
    for file in files {
        let _ = match &file.outcome {
            Ok(hash) => writeln!(text, "ok       {}  {hash}", file.name),
            Err(fault) => writeln!(text, "refused  {}  {fault}", file.name),
        };
    }
    text
}

/// The line `models fetch` ends with.
pub fn fetched(models: &[ModelStatus]) -> String {
    let present: Vec<&ModelStatus> = models.iter().filter(|model| model.state == FileState::Present).collect();
    let bytes: u64 = present.iter().filter_map(|model| model.size).sum();
    format!("{} model files are in place ({}).", present.len(), megabytes(bytes))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::inference::files::manifest::{ModelRole, Profile};

    fn status(state: FileState) -> ModelStatus {
        ModelStatus {
            name: "tiny".into(),
            profiles: vec![Profile::Default],
            role: ModelRole::Language,
            licence: "Apache-2.0".into(),
            size: Some(98_362_432),
            file: PathBuf::from("models/tiny.gguf"),
            state,
        }
    }

    #[test]
    fn each_state_reads_as_what_to_do() {
        let cases = [
            (FileState::Present, "98.4 MB  present  models/tiny.gguf"),
            (FileState::Missing, "98.4 MB  missing"),
            (FileState::WrongSize(7), "wrong size (7 bytes): delete models/tiny.gguf and fetch again"),
        ];
        for (state, expected) in cases {
            let text = list(&[status(state)]);
            assert!(text.contains(expected), "{text}");
        }
        assert_eq!(fetched(&[status(FileState::Present), status(FileState::Missing)]), "1 model files are in place (98.4 MB).");
    }
}
