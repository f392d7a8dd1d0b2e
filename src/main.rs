//! The program.

use std::process::ExitCode;

fn main() -> ExitCode {
    nightdesk::cli::main()
}
