//! One request to the server, from its first byte to its last piece of text.

use std::time::{Duration, Instant};

use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc::Sender;

use super::RemoteOptions;
use super::answer::Answer;
use super::client;
use super::fault::RemoteFault;
use super::wire::Body;
use crate::inference::error::InferenceError;
use crate::inference::text::chat::Generation;

/// Where pieces go.
pub(super) type Out = Sender<Result<String, InferenceError>>;

/// The server, ready to be asked.
pub(super) struct Server {
    client: Client,
    url: String,
    completions: Url,
    key: Option<SecretString>,
    model: String,
}

/// How long a request may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// When it began.
    pub(super) since: Instant,
    /// When the first text must be there.
    pub(super) first_by: Instant,
    /// When the last must be.
    pub(super) by: Instant,
}

impl Times {
    /// The whole deadline for the first text too.
    pub(super) fn patient(since: Instant, deadline: Duration) -> Self {
        // A deadline beyond what the clock can say is none; a day is as good.
        let by = since.checked_add(deadline).unwrap_or_else(|| since + Duration::from_secs(86_400));
        Self { since, first_by: by, by }
    }

    /// Half of the deadline for the first text: the other half is for somebody else to answer.
    pub(super) fn halved(since: Instant, deadline: Duration) -> Self {
        Self { first_by: Self::patient(since, deadline / 2).by, ..Self::patient(since, deadline) }
    }
}

/// How a request ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Well.
    Complete,
    /// Nobody listens any more.
    Unheard,
    /// Badly, before any text was sent.
    Failed(RemoteFault),
    /// Badly, after some text was.
    Broken(RemoteFault),
}

impl Ended {
    pub(super) fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }

    pub(super) fn fault(&self) -> Option<&RemoteFault> {
        match self {
            Self::Failed(fault) | Self::Broken(fault) => Some(fault),
            Self::Complete | Self::Unheard => None,
        }
    }
}

impl Server {
    pub(super) fn new(options: RemoteOptions) -> Result<Self, InferenceError> {
        let RemoteOptions { url, key, model, queue: _ } = options;
        let base = client::base(&url)?;
        let completions = base
            .join("chat/completions")
            .map_err(|fault| InferenceError::Remote { url: url.clone(), fault: format!("the address cannot be read ({fault})") })?;
        Ok(Self { client: client::client(&base)?, url, completions, key, model })
    }

    pub(super) fn model(&self) -> &str {
        &self.model
    }

    /// What the caller of a request is told.
    pub(super) fn error(&self, fault: &RemoteFault, request: &Generation) -> InferenceError {
        match fault {
            RemoteFault::Late => InferenceError::DeadlinePassed { after: request.deadline },
            fault => self.unavailable(fault.to_string()),
        }
    }

    /// What the caller is told when nothing was asked of the server.
    pub(super) fn unavailable(&self, fault: impl Into<String>) -> InferenceError {
        InferenceError::Remote { url: self.url.clone(), fault: fault.into() }
    }

    /// Sends text to `out` as it comes. When nobody listens any more, the connection is closed at once.
    pub(super) async fn serve(&self, request: &Generation, times: Times, out: &Out) -> Ended {
        let ended = tokio::select! {
            () = out.closed() => Ended::Unheard,
            ended = self.pour(request, times, out) => ended,
        };
        let outcome = match &ended {
            Ended::Complete => "complete",
            Ended::Unheard => "cancelled",
            Ended::Failed(fault) | Ended::Broken(fault) => fault.outcome(),
        };
        metrics::counter!("nightdesk_engine_remote_total", "outcome" => outcome).increment(1);
        ended
    }

    async fn pour(&self, request: &Generation, times: Times, out: &Out) -> Ended {
        let mut http = self.client.post(self.completions.clone()).json(&Body::new(&self.model, request));
        if let Some(key) = &self.key {
            http = http.bearer_auth(key.expose_secret());
        }
        let mut answer = match Answer::begin(http, times.first_by).await {
            Ok(answer) => answer,
            Err(fault) => return Ended::Failed(fault),
        };
        let mut first = true;
        loop {
            match answer.next(if first { times.first_by } else { times.by }).await {
                Ok(Some(text)) => {
                    if first {
                        metrics::histogram!("nightdesk_engine_remote_time_to_first_token_seconds")
                            .record(times.since.elapsed().as_secs_f64());
                        first = false;
                    }
                    if out.send(Ok(text)).await.is_err() {
                        return Ended::Unheard;
                    }
                }
                Ok(None) => return Ended::Complete,
                Err(fault) if first => return Ended::Failed(fault),
                Err(fault) => return Ended::Broken(fault),
            }
        }
    }
}
