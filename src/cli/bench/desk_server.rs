//! The server that is put under load: this program once more, as a process of its own, so that its memory and its time are its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::desk::hire;
use crate::app::open_rooms;
use crate::bench::Login;
use crate::config::{AnswerStyle, Overrides, Settings, environment};
use crate::store::{self, Place};

/// How the server differs from the settings: no limits, no language model, nothing in the log but trouble.
const DIFFERENCES: [(&str, &str); 8] = [
    ("LIMITS__SESSIONS_PER_MINUTE", "10000000"),
    ("LIMITS__MESSAGE_BURST", "10000000"),
    ("LIMITS__MESSAGES_PER_MINUTE", "10000000"),
    ("LIMITS__LOGINS_PER_MINUTE", "10000000"),
    ("ENGINE__ENABLED", "false"),
    ("ENGINE__URL", ""),
    ("ANSWERS__STYLE", "stored"),
    ("LOG__FILTER", "warn"),
];

/// A server. It ends with this value.
pub(super) struct DeskServer {
    child: Child,
    /// Where it is.
    pub(super) url: String,
    /// Open as long as the server writes.
    _said: Lines<BufReader<ChildStdout>>,
    _folder: TempDir,
}

impl DeskServer {
    /// Prepares data folder and database: what a server learns behind its start would be measured as well; and the agents. Then starts it.
    pub(super) async fn start(
        mut settings: Settings,
        overrides: &Overrides,
        database: Option<&SecretString>,
        agents: usize,
    ) -> anyhow::Result<(Self, Vec<Login>)> {
        if !settings.webhooks.endpoints.is_empty() {
            bail!("the [webhooks.endpoints] of the settings would be told of every message; measure with settings that have none");
        }
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        take_along(&settings.server.data, folder.path())?;
        settings.server.data = folder.path().to_owned();
        settings.answers.style = AnswerStyle::Stored;
        settings.engine.url.clear();
        // Never the shop's own.
        settings.database.url = database.cloned().unwrap_or_else(|| SecretString::from("")).into();
        if let Some(url) = database {
            is_empty(url).await?;
        }
        eprintln!("indexing and calibrating");
        let rooms = open_rooms(&settings).await?;
        rooms.calibrate(Duration::MAX).await;
        let logins = hire(rooms.store.as_ref(), agents).await;
        rooms.store.close().await;
        drop(rooms);

        eprintln!("starting the server");
        let program = environment::program().context("this program's own file is not known")?;
        let mut command = Command::new(program);
        command.arg("serve").arg("--listen").arg(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).to_string());
        command.arg("--data").arg(folder.path());
        let given = [("--config", &overrides.config), ("--knowledge", &overrides.knowledge)];
        for (option, path) in given.into_iter().filter_map(|(option, path)| Some((option, path.as_ref()?))) {
            command.arg(option).arg(path);
        }
        for (name, value) in DIFFERENCES {
            command.env(format!("NIGHTDESK__{name}"), value);
        }
        command.env("NIGHTDESK__SERVER__METRICS_LISTEN", "127.0.0.1:0");
        // In the environment, since every user of the machine may read a command line.
        command.env("NIGHTDESK__DATABASE__URL", database.map_or("", ExposeSecret::expose_secret));
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().context("the server does not start")?;
        let mut said = BufReader::new(child.stdout.take().context("the server's output is not piped")?).lines();
        while let Some(line) = said.next_line().await? {
            if let Some(url) = line.trim().strip_prefix("Agent console").and_then(|rest| rest.trim().strip_suffix("/console")) {
                return Ok((Self { url: url.to_owned(), child, _said: said, _folder: folder }, logins?));
            }
        }
        bail!("the server ended before it was ready; it says why above");
    }

    /// Its number.
    pub(super) fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it. Its data are temporary, so nothing is waited for.
    pub(super) async fn stop(mut self) {
        if let Err(fault) = self.child.kill().await {
            eprintln!("the server could not be ended: {fault}");
        }
    }
}

/// Copies what the shop's own server has computed of the knowledge base, so that it need not be computed anew; nothing of its desk.
fn take_along(data: &Path, folder: &Path) -> anyhow::Result<()> {
    let Ok(files) = std::fs::read_dir(data) else { return Ok(()) };
    for file in files.flatten() {
        let is_desk = file.file_name().to_string_lossy().starts_with("nightdesk.");
        if !is_desk && file.file_type().is_ok_and(|kind| kind.is_file()) {
            let name = file.file_name();
            std::fs::copy(file.path(), folder.join(&name)).with_context(|| format!("{} cannot be copied", Path::new(&name).display()))?;
        }
    }
    Ok(())
}

/// Whether nobody's desk is in the database.
async fn is_empty(url: &SecretString) -> anyhow::Result<()> {
    let store = store::open(&Place::Server(url.clone())).await?;
    let is_empty = store.list().await?.is_empty() && store.last_event_id().await? == 0;
    store.close().await;
    if is_empty {
        Ok(())
    } else {
        bail!("the database of --database holds a desk already; give an empty one, which the measurement may fill")
    }
}
