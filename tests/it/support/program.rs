//! The program as a child process.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use super::Shop;

/// A command line to run.
pub struct Program {
    command: Command,
    log: Option<File>,
}

/// What came of it.
pub struct Ran {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Program {
    /// The program with nothing of this machine's settings.
    pub fn new(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightdesk"));
        command.args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NIGHTDESK__")) {
            command.env_remove(name);
        }
        Self { command, log: None }
    }

    /// The program on a shop's folder, with the models of this repository.
    pub fn of(shop: &Shop, arguments: &[&str]) -> Self {
        super::shop::models();
        Self::new(arguments).dir(shop.path()).set("--config", &shop.config())
    }

    /// In another working folder.
    pub fn dir(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With a path as an option.
    pub fn set(mut self, option: &str, path: &Path) -> Self {
        self.command.arg(option).arg(path);
        self
    }

    /// With more arguments.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// With a variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// With the log of a server in a file instead of beside the tests' own lines.
    pub fn log_into(mut self, file: &Path) -> Self {
        self.log = Some(File::create(file).unwrap());
        self
    }

    /// With a folder that is a disk of its own, so small, which only this program sees. What is in the folder is copied to it.
    pub fn on_a_small_disk(mut self, folder: &Path, size: &str) -> Self {
        const SCRIPT: &str = "cp -a \"$1\" \"$1.kept\" && mount -t tmpfs -o \"size=$2\" tmpfs \"$1\" && cp -a \"$1.kept\"/. \"$1\" && shift 2 && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", SCRIPT, "sh"]).arg(folder).arg(size);
        command.arg(self.command.get_program()).args(self.command.get_args()).stdin(Stdio::null());
        command.current_dir(self.command.get_current_dir().unwrap_or(folder));
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        self.command = command;
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Ran {
        self.run_with(b"")
    }

    /// Runs it to its end with something on standard input.
    pub fn run_with(mut self, input: &[u8]) -> Ran {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        // A program that ends without reading has closed the pipe; that is no fault of the test.
        let _ = child.stdin.take().expect("it is piped").write_all(input);
        Ran::of(child.wait_with_output().unwrap())
    }

    /// Starts a server and ends it with `kill -9` after a while, however far it has come.
    pub fn start_and_kill(mut self, after: Duration) {
        self.command.stdout(Stdio::null()).stderr(self.log.take().map_or_else(Stdio::inherit, Stdio::from));
        let mut child = self.command.spawn().unwrap();
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts a server and waits until it says where it is.
    pub fn serve(mut self) -> Serving {
        self.command.stdout(Stdio::piped()).stderr(self.log.take().map_or_else(Stdio::inherit, Stdio::from));
        let mut child = self.command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut said = Vec::new();
        let mut url = None;
        for line in lines {
            let line = line.unwrap();
            let place = |name: &str| line.trim().strip_prefix(name).map(|rest| rest.trim().to_owned());
            url = place("Agent console").map(|console| console.trim_end_matches("/console").to_owned()).or(url);
            // The last of the addresses.
            if let (Some(metrics), Some(url)) = (place("Metrics"), &url) {
                return Serving { child, url: url.clone(), metrics };
            }
            said.push(line);
        }
        let ended = child.wait();
        panic!("the server ended before it was ready ({ended:?}); it said {said:?}");
    }
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Its output, having ended well.
    #[track_caller]
    pub fn well(self) -> String {
        assert_eq!(self.code, Some(0), "stdout: {}\nstderr: {}", self.out, self.err);
        self.out
    }

    /// The one sentence on standard error, having ended badly but in order.
    #[track_caller]
    pub fn sentence(self) -> String {
        let Self { code, out, err } = self;
        assert!(code.is_some_and(|code| code != 0), "code {code:?}, stdout: {out}\nstderr: {err}");
        assert!(!err.contains("panicked") && !out.contains("panicked"), "{err}{out}");
        // What is being fetched is progress, not part of the fault.
        let lines: Vec<&str> = err.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("fetching ")).collect();
        assert!(lines.first().is_some_and(|line| line.starts_with("nightdesk: ")) && lines.len() == 1, "one sentence, not: {err}");
        err
    }
}

/// A server as a process of its own; killed with the test.
pub struct Serving {
    child: Child,
    /// Where it is.
    pub url: String,
    /// Where its metrics are.
    pub metrics: String,
}

impl Serving {
    /// Asks it to stop, as a service manager does; its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.child.wait().unwrap().code()
    }

    /// A folder as this server sees it.
    pub fn sees(&self, folder: &Path) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join("root").join(folder.strip_prefix("/").unwrap())
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
