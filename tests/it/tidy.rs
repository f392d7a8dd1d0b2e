//! The house's rules, held against the source: who may know whom, which technology lives where, how files look.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::root;

const DOMAIN: &[&str] = &[
    "assistant",
    "evaluation",
    "desk",
    "identity",
    "conversation",
    "commerce",
    "retrieval",
    "inference",
    "prompt",
    "confidence",
    "knowledge",
];

/// What each room may import of ours, from the door inwards. A room that is not here is a mistake of this table's.
fn may_import(room: &str) -> Vec<&'static str> {
    let domain_and = |more: &[&'static str]| [DOMAIN, &["support"], more].concat();
    match room {
        "main" => vec!["cli"],
        "cli" => domain_and(&["app", "bench", "config", "http", "jobs", "store"]),
        "app" => domain_and(&["config", "http", "jobs", "store"]),
        "http" => domain_and(&["jobs"]),
        "jobs" | "store" => domain_and(&[]),
        "assistant" => domain_and(&[]),
        "desk" | "identity" => vec!["conversation", "support"],
        "bench" => vec!["confidence", "inference", "knowledge", "retrieval", "support"],
        "retrieval" => vec!["inference", "knowledge", "support"],
        "evaluation" => vec!["confidence", "retrieval", "inference", "knowledge", "support"],
        "confidence" => vec!["retrieval", "knowledge", "support"],
        "conversation" | "commerce" | "inference" | "prompt" | "knowledge" => vec!["support"],
        "config" | "support" => vec![],
        other => panic!("the room {other} has no place in the table of this test"),
    }
}

/// One source file.
struct Source {
    /// Relative to the repository.
    path: String,
    /// Its room: the folder in src, or the file itself.
    room: String,
    /// All of it.
    text: String,
    /// Without comments and without what is compiled for tests alone.
    code: String,
}

fn files_in(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_in(&path, endings));
        } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

/// The source of the program. Files that only tests are compiled with (`x_tests.rs`, a folder `suite`) have no code for the rules.
fn sources() -> Vec<Source> {
    let sources: Vec<Source> = files_in(&root().join("src"), &["rs"]).iter().map(|path| read(path)).collect();
    assert!(sources.len() > 100, "the source was found");
    sources
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let path = relative(path);
    let within = path.strip_prefix("src/").unwrap();
    let room = within.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
    let only_tests = path.ends_with("_tests.rs") || path.contains("/suite/");
    let mut code = if only_tests { String::new() } else { code_of(&text) };
    if room == "main" {
        code = code.replace("nightdesk::", "crate::");
    }
    Source { path, room, text, code }
}

fn code_of(text: &str) -> String {
    let comments = Regex::new(r"(?m)^\s*//.*$|\s//\s.*$").unwrap();
    // An item that begins at the margin ends with a brace at the margin, or with a semicolon on its line.
    let tests = Regex::new(r"(?ms)^#\[cfg\(test\)\]\n(?:#\[[^\n]*\]\n)*(?:[^\n]*;$|.*?^\})").unwrap();
    let code = comments.replace_all(text, "");
    tests.replace_all(&code, "").into_owned()
}

/// The rooms that a text imports: `crate::x`, and each of `crate::{x, y::z}`.
fn imports(code: &str) -> BTreeSet<String> {
    let single = Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let group = Regex::new(r"(?s)\bcrate::\{(.*?)\};").unwrap();
    let mut rooms: BTreeSet<String> = single.captures_iter(code).map(|found| found[1].to_owned()).collect();
    for found in group.captures_iter(code) {
        let mut depth = 0;
        let names: String = found[1]
            .chars()
            .filter(|c| {
                depth += i32::from(*c == '{') - i32::from(*c == '}');
                depth == 0 && *c != '}'
            })
            .collect();
        rooms.extend(names.split(',').filter_map(|name| name.trim().split("::").next().map(str::to_owned)).filter(|name| !name.is_empty()));
    }
    rooms
}

#[track_caller]
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn rooms_know_only_what_lies_further_in() {
    let mut faults = Vec::new();
    // In the crate of the arithmetic `crate::` is that crate itself, and cargo sees to it that it knows nothing of ours.
    for source in sources().iter().filter(|source| source.path != "src/lib.rs" && source.room != "kernels") {
        let allowed = may_import(&source.room);
        for room in imports(&source.code) {
            if room != source.room && !allowed.contains(&room.as_str()) {
                faults.push(format!("{}: {} may not import {room}", source.path, source.room));
            }
        }
    }
    none(faults);
}

