//! The sample that checks webhooks, as a program of its own.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// It ends with the test.
pub struct Verifier {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u64,
    _folder: tempfile::TempDir,
}

impl Verifier {
    /// Starts it with a secret; `None` where there is no Python.
    pub fn start(secret: &str) -> Option<Self> {
        let found = Command::new("python3").arg("--version").output().is_ok_and(|ran| ran.status.success());
        if !super::available("python3", found, "the program python3") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("verify.py");
        std::fs::File::create(&path).unwrap().write_all(nightdesk::jobs::webhooks::VERIFIER.as_bytes()).unwrap();
        let mut child = Command::new("python3")
            .arg(&path)
            .arg("0")
            .env("NIGHTDESK_WEBHOOK_SECRET", secret)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut verifier = Self { child, lines, port: 0, _folder: folder };
        verifier.port = verifier.next_event()["port"].as_u64().expect("it says where it is");
        Some(verifier)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// The next line that it prints.
    pub fn next_event(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().expect("it goes on").unwrap()).unwrap()
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
