//! Parts that need something which not every machine has.

/// Whether `part` can be tested here. Where it cannot, says so by name; in a run that names the part in `NIGHTDESK_TEST_REQUIRE` (comma-separated)
/// that is a failure.
pub fn available(part: &str, found: bool, why: &str) -> bool {
    if found {
        return true;
    }
    let required = std::env::var_os("NIGHTDESK_TEST_REQUIRE").unwrap_or_default();
    let required = required.to_string_lossy().split(',').any(|name| name.trim() == part);
    assert!(!required, "NIGHTDESK_TEST_REQUIRE names {part}, which needs {why}");
    eprintln!("skipped: {part} needs {why}");
    false
}
