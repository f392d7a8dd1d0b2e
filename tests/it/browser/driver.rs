//! A browser under the W3C WebDriver protocol: the few commands that the tests need, each one JSON over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http::client;

/// How long a test waits for something that should come at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keys that are no characters.
pub mod keys {
    /// Tab.
    pub const TAB: &str = "\u{e004}";
    /// Shift and Tab.
    pub const BACK_TAB: &str = "\u{e008}\u{e004}";
    /// Enter.
    pub const ENTER: &str = "\u{e007}";
    /// Escape.
    pub const ESCAPE: &str = "\u{e00c}";
}

/// The shift key, which is held for the rest of what is pressed.
const SHIFT: char = '\u{e008}';

/// What a page is looked at on.
#[derive(Clone, Copy)]
pub enum Screen {
    /// 1280 by 800, with mouse and keyboard.
    Desk,
    /// 390 by 844, with touch.
    Phone,
}

/// chromedriver on a free port. It ends with the test, and its browsers with it.
pub struct Driver {
    child: Child,
    port: u16,
    chromium: PathBuf,
}

impl Driver {
    /// Starts it; `None` where it or the browser is not installed.
    pub fn start() -> Option<Self> {
        let chromium = ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| installed(name))?;
        let driver = installed("chromedriver")?;
        let mut child = Command::new(driver).arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .find_map(|line| line.unwrap().split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok())
            .expect("chromedriver ended before it said its port");
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, port, chromium })
    }

    /// A new browser with a profile of its own.
    pub async fn browser(&self, screen: Screen) -> Browser {
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--window-size=1280,800",
            "--lang=en",
        ]
        .map(str::to_owned)
        .into();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let mut options = json!({ "binary": self.chromium, "args": arguments });
        if let Screen::Phone = screen {
            options["mobileEmulation"] = json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2, "touch": true } });
        }
        let capabilities = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        let client = client();
        let mut browser = Browser { client, base: format!("http://127.0.0.1:{}/session", self.port), _profile: profile };
        let session = browser.command("", json!({ "capabilities": { "alwaysMatch": capabilities } })).await;
        browser.base = format!("{}/{}", browser.base, session["sessionId"].as_str().unwrap());
        browser
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Killed outright it would leave its browsers behind.
        if let Ok(mut line) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = line.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = write!(line, "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            let _ = line.read_to_end(&mut Vec::new());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One browser with one page.
pub struct Browser {
    client: Client,
    base: String,
    _profile: TempDir,
}

impl Browser {
    /// Opens an address and waits for the page.
    pub async fn goto(&self, url: &str) {
        self.command("/url", json!({ "url": url })).await;
    }

    /// Runs the body of a function in the page; what it returns.
    pub async fn script(&self, body: &str, arguments: Value) -> Value {
        self.command("/execute/sync", json!({ "script": body, "args": arguments })).await
    }

    /// Runs the body of a function until it returns something that is true.
    pub async fn until(&self, what: &str, body: &str, arguments: Value) -> Value {
        let began = Instant::now();
        let guarded = format!("try {{ {body} }} catch {{ return null }}");
        loop {
            let found = self.script(&guarded, arguments.clone()).await;
            if !matches!(&found, Value::Null | Value::Bool(false)) && found != "" {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "waited in vain for {what}; the page says {}", self.text().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses keys one after the other, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        let mut actions = Vec::new();
        for key in keys.chars() {
            actions.push(json!({ "type": "keyDown", "value": key }));
            if key != SHIFT {
                actions.push(json!({ "type": "keyUp", "value": key }));
            }
        }
        if keys.contains(SHIFT) {
            actions.push(json!({ "type": "keyUp", "value": SHIFT }));
        }
        self.command("/actions", json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] })).await;
    }

    /// Touches the middle of the element that a script finds in the page or in a frame of its origin.
    pub async fn tap(&self, body: &str) {
        let middle = format!(
            "const node = (() => {{ {body} }})(); const box = node.getBoundingClientRect();
             const frame = node.ownerDocument.defaultView.frameElement?.getBoundingClientRect();
             return [box.x + box.width / 2 + (frame?.x ?? 0), box.y + box.height / 2 + (frame?.y ?? 0)].map(Math.round)"
        );
        let middle = self.script(&middle, json!([])).await;
        let actions = json!([
            { "type": "pointerMove", "duration": 0, "x": middle[0], "y": middle[1] },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ]);
        let finger = json!({ "type": "pointer", "id": "finger", "parameters": { "pointerType": "touch" }, "actions": actions });
        self.command("/actions", json!({ "actions": [finger] })).await;
    }

    /// What the browser's console holds of errors and warnings: failed requests, exceptions, breaches of the content policy.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.command("/se/log", json!({ "type": "browser" })).await;
        let bad = |entry: &&Value| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING"));
        entries.as_array().unwrap().iter().filter(bad).map(|entry| entry["message"].to_string()).collect()
    }

    /// The words of the page and of the frames that it may look into.
    async fn text(&self) -> Value {
        let script = "const frame = document.querySelector('nightdesk-widget')?.shadowRoot.querySelector('iframe');
            return `${frame?.contentDocument?.body?.innerText ?? ''}\n---\n${document.body.innerText}`.slice(0, 3000)";
        self.script(script, json!([])).await
    }

    async fn command(&self, path: &str, body: Value) -> Value {
        let response = self.client.post(format!("{}{path}", self.base)).json(&body).send().await.unwrap();
        let (status, mut answer) = (response.status(), response.json::<Value>().await.unwrap());
        assert!(status.is_success(), "{path} {body}: {}", answer["value"]["message"]);
        answer["value"].take()
    }
}

/// Where a program is, if it is.
fn installed(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}
