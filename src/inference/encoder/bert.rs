//! The forward pass of a small BERT encoder (Devlin et al. 2019; all-MiniLM-L6-v2): post-norm layers, exact GELU, mean pooling.
//!
//! Sentences of one batch are laid end to end in one matrix of token rows, so that the linear layers see every token once and no padding; only
//! attention looks at one sentence at a time. A sentence's vector does not depend on what it was batched with.

use nightdesk_kernels::attention::{Heads, Place, Sees, Span, attend, store};
use nightdesk_kernels::rows::layer_norm;
use nightdesk_kernels::{Activations, Begin, Block, Cache, CacheShape, Format, Layout, Machine, Matrix, Memory, Source, Stack, multiply};
use safetensors::{Dtype, SafeTensors};

use crate::inference::model::lora::Adapter;

/// The files do not state it; every MiniLM-L6 has twelve.
const HEADS: usize = 12;
/// As the model's configuration says.
const LAYER_NORM_EPSILON: f32 = 1e-12;

/// The encoder's weights.
pub struct Bert {
    /// The file: word embeddings are read where they lie, a row for each token of a text.
    file: Memory,
    words: std::ops::Range<usize>,
    positions: Vec<f32>,
    /// One row for the tokens of the first text, one for those of the second.
    types: Vec<f32>,
    norm: LayerNorm,
    layers: Vec<Layer>,
    width: usize,
    hidden: usize,
}

/// Tokens of a sentence, or of a pair of texts.
#[derive(Debug, Clone, Copy)]
pub struct Sentence<'a> {
    /// At least one.
    pub tokens: &'a [u32],
    /// The first token of the second text; the number of tokens where there is none.
    pub second: usize,
}

struct Layer {
    query_key_value: Linear,
    output: Linear,
    output_norm: LayerNorm,
    up: Linear,
    down: Linear,
    down_norm: LayerNorm,
}

struct Linear {
    weight: Stack,
    bias: Vec<f32>,
}

struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// A weights file as it is read.
struct File<'a> {
    tensors: &'a SafeTensors<'a>,
    adapter: Option<&'a Adapter>,
}

impl Bert {
    /// From the bytes of `model.safetensors`, with an adapter's products added.
    pub fn new(file: Memory, adapter: Option<&Adapter>) -> Result<Self, String> {
        let tensors = SafeTensors::deserialize(&file).map_err(|fault| format!("it is not a safetensors file ({fault})"))?;
        let source = File { tensors: &tensors, adapter };
        let (shape, words) = source.raw("embeddings.word_embeddings.weight")?;
        let [_, width] = shape[..] else { return Err("its word embeddings are no matrix".to_owned()) };
        if width == 0 || !width.is_multiple_of(HEADS * 16) {
            return Err(format!("a width of {width} is no MiniLM's"));
        }
        let start = words.as_ptr().addr() - file.as_ptr().addr();
        let words = start..start + words.len();
        let mut layers = Vec::new();
        while tensors.tensor(&format!("encoder.layer.{}.output.dense.weight", layers.len())).is_ok() {
            layers.push(Layer::new(&source, layers.len())?);
        }
        let Some(hidden) = layers.first().map(|layer| layer.up.weight.outputs()) else { return Err("it has no layers".to_owned()) };
        let sound = |layer: &Layer| {
            layer.query_key_value.weight.inputs() == width
                && layer.query_key_value.weight.outputs() == 3 * width
                && (layer.output.weight.inputs(), layer.output.weight.outputs()) == (width, width)
                && (layer.up.weight.inputs(), layer.up.weight.outputs()) == (width, hidden)
                && (layer.down.weight.inputs(), layer.down.weight.outputs()) == (hidden, width)
        };
        if !layers.iter().all(sound) {
            return Err("its layers do not fit together".to_owned());
        }
        if let Some(unknown) = adapter.and_then(|adapter| adapter.names().find(|name| tensors.tensor(&format!("{name}.weight")).is_err())) {
            return Err(format!("the adapter changes `{unknown}`, which the model does not have"));
        }
        let types = source.numbers("embeddings.token_type_embeddings.weight")?;
        let positions = source.numbers("embeddings.position_embeddings.weight")?;
        let norm = LayerNorm::new(&source, "embeddings.LayerNorm", width)?;
        if types.len() != 2 * width || positions.len() < width {
            return Err("its position and type embeddings do not fit its width".to_owned());
        }
        Ok(Self { words, positions, types, norm, layers, width, hidden, file })
    }

