//! A model's weights, found in the file and held against what its architecture says of them.

use nightdesk_kernels::attention::{Heads, Rope};
use nightdesk_kernels::{CacheShape, Stack};

use super::architecture::{Architecture, Pairing};
use super::gguf::Gguf;
use super::lora::Adapter;
use super::packed::{Packed, Wanted};
use crate::inference::error::InferenceError;

/// Everything that a forward pass needs and does not change.
pub struct Network {
    pub embedding: Stack,
    /// The embedding again where the file has no other.
    pub output: Stack,
    pub norm: Vec<f32>,
    pub layers: Vec<Layer>,
    pub rope: Rope,
    pub heads: Heads,
    pub hidden: usize,
    pub width: usize,
    pub epsilon: f32,
    context: usize,
}

/// The weights of one block.
pub struct Layer {
    pub attention_norm: Vec<f32>,
    /// Queries, keys and values, one below the other.
    pub query_key_value: Stack,
    pub query_key_value_bias: Option<Vec<f32>>,
    pub attention_output: Stack,
    pub feed_forward_norm: Vec<f32>,
    /// Gate and up, one below the other.
    pub gate_up: Stack,
    pub down: Stack,
}

/// The sizes that a file states.
struct Sizes {
    architecture: Architecture,
    width: usize,
    hidden: usize,
    layers: usize,
    heads: Heads,
    context: usize,
    base: f32,
    epsilon: f32,
}

impl Network {
    /// Loads the weights, with those of an adapter added; the context is the file's, but at most `context`.
    pub fn load(gguf: &Gguf, context: usize, adapter: Option<&Adapter>) -> Result<Self, InferenceError> {
        let sizes = Sizes::read(gguf)?;
        let has_output = gguf.has("output.weight");
        let wanted = sizes.wanted(has_output);
        if let Some(unknown) = adapter.and_then(|adapter| adapter.names().find(|name| !wanted.iter().any(|wanted| wanted.name == *name))) {
            return Err(gguf.refuse(format!("the adapter changes `{unknown}`, which the model does not have")));
        }
        let packed = Packed::open(gguf, &wanted, adapter)?;
        let stack = |names: &[String], outputs: Option<usize>| {
            let parts = names.iter().map(|name| packed.matrix(name)).collect::<Option<Vec<_>>>().and_then(Stack::new);
            let stack = parts.ok_or_else(|| gguf.refuse(format!("the tensors of `{}` do not fit together", names.join(", "))))?;
            match outputs {
                Some(outputs) if stack.outputs() != outputs => {
                    Err(gguf.refuse(format!("`{}` give {} numbers instead of {outputs}", names.join(", "), stack.outputs())))
                }
                _ => Ok(stack),
            }
        };
        let embedding = stack(&["token_embd".to_owned()], None)?;
        let output = if has_output { stack(&["output".to_owned()], None)? } else { embedding.clone() };
        let layers = (0..sizes.layers).map(|index| Layer::load(gguf, &sizes, index, &stack)).collect::<Result<_, _>>()?;
        let context = sizes.context.min(context).max(1);
        Ok(Self {
            embedding,
            output,
            norm: gguf.vector("output_norm.weight", sizes.width)?,
            layers,
            rope: Rope::new(sizes.heads.width, sizes.base, context),
            heads: sizes.heads,
            hidden: sizes.hidden,
            width: sizes.width,
            epsilon: sizes.epsilon,
            context,
        })
    }

    /// How many tokens fit.
    pub fn context(&self) -> usize {
        self.context
    }

    /// How many tokens the weights know.
    pub fn vocabulary(&self) -> usize {
        self.output.outputs().min(self.embedding.outputs())
    }

    /// The extent of a sequence's keys and values.
    pub fn cache_shape(&self) -> CacheShape {
        CacheShape { layers: self.layers.len(), heads: self.heads.kv_heads, width: self.heads.width, context: self.context }
    }
}

