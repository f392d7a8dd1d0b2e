//! The program as the browsers meet it: with a knowledge base of a few entries and no language model.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const ENTRIES: &str = "---
topic: delivery
locale: en
updated: 2026-10-01
---

# Delivery

## How long does delivery take? {#time}

Standard delivery takes 2 to 4 working days. Orders placed before 14:00 leave our warehouse the same day, and you get the tracking number by e-mail as soon as the carrier has the parcel.

**Also asked**

- When will my parcel arrive?

## How do I return an item? {#return}

Print the label from your account and hand the parcel in at any post office within 30 days.

**Also asked**

- I want to send something back

## Which payment methods do you accept? {#payment}

We take Visa, Mastercard and PayPal.

**Also asked**

- Can I pay with PayPal?

## Can I bring my red bicycle to the workshop? {#bicycle-red}

Yes, bring your red bicycle on Monday.

**Also asked**

- red bicycle workshop

## Can I bring my blue bicycle to the workshop? {#bicycle-blue}

Yes, bring your blue bicycle on Friday.

**Also asked**

- blue bicycle workshop
";

/// A running server in a folder of its own; both end with the test.
pub struct Served {
    folder: TempDir,
    child: Child,
    url: String,
}

impl Served {
    /// Starts one on a free port and waits until it says where it is.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let knowledge = folder.path().join("knowledge");
        fs::create_dir(&knowledge).unwrap();
        fs::write(knowledge.join("delivery.md"), ENTRIES).unwrap();
        let mut command = program(folder.path());
        command.arg("--knowledge").arg(&knowledge).args(["--listen", "127.0.0.1:0"]);
        command.env("NIGHTDESK__LOG__FILTER", "warn").env("NIGHTDESK__ANSWERS__STYLE", "stored").env("NIGHTDESK__ENGINE__ENABLED", "false");
        // So strict that one of two entries that are alike is never sure enough.
        command.env("NIGHTDESK__ANSWERS__THRESHOLD", "0.9");
        // No hours that depend on when a test runs.
        for day in ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"] {
            command.env(format!("NIGHTDESK__DESK__HOURS__{day}"), "[]");
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .find_map(|line| Some(line.unwrap().trim().strip_prefix("Agent console")?.trim().trim_end_matches("/console").to_owned()))
            .expect("the server ended before it was ready");
        // It goes on printing: with nobody at the other end of the pipe it would fail at that.
        std::thread::spawn(move || lines.for_each(drop));
        Self { folder, child, url }
    }

    /// An address of the server.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Adds an agent, beside the running server.
    pub fn hire(&self, email: &str, name: &str, password: &str) {
        let mut command = program(self.folder.path());
        command.args(["agents", "add", email, "--name", name, "--password-stdin"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
        assert!(child.wait().unwrap().success(), "{email} is added");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with a data folder and nothing of this machine's settings; models and prompts are the repository's.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightdesk"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("--data").arg(folder.join("data"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NIGHTDESK__")) {
        command.env_remove(name);
    }
    command
}
