//! Why a model server did not answer.

/// Each is the second half of a sentence that begins with the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteFault {
    /// No connection.
    #[error("it cannot be reached ({0}); start it, or correct `engine.url`")]
    Unreachable(String),
    /// Nothing came in the time there was.
    #[error("it did not answer in time; it is too busy, or the deadline in the configuration too short")]
    Late,
    /// It sheds load.
    #[error("it has too much to do (status 429)")]
    Busy,
    /// It wants another key.
    #[error("it refused the key (status {0}); correct `engine.api_key`")]
    Key(u16),
    /// It does not take this request.
    #[error("it refused the request (status {status}: {said})")]
    Refused {
        /// The status.
        status: u16,
        /// The beginning of what it said.
        said: String,
    },
    /// It failed by its own account, before or within its answer.
    #[error("it failed ({0})")]
    Failed(String),
    /// What it sent is no answer.
    #[error("what it sent cannot be read ({0}); `engine.url` must be the base address of a server that speaks OpenAI's protocol")]
    Malformed(String),
    /// The answer stopped in its middle.
    #[error("its answer was cut off ({0})")]
    CutOff(String),
}

impl RemoteFault {
    /// The fault of a status other than success.
    pub(super) fn of_status(status: u16, said: &str) -> Self {
        let said = beginning(said);
        match status {
            429 => Self::Busy,
            401 | 403 => Self::Key(status),
            400..500 => Self::Refused { status, said },
            500.. => Self::Failed(format!("status {status}: {said}")),
            _ => Self::Malformed(format!("status {status}")),
        }
    }

    /// The label in the metrics.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Late => "late",
            Self::Busy => "busy",
            Self::Key(_) => "key",
            Self::Refused { .. } => "refused",
            Self::Failed(_) => "failed",
            Self::Malformed(_) => "malformed",
            Self::CutOff(_) => "cut_off",
        }
    }

    /// Whether it says nothing about the next request: the server is well and did not like this one.
    pub(super) fn is_about_the_request(&self) -> bool {
        matches!(self, Self::Refused { status: 400 | 413 | 422, .. })
    }
}

/// Enough of a text to know what it is about, on one line.
pub(super) fn beginning(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}\u{2026}", &line[..end]),
        None => line,
    }
}