impl Sizes {
    fn read(gguf: &Gguf) -> Result<Self, InferenceError> {
        let name = gguf.text("general.architecture")?;
        let architecture = Architecture::find(name)
            .ok_or_else(|| InferenceError::UnknownArchitecture { file: gguf.path().to_owned(), architecture: name.to_owned() })?;
        let key = |key: &str| format!("{name}.{key}");
        let required =
            |what: &str| gguf.number(&key(what))?.filter(|n| *n > 0).ok_or_else(|| gguf.refuse(format!("`{}` is missing", key(what))));
        let width = required("embedding_length")?;
        let heads = required("attention.head_count")?;
        let kv_heads = gguf.number(&key("attention.head_count_kv"))?.unwrap_or(heads);
        let head_width = gguf.number(&key("attention.key_length"))?.unwrap_or(width / heads);
        // The kernels read heads sixteen numbers at a time and rows in blocks of 32.
        if kv_heads == 0 || heads % kv_heads != 0 || head_width == 0 || head_width % 16 != 0 {
            return Err(gguf.refuse(format!("{heads} heads of {head_width} numbers over {kv_heads} key/value heads do not fit together")));
        }
        let hidden = required("feed_forward_length")?;
        if width % 32 != 0 || hidden % 32 != 0 || heads * head_width % 32 != 0 {
            return Err(gguf.refuse(format!("rows of {width} and {hidden} numbers are not whole blocks of 32")));
        }
        // A context that nobody can have memory for would overflow the tables before it is cut to the configured one.
        let context = required("context_length")?.min(1 << 20);
        Ok(Self {
            architecture,
            width,
            hidden,
            layers: required("block_count")?,
            heads: Heads { heads, kv_heads, width: head_width },
            context,
            base: gguf.float(&key("rope.freq_base"))?.unwrap_or(10_000.0),
            epsilon: gguf.float(&key("attention.layer_norm_rms_epsilon"))?.unwrap_or(1e-6),
        })
    }

    /// Every matrix of the model.
    fn wanted(&self, has_output: bool) -> Vec<Wanted> {
        let Heads { heads, width, .. } = self.heads;
        let paired = (self.architecture.pairing == Pairing::Neighbours).then_some(width);
        let plain = |name: String, inputs: usize| Wanted { name, inputs, paired_heads: None };
        let mut all = vec![plain("token_embd".to_owned(), self.width)];
        if has_output {
            all.push(plain("output".to_owned(), self.width));
        }
        for index in 0..self.layers {
            let block = |name: &str| format!("blk.{index}.{name}");
            all.extend(["attn_q", "attn_k"].map(|name| Wanted { name: block(name), inputs: self.width, paired_heads: paired }));
            all.extend(["attn_v", "ffn_gate", "ffn_up"].map(|name| plain(block(name), self.width)));
            all.push(plain(block("attn_output"), heads * width));
            all.push(plain(block("ffn_down"), self.hidden));
        }
        all
    }
}

impl Layer {
    fn load(
        gguf: &Gguf,
        sizes: &Sizes,
        index: usize,
        stack: &impl Fn(&[String], Option<usize>) -> Result<Stack, InferenceError>,
    ) -> Result<Self, InferenceError> {
        let block = |name: &str| format!("blk.{index}.{name}");
        let norm = |name: &str| gguf.vector(&block(&format!("{name}.weight")), sizes.width);
        let Heads { heads, kv_heads, width } = sizes.heads;
        let parts = [("attn_q", heads * width), ("attn_k", kv_heads * width), ("attn_v", kv_heads * width)];
        // One by one first: rows that are merely shifted from one part to the next would go unnoticed.
        for (name, outputs) in parts {
            stack(&[block(name)], Some(outputs))?;
        }
        let query_key_value_bias = if sizes.architecture.attention_bias {
            let mut bias = Vec::with_capacity(sizes.heads.row());
            for (name, outputs) in parts {
                bias.extend(gguf.vector(&block(&format!("{name}.bias")), outputs)?);
            }
            Some(bias)
        } else {
            None
        };
        Ok(Self {
            attention_norm: norm("attn_norm")?,
            query_key_value: stack(&parts.map(|(name, _)| block(name)), Some(sizes.heads.row()))?,
            query_key_value_bias,
            attention_output: stack(&[block("attn_output")], Some(sizes.width))?,
            feed_forward_norm: norm("ffn_norm")?,
            gate_up: stack(&[block("ffn_gate"), block("ffn_up")], Some(2 * sizes.hidden))?,
            down: stack(&[block("ffn_down")], Some(sizes.width))?,
        })
    }
}
