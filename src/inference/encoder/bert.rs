//! The forward pass of a small BERT encoder (all-MiniLM-L6-v2): post-norm layers, exact GELU, mean pooling, unit length.
//!
//! Sentences of one batch are laid end to end in one matrix of token rows, so that the linear layers see every token once and no padding; only
//! attention looks at one sentence at a time. So a sentence's vector does not depend on what it was batched with, but for the last bits.

use std::collections::HashMap;

use candle_core::{CpuStorage, Device, Error, InplaceOp1, Layout, Result, Tensor};

/// The files do not state it; every MiniLM-L6 has twelve.
const HEADS: usize = 12;
/// As the model's configuration says.
const LAYER_NORM_EPSILON: f32 = 1e-12;

/// The encoder's weights.
pub struct Bert {
    words: Tensor,
    /// Position embeddings with the embedding of the only token type already added.
    positions: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
    width: usize,
}

struct Layer {
    /// Query, key and value as one matrix.
    qkv: Linear,
    output: Linear,
    output_norm: LayerNorm,
    up: Linear,
    down: Linear,
    down_norm: LayerNorm,
}

struct Linear {
    /// (in, out): transposed once here.
    weight: Tensor,
    bias: Vec<f32>,
}

struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// A change of each row of a matrix in place.
struct EachRow<F> {
    width: usize,
    change: F,
}

impl Bert {
    /// From the tensors of `model.safetensors`.
    pub fn new(tensors: &HashMap<String, Tensor>) -> Result<Self> {
        let words = get(tensors, "embeddings.word_embeddings.weight")?.clone();
        let (_, width) = words.dims2()?;
        let types = get(tensors, "embeddings.token_type_embeddings.weight")?.narrow(0, 0, 1)?;
        let positions = get(tensors, "embeddings.position_embeddings.weight")?.broadcast_add(&types)?;
        let norm = LayerNorm::new(tensors, "embeddings.LayerNorm")?;
        let mut layers = Vec::new();
        while tensors.contains_key(&format!("encoder.layer.{}.output.dense.weight", layers.len())) {
            layers.push(Layer::new(tensors, &format!("encoder.layer.{}", layers.len()))?);
        }
        if layers.is_empty() || !width.is_multiple_of(HEADS) {
            return Err(Error::Msg(format!("{} layers of width {width} are no MiniLM", layers.len())));
        }
        Ok(Self { words, positions, norm, layers, width })
    }

    /// Length of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The most tokens a sentence may have.
    pub fn max_tokens(&self) -> usize {
        self.positions.dims()[0]
    }

    /// One vector of unit length for each sentence of at least one token.
    pub fn forward(&self, sentences: &[&[u32]]) -> Result<Vec<Vec<f32>>> {
        let ids: Vec<u32> = sentences.concat();
        let places: Vec<u32> = sentences.iter().flat_map(|s| 0..s.len() as u32).collect();
        let lengths: Vec<usize> = sentences.iter().map(|s| s.len()).collect();
        let select = |table: &Tensor, rows: Vec<u32>| table.index_select(&Tensor::new(rows, &Device::Cpu)?, 0);
        let mut x = (select(&self.words, ids)? + select(&self.positions, places)?)?;
        self.norm.apply(&x)?;
        for layer in &self.layers {
            x = layer.forward(&x, &lengths)?;
        }
        let rows = x.flatten_all()?.to_vec1::<f32>()?;
        let mut rest = rows.as_slice();
        Ok(lengths
            .iter()
            .map(|length| {
                let (own, others) = rest.split_at(length * self.width);
                rest = others;
                mean_of_unit_length(own, self.width)
            })
            .collect())
    }
}

impl Layer {
    fn new(tensors: &HashMap<String, Tensor>, prefix: &str) -> Result<Self> {
        let linear = |name: &str| Linear::new(tensors, &format!("{prefix}.{name}"));
        let norm = |name: &str| LayerNorm::new(tensors, &format!("{prefix}.{name}"));
        let parts = [linear("attention.self.query")?, linear("attention.self.key")?, linear("attention.self.value")?];
        let weight = Tensor::cat(&parts.each_ref().map(|part| &part.weight), 1)?;
        Ok(Self {
            qkv: Linear { weight, bias: parts.iter().flat_map(|part| part.bias.iter().copied()).collect() },
            output: linear("attention.output.dense")?,
            output_norm: norm("attention.output.LayerNorm")?,
            up: linear("intermediate.dense")?,
            down: linear("output.dense")?,
            down_norm: norm("output.LayerNorm")?,
        })
    }

    fn forward(&self, x: &Tensor, lengths: &[usize]) -> Result<Tensor> {
        let qkv = self.qkv.apply(x)?;
        let mut start = 0;
        let mut attended = Vec::with_capacity(lengths.len());
        for &length in lengths {
            attended.push(attention(&qkv.narrow(0, start, length)?)?);
            start += length;
        }
        let x = (x + self.output.apply(&Tensor::cat(&attended, 0)?)?)?;
        self.output_norm.apply(&x)?;
        let inner = self.up.product(&x)?;
        let bias = &self.up.bias;
        each_row(&inner, |row| row.iter_mut().zip(bias).for_each(|(value, bias)| *value = gelu(*value + bias)))?;
        let x = (&x + self.down.apply(&inner)?)?;
        self.down_norm.apply(&x)?;
        Ok(x)
    }
}

