//! The forward pass of the llama and qwen2 architectures.

use super::attention::{Heads, Place, attend, dot};
use crate::inference::error::InferenceError;
use super::gguf::Gguf;
use super::kv::{KvCache, KvShape};
use super::rope::{Pairing, Rope};
use super::weights::Linear;

/// A model's weights, and how to run them.
pub struct Network {
    embedding: Linear,
    /// Where the embedding does not serve as the output too.
    output: Option<Linear>,
    norm: Norm,
    layers: Vec<Layer>,
    rope: Rope,
    heads: Heads,
    width: usize,
    context: usize,
}

struct Layer {
    attention_norm: Norm,
    /// Queries, keys and values, one below the other.
    query_key_value: Linear,
    attention_output: Linear,
    feed_forward_norm: Norm,
    /// Gate and up, one below the other.
    gate_up: Linear,
    down: Linear,
}

struct Norm {
    weight: Vec<f32>,
    epsilon: f32,
}

impl Network {
    /// Loads the weights; the context is the file's, but at most `context`.
    pub fn load(gguf: &Gguf, context: usize) -> Result<Self, InferenceError> {
        let architecture = gguf.text("general.architecture")?;
        let pairing = match architecture {
            "llama" => Pairing::Neighbours,
            "qwen2" => Pairing::Halves,
            other => return Err(InferenceError::UnknownArchitecture { file: gguf.path().to_owned(), architecture: other.to_owned() }),
        };
        let key = |name: &str| format!("{architecture}.{name}");
        let required = |name: &str| {
            gguf.number(&key(name))?.filter(|n| *n > 0).ok_or_else(|| gguf.refuse(format!("`{architecture}.{name}` is missing")))
        };
        let width = required("embedding_length")?;
        let heads = required("attention.head_count")?;
        let kv_heads = gguf.number(&key("attention.head_count_kv"))?.unwrap_or(heads);
        let hidden = required("feed_forward_length")?;
        let head_width = gguf.number(&key("attention.key_length"))?.unwrap_or(width / heads);
        if kv_heads == 0 || heads % kv_heads != 0 || head_width == 0 || head_width % 2 != 0 {
            return Err(gguf.refuse(format!("{heads} heads of {head_width} numbers over {kv_heads} key/value heads do not fit together")));
        }
        let heads = Heads { heads, kv_heads, width: head_width };
        let sizes = Sizes { width, hidden, heads, epsilon: gguf.float(&key("attention.layer_norm_rms_epsilon"))?.unwrap_or(1e-6) };
        let context = required("context_length")?.min(context);
        let base = gguf.float(&key("rope.freq_base"))?.unwrap_or(10_000.0);
        let count = required("block_count")?;
        // The embedding is a fifth of a small model: it is repacked beside the layers, not before them.
        let (embedding, layers) = std::thread::scope(|scope| {
            let embedding = scope.spawn(|| Linear::load(gguf, &["token_embd".to_owned()], width));
            let layers = load_layers(gguf, count, &sizes);
            (embedding.join().unwrap_or_else(|_| Err(gguf.refuse("a tensor has an impossible shape"))), layers)
        });
        Ok(Self {
            embedding: embedding?,
            output: gguf.has("output.weight").then(|| Linear::load(gguf, &["output".to_owned()], width)).transpose()?,
            norm: Norm::load(gguf, "output_norm", &sizes)?,
            layers: layers?,
            rope: Rope::new(pairing, head_width, base, context),
            heads,
            width,
            context,
        })
    }

    /// How many tokens fit.
    pub fn context(&self) -> usize {
        self.context
    }

    /// How many tokens the weights know.
    pub fn vocabulary(&self) -> usize {
        self.output.as_ref().unwrap_or(&self.embedding).outputs().min(self.embedding.outputs())
    }

    /// An empty cache for one sequence.
    pub fn cache(&self) -> KvCache {
        KvCache::new(KvShape { layers: self.layers.len(), heads: self.heads.kv_heads, width: self.heads.width, context: self.context })
    }

    /// Takes in `tokens`, the first of which stands at `start`, and gives the scores of what may follow the last.
    pub fn forward(&self, tokens: &[u32], start: usize, cache: &mut KvCache) -> candle_core::Result<Vec<f32>> {
        let mut rows = self.embedding.rows(tokens)?;
        for (index, layer) in self.layers.iter().enumerate() {
            let place = Place { layer: index, start, rows: tokens.len() };
            let mixed = layer.query_key_value.forward(&layer.attention_norm.apply(&rows))?;
            let queries = self.store(mixed, cache, place);
            let attended = attend(&queries, cache, self.heads, place)?;
            add(&mut rows, &layer.attention_output.forward(&attended)?);
            let gated = gate(&layer.gate_up.forward(&layer.feed_forward_norm.apply(&rows))?, layer.gate_up.outputs());
            add(&mut rows, &layer.down.forward(&gated)?);
        }
        let last = self.norm.apply(&rows[rows.len() - self.width..]);
        self.output.as_ref().unwrap_or(&self.embedding).forward(&last)
    }

