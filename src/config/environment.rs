//! What the process takes from its environment.

use std::path::PathBuf;

use figment::providers::Env;

/// Settings given as `NIGHTDESK__SECTION__KEY`.
pub(super) fn settings() -> Env {
    Env::prefixed("NIGHTDESK__").split("__")
}

/// Whether the output wants colours: a terminal, and no `NO_COLOR`.
pub fn wants_colour() -> bool {
    use std::io::IsTerminal;
    std::env::var_os("NO_COLOR").is_none() && std::io::stderr().is_terminal()
}

/// The working folder, which relative paths of the defaults and of the command line are read from.
pub fn working_folder() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

/// The program that runs, to be started once more beside itself.
pub fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}