#[test]
fn a_technology_lives_in_one_room() {
    let homes: [(&str, &[&str]); 10] = [
        ("sqlx", &["store"]),
        ("tantivy", &["retrieval"]),
        ("candle_core", &["inference"]),
        ("tokenizers", &["inference"]),
        ("reqwest", &["inference", "bench", "jobs"]),
        ("rustls", &["inference", "jobs"]),
        ("axum", &["http"]),
        ("minijinja", &["prompt", "inference"]),
        ("std::env", &["config"]),
        ("clap", &["cli"]),
    ];
    let mut faults = Vec::new();
    for (name, rooms) in homes {
        let used = Regex::new(&format!(r"\b{name}(::|!|;)")).unwrap();
        let mut at_home = false;
        for source in sources() {
            if used.is_match(&source.code) {
                let home = rooms.contains(&source.room.as_str());
                at_home |= home;
                if !home {
                    faults.push(format!("{}: {name} belongs to {}", source.path, rooms.join(" and ")));
                }
            }
        }
        assert!(at_home, "{name} is used nowhere: this rule looks for the wrong name");
    }
    none(faults);
}

#[test]
fn only_a_measurement_speaks_as_an_orders_owner() {
    let taken: Vec<String> = sources().into_iter().filter(|source| source.code.contains("of_owner(")).map(|source| source.path).collect();
    assert_eq!(taken, ["src/cli/eval/replies.rs", "src/commerce/proof.rs"]);
}

#[test]
fn domain_types_do_not_serialize() {
    let derive = Regex::new(r"derive\([^)]*\b(Serialize|Deserialize)\b|impl[^{]*\b(Serialize|Deserialize)\b").unwrap();
    let rooms = ["conversation", "commerce", "desk", "identity", "assistant", "confidence", "retrieval"];
    let domain =
        sources().into_iter().filter(|source| rooms.contains(&source.room.as_str()) && !source.path.starts_with("src/commerce/import/"));
    none(
        domain
            .filter(|source| derive.is_match(&source.code))
            .map(|source| format!("{}: serde belongs to the edges", source.path))
            .collect(),
    );
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    let mut faults = Vec::new();
    for folder in ["src", "tests"] {
        for path in files_in(&root().join(folder), &["rs", "js", "css"]) {
            let text = fs::read_to_string(&path).unwrap();
            if path.extension().is_some_and(|ending| ending == "rs") && !text.starts_with("//!") {
                faults.push(format!("{}: begins without a `//!` sentence", relative(&path)));
            }
            let lines = text.lines().count();
            if lines > 500 {
                faults.push(format!("{}: has {lines} lines, 500 are the limit", relative(&path)));
            }
        }
    }
    none(faults);
}

#[test]
fn the_first_look_at_the_repository_is_short() {
    let expected =
        ["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "src", "models", "knowledge_base", "prompts", "tests", "target", "data"];
    let names = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let extra = names.filter(|name| !name.starts_with('.') && !expected.contains(&name.as_str()));
    none(extra.map(|name| format!("{name}: has no place at the top level")).collect());
}

#[test]
fn nothing_is_left_to_do_or_to_debug() {
    let marks = Regex::new(r"\b(TODO|FIXME|HACK)\b|\bdbg!|\btodo!|\bunimplemented!").unwrap();
    none(
        sources()
            .iter()
            .flat_map(|source| {
                let lines = source.text.lines().enumerate().filter(|(_, line)| marks.is_match(line));
                lines.map(|(number, line)| format!("{}:{}: {}", source.path, number + 1, line.trim())).collect::<Vec<_>>()
            })
            .collect(),
    );
}

#[test]
fn the_rules_see_what_they_look_for() {
    let code = code_of(
        "//! crate::a\nuse crate::{b::C, d};\nlet x = crate::e::f(); // crate::g\n#[cfg(test)]\nmod tests {\n    use crate::h;\n}\nuse crate::i;\n",
    );
    assert_eq!(imports(&code).into_iter().collect::<Vec<_>>(), ["b", "d", "e", "i"]);
    assert_eq!(imports("use crate::{a::{B, C}, d::E};").into_iter().collect::<Vec<_>>(), ["a", "d"]);
    assert_eq!(imports(&code_of("#[cfg(test)]\nmod x_tests;\nuse crate::a;")).into_iter().collect::<Vec<_>>(), ["a"]);
}
