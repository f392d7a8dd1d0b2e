//! Finding out what stands at the address of the other side.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;

use super::generator::Generator;
use super::llama::{Llama, Props};
use super::side::Side;
use crate::inference::{PromptReader, Remote, RemoteOptions, base, client};

const PATIENCE: Duration = Duration::from_secs(5);

/// The server at `url`, which should have our model `file` loaded: llama-server through its own protocol, others through OpenAI's.
pub async fn find(url: &str, tokens: Arc<PromptReader>, file: &str, concurrency: usize) -> anyhow::Result<Arc<dyn Side>> {
    let root = base(url.trim_end_matches('/').trim_end_matches("/v1"))
        .with_context(|| format!("--against {url} is no address; give one such as http://127.0.0.1:8081"))?;
    let client = client(&root)?;
    let props = get(&client, &root, "props").await?;
    match props.status() {
        StatusCode::SERVICE_UNAVAILABLE => bail!("the server at {root} is still loading its model; try again in a moment"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            bail!("the server at {root} wants a key; start it without one for the measurement")
        }
        _ => {}
    }
    if let Ok(props) = props.json::<Props>().await {
        return Ok(Arc::new(Llama::new(client, root, props, tokens, file).await?));
    }
    let models: Value = get(&client, &root, "v1/models").await?.json().await.unwrap_or_default();
    let Some(model) = models["data"][0]["id"].as_str() else {
        bail!("the server at {root} speaks neither llama-server's protocol nor OpenAI's; correct --against");
    };
    let options = RemoteOptions { url: root.join("v1")?.to_string(), key: None, model: model.to_owned(), queue: concurrency };
    let name = format!("{model} at {root}, by OpenAI's protocol");
    Ok(Arc::new(Generator::new(Arc::new(Remote::new(options)?), tokens, name)))
}

async fn get(client: &Client, root: &Url, path: &str) -> anyhow::Result<Response> {
    let sent = client.get(root.join(path)?).timeout(PATIENCE).send().await;
    sent.with_context(|| format!("the server at {root} does not answer; start it (for example `llama-server -m MODEL --port 8081 -c 16384 -np 8`) or correct --against"))
}

#[cfg(test)]
#[path = "theirs_tests.rs"]
mod tests;
