//! A shop's folder on disk: settings, a small knowledge base, a data folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nightdesk::config::{Overrides, Settings, load};
use nightdesk::inference::{ModelStore, Profile, Terminal};
use tempfile::TempDir;

use super::{Program, root};

/// A folder of a test's own; gone when it is dropped.
pub struct Shop {
    folder: TempDir,
}

/// What the tests' shop differs in from the default one: no language model, no waiting for limits, no hours that depend on when a test runs.
const SETTINGS: &str = r#"
[server]
listen = "127.0.0.1:0"
drain_seconds = 2

[desk]
time_zone = "UTC"
hours = { monday = [], tuesday = [], wednesday = [], thursday = [], friday = [], saturday = [], sunday = [] }

[answers]
style = "stored"

[limits]
sessions_per_minute = 100000
message_burst = 100000
messages_per_minute = 100000
logins_per_minute = 100000

[log]
filter = "warn"
"#;

/// The days from Monday on, as settings name them.
pub const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl Shop {
    /// A new folder with the small knowledge base, and with what its first start would compute: that is done once for all tests.
    pub fn new() -> Self {
        let shop = Self::without_vectors();
        fs::create_dir(shop.data()).unwrap();
        for file in computed() {
            fs::copy(file, shop.data().join(file.file_name().unwrap())).unwrap();
        }
        shop
    }

    /// The same without a data folder.
    pub fn without_vectors() -> Self {
        let shop = Self { folder: tempfile::tempdir().unwrap() };
        let models = root().join("models");
        fs::write(shop.config(), format!("{SETTINGS}\n[models]\nfolder = {models:?}\n")).unwrap();
        fs::create_dir(shop.knowledge()).unwrap();
        for file in fs::read_dir(root().join("tests/it/fixtures/knowledge")).unwrap() {
            let file = file.unwrap().path();
            fs::copy(&file, shop.knowledge().join(file.file_name().unwrap())).unwrap();
        }
        shop
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its `nightdesk.toml`.
    pub fn config(&self) -> PathBuf {
        self.path().join("nightdesk.toml")
    }

    /// Its entries.
    pub fn knowledge(&self) -> PathBuf {
        self.path().join("knowledge_base")
    }

    /// What the server writes.
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Changes a line of the settings.
    pub fn set(&self, from: &str, to: &str) {
        let settings = fs::read_to_string(self.config()).unwrap();
        assert!(settings.contains(from), "the tests' settings have no line {from}");
        fs::write(self.config(), settings.replace(from, to)).unwrap();
    }

    /// From now on its data are in a database of a server.
    pub fn keep_in(&self, url: &str) {
        self.set("[server]", &format!("[database]\nurl = {url:?}\n\n[server]"));
    }

    /// Adds lines to the settings.
    pub fn add(&self, lines: &str) {
        let settings = fs::read_to_string(self.config()).unwrap();
        fs::write(self.config(), format!("{settings}\n{lines}")).unwrap();
    }

    /// Sets the hours of these days, in UTC; the others are closed.
    pub fn opens(&self, hours: &[(&str, &str)]) {
        let day = |name: &str| match hours.iter().find(|(day, _)| *day == name) {
            Some((_, span)) => format!("{name} = [{span:?}]"),
            None => format!("{name} = []"),
        };
        let days = DAYS.map(day);
        let settings = fs::read_to_string(self.config()).unwrap();
        let line = settings.lines().find(|line| line.starts_with("hours = ")).expect("the tests' settings have hours").to_owned();
        self.set(&line, &format!("hours = {{ {} }}", days.join(", ")));
    }

    /// Opens every day, all day.
    pub fn is_always_open(&self) {
        self.opens(&DAYS.map(|day| (day, "00:00-24:00")));
    }

    /// The settings as the program reads them.
    pub fn settings(&self) -> Settings {
        load(&Overrides { config: Some(self.config()), ..Overrides::default() }).unwrap()
    }
}

/// What a first start on the small knowledge base computes and keeps: vectors, readings, the calibration.
fn computed() -> &'static [PathBuf] {
    static SHOP: OnceLock<Shop> = OnceLock::new();
    static FILES: OnceLock<Vec<PathBuf>> = OnceLock::new();
    FILES.get_or_init(|| {
        let shop = SHOP.get_or_init(Shop::without_vectors);
        Program::of(shop, &["ask", "hello"]).run().well();
        let files = fs::read_dir(shop.data()).unwrap().map(|file| file.unwrap().path());
        let kept: Vec<PathBuf> = files.filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with("nightdesk.db")).collect();
        assert!(kept.iter().any(|path| path.ends_with("calibration.json")), "a start keeps its calibration, not only {kept:?}");
        kept
    })
}

/// The model files, fetched where they are missing.
pub fn models() -> ModelStore {
    let models = ModelStore::open(&root().join("models")).unwrap();
    models.ensure(Profile::Default, &Terminal::new()).unwrap();
    models
}