    /// Length of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The most tokens a sentence may have.
    pub fn max_tokens(&self) -> usize {
        self.positions.len() / self.width
    }

    /// The vectors of all tokens, sentence after sentence.
    pub fn forward(&self, on: &Machine, sentences: &[Sentence<'_>]) -> Result<Vec<f32>, String> {
        let mut rows = self.embed(sentences)?;
        layer_norm(on, &mut rows, &self.norm.weight, &self.norm.bias, LAYER_NORM_EPSILON);
        let heads = Heads { heads: HEADS, kv_heads: HEADS, width: self.width / HEADS };
        let place = Place { heads, layer: 0 };
        // The same for one short sentence as for many: its vector must not depend on what is beside it.
        let precision = on.for_prompts();
        let cache = |sentence: &Sentence<'_>| {
            Cache::new(CacheShape { layers: 1, heads: HEADS, width: heads.width, context: sentence.tokens.len() })
        };
        let mut caches = sentences.iter().map(cache).collect::<Option<Vec<_>>>().ok_or("there is no memory for so many sentences")?;
        let mut spans: Vec<Span<'_>> =
            caches.iter_mut().zip(sentences).map(|(cache, sentence)| Span { cache, start: 0, rows: sentence.tokens.len() }).collect();
        let count = rows.len() / self.width;
        let mut activations = Activations::new();
        let (mut mixed, mut attended, mut inner) = (vec![0.0; count * heads.row()], vec![0.0; rows.len()], vec![0.0; count * self.hidden]);
        for layer in &self.layers {
            activations.fill(on, precision, (count, self.width), Source::Plain(&rows));
            layer.query_key_value.set(on, &activations, &mut mixed);
            store(on, place, None, &mut mixed, &mut spans);
            attend(on, place, Sees::All, &mixed, &spans, &mut attended);
            activations.fill(on, precision, (count, self.width), Source::Plain(&attended));
            layer.output.add(on, &activations, &mut rows);
            layer.output_norm.apply(on, &mut rows);
            activations.fill(on, precision, (count, self.width), Source::Plain(&rows));
            layer.up.set(on, &activations, &mut inner);
            activations.fill(on, precision, (count, self.hidden), Source::Gelu(&inner));
            layer.down.add(on, &activations, &mut rows);
            layer.down_norm.apply(on, &mut rows);
        }
        Ok(rows)
    }

    /// The sum of each token's word, position and type embeddings.
    fn embed(&self, sentences: &[Sentence<'_>]) -> Result<Vec<f32>, String> {
        let words = &self.file[self.words.clone()];
        let mut rows = Vec::new();
        for sentence in sentences {
            if sentence.tokens.is_empty() || sentence.tokens.len() > self.max_tokens() {
                return Err(format!("a sentence of {} tokens; the model reads 1 to {}", sentence.tokens.len(), self.max_tokens()));
            }
            for (index, token) in sentence.tokens.iter().enumerate() {
                let at = *token as usize * self.width * size_of::<f32>();
                let word = words.get(at..at + self.width * size_of::<f32>()).ok_or_else(|| format!("the model has no token {token}"))?;
                let position = &self.positions[index * self.width..][..self.width];
                let kind = &self.types[usize::from(index >= sentence.second) * self.width..][..self.width];
                rows.extend(word.chunks_exact(4).zip(position).zip(kind).map(|((word, position), kind)| float(word) + position + kind));
            }
        }
        Ok(rows)
    }
}

impl Layer {
    fn new(file: &File<'_>, index: usize) -> Result<Self, String> {
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let linear = |parts: &[&str]| Linear::new(file, &parts.iter().map(|part| name(part)).collect::<Vec<_>>());
        let output = linear(&["attention.output.dense"])?;
        let width = output.weight.outputs();
        Ok(Self {
            query_key_value: linear(&["attention.self.query", "attention.self.key", "attention.self.value"])?,
            output,
            output_norm: LayerNorm::new(file, &name("attention.output.LayerNorm"), width)?,
            up: linear(&["intermediate.dense"])?,
            down: linear(&["output.dense"])?,
            down_norm: LayerNorm::new(file, &name("output.LayerNorm"), width)?,
        })
    }
}

impl Linear {
    /// Several layers of the same inputs as one.
    fn new(file: &File<'_>, names: &[String]) -> Result<Self, String> {
        let mut bias = Vec::new();
        let mut parts = Vec::new();
        for name in names {
            parts.push(file.matrix(name)?);
            bias.extend(file.numbers(&format!("{name}.bias"))?);
        }
        let weight = Stack::new(parts).filter(|weight| weight.outputs() == bias.len());
        Ok(Self { weight: weight.ok_or_else(|| format!("the tensors of `{}` do not fit together", names.join(", ")))?, bias })
    }