impl Linear {
    fn new(tensors: &HashMap<String, Tensor>, name: &str) -> Result<Self> {
        Ok(Self { weight: get(tensors, &format!("{name}.weight"))?.t()?.contiguous()?, bias: vector(tensors, &format!("{name}.bias"))? })
    }

    fn product(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight)
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.product(x)?;
        each_row(&y, |row| row.iter_mut().zip(&self.bias).for_each(|(value, bias)| *value += bias))?;
        Ok(y)
    }
}

impl LayerNorm {
    fn new(tensors: &HashMap<String, Tensor>, name: &str) -> Result<Self> {
        Ok(Self { weight: vector(tensors, &format!("{name}.weight"))?, bias: vector(tensors, &format!("{name}.bias"))? })
    }

    fn apply(&self, x: &Tensor) -> Result<()> {
        each_row(x, |row| {
            let count = row.len() as f32;
            let mean = row.iter().sum::<f32>() / count;
            let variance = row.iter().map(|value| (value - mean) * (value - mean)).sum::<f32>() / count;
            let scale = (variance + LAYER_NORM_EPSILON).sqrt().recip();
            for ((value, weight), bias) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
                *value = (*value - mean) * scale * weight + bias;
            }
        })
    }
}

impl<F: Fn(&mut [f32])> InplaceOp1 for EachRow<F> {
    fn name(&self) -> &'static str {
        "each-row"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let CpuStorage::F32(values) = storage else { return Err(Error::Msg("a matrix of 32-bit floats was expected".into())) };
        let (start, end) = layout.contiguous_offsets().ok_or_else(|| Error::Msg("a contiguous matrix was expected".into()))?;
        values[start..end].chunks_exact_mut(self.width).for_each(&self.change);
        Ok(())
    }
}

fn each_row(x: &Tensor, change: impl Fn(&mut [f32])) -> Result<()> {
    let width = x.dims().last().copied().unwrap_or(1);
    x.inplace_op1(&EachRow { width, change })
}

/// Attention within one sentence: (tokens, 3 × width) → (tokens, width).
fn attention(qkv: &Tensor) -> Result<Tensor> {
    let (tokens, triple) = qkv.dims2()?;
    let width = triple / 3;
    let heads = qkv.reshape((tokens, 3, HEADS, width / HEADS))?.permute((1, 2, 0, 3))?.contiguous()?;
    let (q, k, v) = (heads.get(0)?, heads.get(1)?, heads.get(2)?);
    let weights = q.matmul(&k.t()?)?;
    let scale = ((width / HEADS) as f32).sqrt().recip();
    each_row(&weights, |row| softmax(row, scale))?;
    weights.matmul(&v)?.transpose(0, 1)?.reshape((tokens, width))
}

fn softmax(row: &mut [f32], scale: f32) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = ((*value - largest) * scale).exp();
        sum += *value;
    }
    row.iter_mut().for_each(|value| *value /= sum);
}

/// GELU by the error function. `erf` is Eigen's rational approximation (within 4e-7 everywhere): it has no branch, so the compiler vectorises
/// it, where libm's costs more than the matrix products of a short sentence.
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

fn erf(x: f32) -> f32 {
    const P: [f32; 7] =
        [-2.726_142_3e-10, 2.770_681_4e-8, -2.101_024_1e-6, -5.692_506_4e-5, -7.349_906_3e-4, -2.954_600_1e-3, -1.609_603_3e-2];
    const Q: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329_2e-3, -1.426_473_9e-2];
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let polynomial = |coefficients: &[f32]| coefficients.iter().fold(0.0, |sum, c| sum * square + c);
    x * polynomial(&P) / polynomial(&Q)
}

fn mean_of_unit_length(rows: &[f32], width: usize) -> Vec<f32> {
    let mut mean = vec![0.0_f32; width];
    for row in rows.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let length = mean.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    mean.iter_mut().for_each(|value| *value /= length);
    mean
}

fn get<'a>(tensors: &'a HashMap<String, Tensor>, name: &str) -> Result<&'a Tensor> {
    tensors.get(name).ok_or_else(|| Error::Msg(format!("it has no tensor `{name}`")))
}

fn vector(tensors: &HashMap<String, Tensor>, name: &str) -> Result<Vec<f32>> {
    get(tensors, name)?.to_vec1::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_function_is_near_the_true_one() {
        for (x, expect) in
            [(0.0, 0.0), (0.1, 0.112_462_9), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (2.0, 0.995_322_3), (3.5, 0.999_999_3), (90.0, 1.0)]
        {
            assert!((erf(x) - expect).abs() < 1e-6, "erf({x}) = {}", erf(x));
            assert!((erf(-x) + expect).abs() < 1e-6, "erf(-{x})");
        }
    }

    #[test]
    fn softmax_sums_to_one_for_any_size_of_score() {
        for scores in [vec![1.0_f32, 2.0, 3.0], vec![-1e30, 1e30], vec![0.0; 5]] {
            let mut row = scores.clone();
            softmax(&mut row, 0.5);
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{scores:?} → {row:?}");
        }
    }

    #[test]
    fn a_file_without_the_tensors_is_refused_by_name() {
        let error = Bert::new(&HashMap::new()).err().unwrap().to_string();
        assert!(error.contains("embeddings.word_embeddings.weight"), "{error}");
    }
}
