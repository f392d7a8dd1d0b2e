//! llama-server as a side, through its own protocol: it takes the very tokens that our engine reads, and tells its own times.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use async_trait::async_trait;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::CONTEXT;
use super::side::{Answered, Ask, Means, Side};
use crate::inference::{ChatMessage, EventReader, PromptReader};

/// A running llama-server.
pub struct Llama {
    client: Client,
    root: Url,
    tokens: Arc<PromptReader>,
    name: String,
    slots: usize,
}

/// What `/props` tells, as far as it concerns us.
#[derive(Debug, Deserialize)]
pub struct Props {
    default_generation_settings: Defaults,
    total_slots: Option<usize>,
    model_path: Option<String>,
    build_info: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Defaults {
    n_ctx: Option<usize>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    content: String,
    #[serde(default)]
    tokens: Vec<u32>,
    timings: Option<Timings>,
}

#[derive(Deserialize, Clone, Copy)]
struct Timings {
    prompt_n: usize,
    prompt_ms: f64,
    predicted_n: usize,
    predicted_ms: f64,
}

impl Llama {
    /// A server that holds `file`, as far as it can be told from outside.
    pub async fn new(client: Client, root: Url, props: Props, tokens: Arc<PromptReader>, file: &str) -> anyhow::Result<Self> {
        let theirs = props.model_path.as_deref().map_or("a model", file_name);
        let remedy = format!("start it with the same file (llama-server -m {file}), or name its file with --model");
        ensure!(
            theirs.eq_ignore_ascii_case(file) || props.model_path.is_none(),
            "the server at {root} has {theirs} loaded, and ours is {file}; {remedy}"
        );
        let context = props.default_generation_settings.n_ctx.unwrap_or(CONTEXT);
        ensure!(
            context >= CONTEXT,
            "a slot of the server at {root} holds {context} tokens and the prompts need {CONTEXT}; start it with -c {} or more",
            CONTEXT * props.total_slots.unwrap_or(1)
        );
        let build = props.build_info.as_deref().unwrap_or("of an unknown build");
        let name = format!("llama-server {build} with {theirs}");
        let side = Self { client, root, tokens, name, slots: props.total_slots.unwrap_or(1) };
        ensure!(side.reads_like_us().await?, "the server at {} splits text into other tokens than {file}; {remedy}", side.root);
        Ok(side)
    }

    async fn reads_like_us(&self) -> anyhow::Result<bool> {
        let messages =
            [ChatMessage::system("D\u{e9}j\u{e0} vu: 12,345 \u{4f60}\u{597d}"), ChatMessage::user("It's  2 words,\n\nisn't it?")];
        let body = json!({"content": self.tokens.text(&messages)?, "add_special": false, "parse_special": true});
        let answer = self.client.post(self.root.join("tokenize")?).json(&body).send().await.context("llama-server went away")?;
        let read: Value = answer.json().await.context("llama-server's /tokenize did not answer with JSON")?;
        Ok(read["tokens"] == json!(self.tokens.tokens(&messages)?))
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[async_trait]
impl Side for Llama {
    fn name(&self) -> &str {
        &self.name
    }

    fn note(&self, concurrency: usize) -> Option<String> {
        let slots = self.slots;
        let wait = if slots < concurrency {
            format!(", so of {concurrency} replies at once some wait (-np {concurrency} gives each its own)")
        } else {
            String::new()
        };
        Some(format!("llama-server: {slots} slots{wait}; its prefill and decode are by its own clock, without HTTP"))
    }

    async fn answer(&self, ask: Ask) -> anyhow::Result<Answered> {
        let body = json!({
            "prompt": self.tokens.tokens(&ask.messages)?,
            "n_predict": ask.tokens,
            "cache_prompt": ask.means == Means::All,
            "ignore_eos": true,
            "temperature": 0,
            "stream": true,
        });
        let began = Instant::now();
        let mut response = self.client.post(self.root.join("completion")?).json(&body).send().await.context("llama-server went away")?;
        if !response.status().is_success() {
            bail!("llama-server refused a prompt ({}): {}", response.status(), response.text().await.unwrap_or_default());
        }
        let (mut events, mut first, mut timings) = (EventReader::default(), None, None);
        while let Some(bytes) = response.chunk().await.context("llama-server broke off")? {
            for data in events.push(&bytes).ok().context("llama-server sent an event without an end")? {
                let event: Event = serde_json::from_str(&data).with_context(|| format!("llama-server sent {data}"))?;
                if !event.content.is_empty() || !event.tokens.is_empty() {
                    first.get_or_insert_with(|| began.elapsed());
                }
                timings = event.timings.or(timings);
            }
        }
        let whole = began.elapsed();
        let Timings { prompt_n, prompt_ms, predicted_n, predicted_ms } = timings.context("llama-server told no times")?;
        Ok(Answered {
            read: prompt_n,
            reading: milliseconds(prompt_ms),
            first: first.unwrap_or(whole),
            written: predicted_n,
            writing: milliseconds(predicted_ms),
            whole,
        })
    }
}

fn milliseconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number / 1000.0).unwrap_or_default()
}