    fn set(&self, on: &Machine, activations: &Activations, out: &mut [f32]) {
        multiply(on, &self.weight, activations, Begin::Bias(&self.bias), out, self.weight.outputs());
    }

    fn add(&self, on: &Machine, activations: &Activations, out: &mut [f32]) {
        multiply(on, &self.weight, activations, Begin::OutAndBias(&self.bias), out, self.weight.outputs());
    }
}

impl LayerNorm {
    fn new(file: &File<'_>, name: &str, width: usize) -> Result<Self, String> {
        let norm = Self { weight: file.numbers(&format!("{name}.weight"))?, bias: file.numbers(&format!("{name}.bias"))? };
        if norm.weight.len() != width || norm.bias.len() != width {
            return Err(format!("`{name}` is not {width} numbers wide"));
        }
        Ok(norm)
    }

    fn apply(&self, on: &Machine, rows: &mut [f32]) {
        layer_norm(on, rows, &self.weight, &self.bias, LAYER_NORM_EPSILON);
    }
}

impl<'a> File<'a> {
    fn raw(&self, name: &str) -> Result<(Vec<usize>, &'a [u8]), String> {
        let tensor = self.tensors.tensor(name).map_err(|_| format!("it has no tensor `{name}`"))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(format!("the tensor `{name}` is not in 32-bit floats"));
        }
        Ok((tensor.shape().to_vec(), tensor.data()))
    }

    fn numbers(&self, name: &str) -> Result<Vec<f32>, String> {
        Ok(self.raw(name)?.1.chunks_exact(4).map(float).collect())
    }

    /// `<name>.weight` with the adapter's product added, rounded to bytes.
    fn matrix(&self, name: &str) -> Result<Matrix, String> {
        let tensor = format!("{name}.weight");
        let [outputs, inputs] = self.raw(&tensor)?.0[..] else { return Err(format!("the tensor `{tensor}` is no matrix")) };
        let layout = Layout { format: Format::Byte, outputs, inputs };
        if outputs == 0 || inputs == 0 || !inputs.is_multiple_of(32) {
            return Err(format!("the tensor `{tensor}` is {outputs} × {inputs}, which is not whole blocks of 32"));
        }
        let mut weights = self.numbers(&tensor)?;
        if let Some(change) = self.adapter.and_then(|adapter| adapter.change(name)) {
            change.add_to(&mut weights, (outputs, inputs)).map_err(|fault| format!("`{tensor}`: {fault}"))?;
        }
        let packed = Memory::filled(layout.bytes(), |bytes| {
            for (tile, bytes) in bytes.chunks_exact_mut(layout.bytes() / layout.tiles()).enumerate() {
                layout.pack_tile(tile, bytes, &mut |output, block| {
                    let mut own = [0.0; 32];
                    own.copy_from_slice(&weights[output * inputs + block * 32..][..32]);
                    Block::bytes(&own)
                });
            }
        });
        let packed = packed.map_err(|fault| format!("there is no memory for its weights ({fault})"))?;
        Matrix::new(layout, packed, 0).ok_or_else(|| format!("the tensor `{tensor}` cannot be packed"))
    }
}

fn float(bytes: &[u8]) -> f32 {
    f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
