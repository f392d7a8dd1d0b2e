//! Notices that somebody edited the knowledge folder.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio_util::sync::CancellationToken;

/// An editor's save is several events; they are over when nothing has happened for this long.
const QUIET: Duration = Duration::from_millis(300);

/// A folder in which something happens all the time is reported this long after the first event all the same.
const PATIENCE: Duration = Duration::from_millis(900);

/// How often the files' times are compared: network drives send no events, and a folder that was replaced as a whole sends none either.
const POLL: Duration = Duration::from_secs(1);

/// How often the thread looks whether it should stop.
const TICK: Duration = Duration::from_millis(250);

/// Subfolders that are compared; as deep as the knowledge is read.
const DEPTH: usize = 8;

/// What files that concern us end with.
const ENDINGS: [&str; 2] = ["md", "csv"];

/// Keeps the watch alive; dropping it ends the watch.
#[derive(Debug)]
#[must_use = "dropping it ends the watch"]
pub struct FolderWatch {
    token: CancellationToken,
}

impl Drop for FolderWatch {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

/// Calls `on_change`, on a thread of its own, within a second or so after Markdown files or labelled questions in `folder` were changed, until `token` is cancelled.
/// Changes during the call are reported by another one.
pub fn watch_folder(folder: PathBuf, token: CancellationToken, on_change: impl Fn() + Send + 'static) -> FolderWatch {
    let token = token.child_token();
    let stop = token.clone();
    let seen = snapshot(&folder);
    let (sender, events) = mpsc::channel();
    // The watch is set up before this returns: no edit between here and the thread's start is lost.
    let watcher = watcher(&folder, &sender);
    let watch = Watch { folder, sender, events, watcher, seen };
    let started = thread::Builder::new().name("knowledge-watch".to_owned()).spawn(move || watch.run(&stop, on_change));
    if let Err(error) = started {
        tracing::error!(%error, "the knowledge folder is not watched: restart the server after an edit");
    }
    FolderWatch { token }
}

/// Files with what tells an edit: the time of the last change and the size.
type Snapshot = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

struct Watch {
    folder: PathBuf,
    sender: Sender<()>,
    events: Receiver<()>,
    watcher: Option<RecommendedWatcher>,
    seen: Snapshot,
}

impl Watch {
    fn run(mut self, stop: &CancellationToken, on_change: impl Fn()) {
        let mut polled = Instant::now();
        // When the first and the latest event of a burst came.
        let mut burst: Option<(Instant, Instant)> = None;
        while !stop.is_cancelled() {
            let due = burst.map(|(first, latest)| (latest + QUIET).min(first + PATIENCE));
            let wait = due.map_or(TICK, |due| due.saturating_duration_since(Instant::now()).min(TICK));
            match self.events.recv_timeout(wait) {
                Ok(()) => {
                    let now = Instant::now();
                    burst = Some((burst.map_or(now, |(first, _)| first), now));
                }
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if burst.is_none() && polled.elapsed() >= POLL {
                polled = Instant::now();
                if self.changed_silently() {
                    burst = Some((polled, polled));
                }
            }
            if due.is_some_and(|due| Instant::now() >= due) {
                burst = None;
                // Before the call: an edit during it is then seen as another change.
                self.seen = snapshot(&self.folder);
                if !stop.is_cancelled() {
                    on_change();
                }
            }
        }
    }

    /// Whether the files differ although no event said so. The watch is then set up anew: it may hold a folder that was moved away.
    fn changed_silently(&mut self) -> bool {
        let now = snapshot(&self.folder);
        if now == self.seen {
            return false;
        }
        self.watcher = watcher(&self.folder, &self.sender);
        true
    }
}

fn watcher(folder: &Path, sender: &Sender<()>) -> Option<RecommendedWatcher> {
    let sender = sender.clone();
    let send = move |event: notify::Result<notify::Event>| {
        let relevant = match event {
            Ok(event) => !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(|path| concerns_us(path)),
            // Events were lost: look.
            Err(_) => true,
        };
        if relevant {
            // Fails only when the thread has ended.
            let _ = sender.send(());
        }
    };
    let watcher =
        notify::recommended_watcher(send).and_then(|mut watcher| watcher.watch(folder, RecursiveMode::Recursive).map(|()| watcher));
    watcher
        .inspect_err(|error| tracing::warn!(folder = %folder.display(), %error, "no file events for the knowledge folder: it is polled"))
        .ok()
}

/// A Markdown file, a list of labelled questions, or what may have been a folder, unless its name starts with a dot as editors' own files do.
fn concerns_us(path: &Path) -> bool {
    !is_hidden(path) && path.extension().is_none_or(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(OsStr::new(known))))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn snapshot(folder: &Path) -> Snapshot {
    let mut files = Snapshot::new();
    collect(folder, DEPTH, &mut files);
    files
}

fn collect(folder: &Path, depth: usize, files: &mut Snapshot) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| !is_hidden(path)) {
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() && depth > 0 => collect(&path, depth - 1, files),
            Ok(found) if found.is_file() && concerns_us(&path) => {
                files.insert(path, (found.modified().ok(), found.len()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Far more than it takes: a failure means that the call never came.
    const LONG: Duration = Duration::from_secs(20);

    struct Watched {
        folder: tempfile::TempDir,
        calls: Receiver<()>,
        token: CancellationToken,
        _watch: FolderWatch,
    }

    fn watched() -> Watched {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("kb")).unwrap();
        fs::write(folder.path().join("kb/a.md"), "one").unwrap();
        let (sender, calls) = mpsc::channel();
        let token = CancellationToken::new();
        let watch = watch_folder(folder.path().join("kb"), token.clone(), move || sender.send(()).unwrap_or_default());
        Watched { folder, calls, token, _watch: watch }
    }

    #[test]
    fn edits_new_files_and_removals_are_noticed() {
        let watched = watched();
        let folder = watched.folder.path().join("kb");
        fs::write(folder.join("a.md"), "two").unwrap();
        watched.calls.recv_timeout(LONG).expect("an edit is noticed");
        fs::create_dir(folder.join("sub")).unwrap();
        fs::write(folder.join("sub/b.md"), "new").unwrap();
        watched.calls.recv_timeout(LONG).expect("a new file in a new folder is noticed");
        fs::remove_file(folder.join("a.md")).unwrap();
        watched.calls.recv_timeout(LONG).expect("a removal is noticed");
    }

    #[test]
    fn a_save_by_renaming_is_noticed() {
        let watched = watched();
        let folder = watched.folder.path().join("kb");
        fs::write(folder.join(".a.md.swp"), "two").unwrap();
        fs::rename(folder.join(".a.md.swp"), folder.join("a.md")).unwrap();
        watched.calls.recv_timeout(LONG).expect("a rename over the file is noticed");
    }

    #[test]
    fn a_folder_that_is_replaced_as_a_whole_is_noticed_and_watched_on() {
        let watched = watched();
        let root = watched.folder.path();
        fs::create_dir(root.join("next")).unwrap();
        fs::write(root.join("next/a.md"), "another text").unwrap();
        fs::rename(root.join("kb"), root.join("old")).unwrap();
        fs::rename(root.join("next"), root.join("kb")).unwrap();
        watched.calls.recv_timeout(LONG).expect("another folder in its place is noticed");
        fs::write(root.join("kb/a.md"), "a third text").unwrap();
        watched.calls.recv_timeout(LONG).expect("and so is an edit there");
    }

    #[test]
    fn after_the_token_nothing_is_reported() {
        let watched = watched();
        watched.token.cancel();
        // The callback owns the sender: its channel closes when the thread has ended.
        let mut ended = watched.calls.recv_timeout(LONG);
        while ended.is_ok() {
            ended = watched.calls.recv_timeout(LONG);
        }
        assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn editors_own_files_do_not_concern_us() {
        for (path, expected) in [
            ("kb/a.md", true),
            ("kb/A.MD", true),
            ("kb/questions.csv", true),
            ("kb/sub", true),
            ("kb/.a.md.swp", false),
            ("kb/a.md~", false),
            ("kb/a.png", false),
        ] {
            assert_eq!(concerns_us(Path::new(path)), expected, "{path}");
        }
    }
}