    /// Puts the keys and values of `mixed` into the cache and leaves the queries, both turned to their positions.
    fn store(&self, mut mixed: Vec<f32>, cache: &mut KvCache, place: Place) -> Vec<f32> {
        let Heads { heads, kv_heads, width } = self.heads;
        let stride = (heads + 2 * kv_heads) * width;
        let mut queries = Vec::with_capacity(place.rows * heads * width);
        for (row, mixed) in mixed.chunks_exact_mut(stride).enumerate() {
            let position = place.start + row;
            let (turned, values) = mixed.split_at_mut((heads + kv_heads) * width);
            turned.chunks_exact_mut(width).for_each(|head| self.rope.turn(head, position));
            let (query, keys) = turned.split_at(heads * width);
            queries.extend_from_slice(query);
            for (head, (key, value)) in keys.chunks_exact(width).zip(values.chunks_exact(width)).enumerate() {
                cache.put(place.layer, head, position, key, value);
            }
        }
        queries
    }
}

struct Sizes {
    width: usize,
    hidden: usize,
    heads: Heads,
    epsilon: f32,
}

/// Repacking is arithmetic: two threads halve the wait at the start.
fn load_layers(gguf: &Gguf, count: usize, sizes: &Sizes) -> Result<Vec<Layer>, InferenceError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count).max(1);
    let share = count.div_ceil(threads);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    (worker * share..count.min((worker + 1) * share))
                        .map(|index| Layer::load(gguf, index, sizes))
                        .collect::<Result<Vec<_>, _>>()
                })
            })
            .collect();
        let mut layers = Vec::with_capacity(count);
        for worker in workers {
            layers.extend(worker.join().unwrap_or_else(|_| Err(gguf.refuse("a tensor has an impossible shape")))?);
        }
        Ok(layers)
    })
}

impl Layer {
    fn load(gguf: &Gguf, index: usize, sizes: &Sizes) -> Result<Self, InferenceError> {
        let names = |names: &[&str]| -> Vec<String> { names.iter().map(|name| format!("blk.{index}.{name}")).collect() };
        let expect = |linear: Linear, outputs: usize, what: &str| match linear.outputs() {
            found if found == outputs => Ok(linear),
            found => Err(gguf.refuse(format!("{what} of block {index} gives {found} numbers instead of {outputs}"))),
        };
        let Heads { heads, kv_heads, width } = sizes.heads;
        Ok(Self {
            attention_norm: Norm::load(gguf, &format!("blk.{index}.attn_norm"), sizes)?,
            query_key_value: expect(
                Linear::load(gguf, &names(&["attn_q", "attn_k", "attn_v"]), sizes.width)?,
                (heads + 2 * kv_heads) * width,
                "the attention input",
            )?,
            attention_output: expect(Linear::load(gguf, &names(&["attn_output"]), heads * width)?, sizes.width, "the attention output")?,
            feed_forward_norm: Norm::load(gguf, &format!("blk.{index}.ffn_norm"), sizes)?,
            gate_up: expect(Linear::load(gguf, &names(&["ffn_gate", "ffn_up"]), sizes.width)?, 2 * sizes.hidden, "the feed-forward input")?,
            down: expect(Linear::load(gguf, &names(&["ffn_down"]), sizes.hidden)?, sizes.width, "the feed-forward output")?,
        })
    }
}

impl Norm {
    fn load(gguf: &Gguf, name: &str, sizes: &Sizes) -> Result<Self, InferenceError> {
        Ok(Self { weight: gguf.vector(&format!("{name}.weight"), sizes.width)?, epsilon: sizes.epsilon })
    }

    fn apply(&self, rows: &[f32]) -> Vec<f32> {
        let mut out = Vec::with_capacity(rows.len());
        for row in rows.chunks_exact(self.weight.len()) {
            let scale = 1.0 / (dot(row, row) / row.len() as f32 + self.epsilon).sqrt();
            out.extend(row.iter().zip(&self.weight).map(|(number, weight)| number * scale * weight));
        }
        out
    }
}

fn add(rows: &mut [f32], more: &[f32]) {
    rows.iter_mut().zip(more).for_each(|(number, more)| *number += more);
}

/// SwiGLU: the first half of each row through the sigmoid unit, times the second.
fn gate(rows: &[f32], stride: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows.len() / 2);
    for row in rows.chunks_exact(stride) {
        let (gate, up) = row.split_at(stride / 2);
        out.extend(gate.iter().zip(up).map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up));
    }
    out
}
