//! `nightdesk agents`.

use std::io::BufRead;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};

use super::output::print;
use crate::app::open_store;
use crate::config::Settings;
use crate::conversation::AgentId;
use crate::identity::{Agent, AgentName, Email, NewAgent, Role, hash_password};
use crate::store::Store;
use crate::support::{Clock, Ids, SystemClock};

/// The shortest password that is taken.
const SHORTEST: usize = 10;

/// What can be done with agents.
#[derive(Debug, Subcommand)]
pub enum AgentsCommand {
    /// Add an agent; a password is made and printed unless one is given on standard input.
    #[command(after_help = "Example:\n  nightdesk agents add ana@shop.example --name Ana")]
    Add {
        /// What they log in with.
        email: String,
        /// What shoppers see.
        #[arg(long)]
        name: String,
        /// agent or admin.
        #[arg(long, default_value = "agent")]
        role: String,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the agents.
    List,
    /// Give an agent a new password and end their sessions.
    Password {
        /// Whose.
        email: String,
        /// Read the password from the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove an agent; their messages keep their name.
    Remove {
        /// Whom.
        email: String,
    },
}

/// Runs it.
pub async fn run(settings: Settings, command: AgentsCommand) -> anyhow::Result<()> {
    let clock = Arc::new(SystemClock);
    let ids = Ids::new(clock.clone());
    let store = open_store(&settings).await?;
    match command {
        AgentsCommand::Add { email, name, role, password_stdin } => {
            let agent = Agent {
                id: AgentId(ids.uuid()),
                email: parse_email(&email)?,
                name: AgentName::parse(&name).context("the name must have 1 to 80 characters")?,
                role: Role::parse(&role).with_context(|| format!("there is no role `{role}`; use agent or admin"))?,
                created_at: clock.now(),
            };
            let password = Password::choose(password_stdin, &ids)?;
            let added = store.add(NewAgent { agent, password: hash_password(&password.secret, ids.salt()) }).await?;
            if !added {
                bail!("there is an agent {email} already; `nightdesk agents password {email}` gives them a new password");
            }
            println!("added {email}{}", password.shown());
        }
        AgentsCommand::List => list(store.as_ref()).await?,
        AgentsCommand::Password { email, password_stdin } => {
            let password = Password::choose(password_stdin, &ids)?;
            if !store.set_password(&parse_email(&email)?, hash_password(&password.secret, ids.salt())).await? {
                bail!("there is no agent {email}; `nightdesk agents list` shows them");
            }
            println!("{email} has a new password{}", password.shown());
        }
        AgentsCommand::Remove { email } => {
            if !store.remove(&parse_email(&email)?).await? {
                bail!("there is no agent {email}; `nightdesk agents list` shows them");
            }
            println!("removed {email}");
        }
    }
    store.close().await;
    Ok(())
}

async fn list(store: &dyn Store) -> anyhow::Result<()> {
    let agents = store.list().await?;
    if agents.is_empty() {
        print("no agents yet; the first start of the server adds an administrator, `nightdesk agents add` adds more\n")?;
    }
    for agent in agents {
        print(format_args!("{:<32} {:<24} {}\n", agent.email.as_str(), agent.name.as_str(), agent.role.as_str()))?;
    }
    Ok(())
}

fn parse_email(email: &str) -> anyhow::Result<Email> {
    Email::parse(email).with_context(|| format!("`{email}` is no e-mail address"))
}

struct Password {
    secret: SecretString,
    made: bool,
}

impl Password {
    fn choose(from_stdin: bool, ids: &Ids) -> anyhow::Result<Self> {
        if !from_stdin {
            return Ok(Self { secret: SecretString::from(ids.password()), made: true });
        }
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
        let password = line.trim_end_matches(['\r', '\n']);
        if !(SHORTEST..=256).contains(&password.chars().count()) {
            bail!("a password must have {SHORTEST} to 256 characters");
        }
        Ok(Self { secret: SecretString::from(password), made: false })
    }

    fn shown(&self) -> String {
        if self.made { format!("; password (shown once): {}", self.secret.expose_secret()) } else { String::new() }
    }
}
