//! How many files and connections the process may have open at once.

/// Takes all that the system grants, and says how many that is; `None` where the system does not count them.
///
/// Many systems begin with 1024 for the sake of old programs, and let a program ask for more. Each open widget and console is one.
pub fn take_open_files() -> Option<u64> {
    rlimit::increase_nofile_limit(u64::MAX).ok()
}
