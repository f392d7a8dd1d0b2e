//! Low-rank adapters (LoRA, Hu et al. 2021): a small file of pairs of matrices whose products are added to the weights when they are loaded.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use crate::inference::error::InferenceError;

const HEAD: &str = "head.weight";
const HEAD_BIAS: &str = "head.bias";

/// An adapter file. Its tensors are named after the base's: `<tensor>.lora_a` of rank × inputs, `<tensor>.lora_b` of outputs × rank, in 32 or
/// 16 bits; `alpha` in the metadata scales the products by alpha / rank (1 where it is missing). An adapter of an encoder may bring a head:
/// `head.weight` of 1 × width and `head.bias` of 1, by which a pooled vector becomes one score.
pub struct Adapter {
    changes: Vec<(String, Change)>,
    head: Option<Head>,
    fingerprint: String,
}

/// A vector into a score.
#[derive(Debug, Clone)]
pub struct Head {
    /// One for each number of the vector.
    pub weight: Vec<f32>,
    /// Added to the sum.
    pub bias: f32,
}

/// What is added to one matrix.
pub struct Change {
    rank: usize,
    scale: f32,
    /// rank × inputs
    a: Vec<f32>,
    /// outputs × rank
    b: Vec<f32>,
}

impl Adapter {
    /// Reads an adapter.
    pub fn open(path: &Path) -> Result<Self, InferenceError> {
        let bytes = std::fs::read(path).map_err(|fault| unreadable(path, fault.to_string()))?;
        Self::parse(&bytes).map_err(|fault| unreadable(path, fault))
    }

    /// From the bytes of such a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (_, head) = SafeTensors::read_metadata(bytes).map_err(|fault| format!("it is no adapter in safetensors ({fault})"))?;
        let alpha = head.metadata().as_ref().and_then(|pairs| pairs.get("alpha"));
        let alpha = alpha.map(|alpha| alpha.parse::<f32>().map_err(|_| format!("`alpha` is {alpha}, which is no number"))).transpose()?;
        let file = SafeTensors::deserialize(bytes).map_err(|fault| format!("it is no adapter in safetensors ({fault})"))?;
        let mut changes = Vec::new();
        for name in file.names() {
            let Some(base) = name.strip_suffix(".lora_a") else {
                if name.ends_with(".lora_b") || name == HEAD || name == HEAD_BIAS {
                    continue;
                }
                return Err(format!("the tensor `{name}` is neither a lora_a nor a lora_b"));
            };
            let tensor = |name: &str| file.tensor(name).map_err(|_| format!("the tensor `{name}` is missing"));
            let (a, b) = (tensor(name)?, tensor(&format!("{base}.lora_b"))?);
            let ([rank, _], [_, b_rank]) = (a.shape(), b.shape()) else {
                return Err(format!("the adapter of `{base}` is no pair of matrices"));
            };
            if rank != b_rank || *rank == 0 {
                return Err(format!("the two matrices of `{base}` have ranks {rank} and {b_rank}"));
            }
            let scale = alpha.map_or(1.0, |alpha| alpha / *rank as f32);
            let change = Change { rank: *rank, scale, a: numbers(a.dtype(), a.data())?, b: numbers(b.dtype(), b.data())? };
            changes.push((base.to_owned(), change));
        }
        let head = match (file.tensor(HEAD), file.tensor(HEAD_BIAS)) {
            (Ok(weight), Ok(bias)) => {
                let bias = numbers(bias.dtype(), bias.data())?;
                let [bias] = bias[..] else { return Err(format!("`{HEAD_BIAS}` has {} numbers instead of one", bias.len())) };
                Some(Head { weight: numbers(weight.dtype(), weight.data())?, bias })
            }
            (Err(_), Err(_)) => None,
            _ => return Err(format!("it has one of `{HEAD}` and `{HEAD_BIAS}` without the other")),
        };
        if changes.is_empty() && head.is_none() {
            return Err("it has no lora_a and lora_b".to_owned());
        }
        Ok(Self { changes, head, fingerprint: hex::encode(Sha256::digest(bytes)) })
    }

    /// Changes with every byte of the file.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The head that it brings.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// The names of the tensors that it changes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().map(|(name, _)| name.as_str())
    }

    /// What it adds to a tensor.
    pub fn change(&self, name: &str) -> Option<&Change> {
        self.changes.iter().find(|(own, _)| own == name).map(|(_, change)| change)
    }
}

impl Change {
    /// Adds the product to weights of outputs × inputs.
    pub fn add_to(&self, weights: &mut [f32], (outputs, inputs): (usize, usize)) -> Result<(), String> {
        if self.a.len() != self.rank * inputs || self.b.len() != outputs * self.rank || weights.len() != outputs * inputs {
            return Err(format!("the adapter is for another matrix than one of {outputs} × {inputs}"));
        }
        for (row, b) in weights.chunks_exact_mut(inputs).zip(self.b.chunks_exact(self.rank)) {
            for (a, b) in self.a.chunks_exact(inputs).zip(b) {
                let factor = self.scale * b;
                row.iter_mut().zip(a).for_each(|(weight, a)| *weight += factor * a);
            }
        }
        Ok(())
    }
}

fn unreadable(path: &Path, fault: String) -> InferenceError {
    InferenceError::Unreadable { file: path.to_owned(), fault }
}

fn numbers(kind: Dtype, bytes: &[u8]) -> Result<Vec<f32>, String> {
    match kind {
        Dtype::F32 => Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        Dtype::F16 => Ok(bytes.chunks_exact(2).map(|b| half::f16::from_le_bytes([b[0], b[1]]).to_f32()).collect()),
        Dtype::BF16 => Ok(bytes.chunks_exact(2).map(|b| half::bf16::from_le_bytes([b[0], b[1]]).to_f32()).collect()),
        other => Err(format!("numbers of the type {other:?} are not read; use F32, F16 or BF16")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::tensor::TensorView;

    use super::*;

    fn file(tensors: &[(&str, Vec<usize>, Vec<f32>)], alpha: Option<&str>) -> Vec<u8> {
        let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, _, numbers)| numbers.iter().flat_map(|n| n.to_le_bytes()).collect()).collect();
        let views = tensors
            .iter()
            .zip(&bytes)
            .map(|((name, shape, _), bytes)| ((*name).to_owned(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
        safetensors::serialize(views, alpha.map(|alpha| HashMap::from([("alpha".to_owned(), alpha.to_owned())]))).unwrap()
    }

    #[test]
    fn the_product_is_added_scaled_by_alpha_over_rank() {
        let a = ("w.lora_a", vec![2, 3], vec![1.0, 0.0, 2.0, 0.0, 1.0, 0.0]);
        let b = ("w.lora_b", vec![2, 2], vec![1.0, 2.0, 0.0, -1.0]);
        let adapter = Adapter::parse(&file(&[a, b], Some("4"))).unwrap();
        assert_eq!(adapter.names().collect::<Vec<_>>(), ["w"]);
        let mut weights = [1.0; 6];
        adapter.change("w").unwrap().add_to(&mut weights, (2, 3)).unwrap();
        assert_eq!(weights, [3.0, 5.0, 5.0, 1.0, -1.0, 1.0]);
        assert!(adapter.change("v").is_none());
        assert!(adapter.change("w").unwrap().add_to(&mut weights, (3, 2)).unwrap_err().contains("another matrix"));
    }

    #[test]
    fn what_is_no_adapter_is_refused_with_its_reason() {
        let matrix = |name: &'static str, shape: [usize; 2]| (name, shape.to_vec(), vec![0.0; shape[0] * shape[1]]);
        let cases = [
            (b"PK".to_vec(), "no adapter"),
            (file(&[], None), "no lora_a"),
            (file(&[matrix("w", [2, 2])], None), "neither"),
            (file(&[matrix("head.weight", [1, 3])], None), "without the other"),
            (file(&[matrix("w.lora_a", [2, 3])], None), "`w.lora_b` is missing"),
            (file(&[matrix("w.lora_a", [2, 3]), matrix("w.lora_b", [2, 3])], None), "ranks 2 and 3"),
            (file(&[matrix("w.lora_a", [2, 3]), matrix("w.lora_b", [2, 2])], Some("much")), "no number"),
        ];
        for (bytes, expected) in cases {
            let fault = Adapter::parse(&bytes).err().unwrap();
            assert!(fault.contains(expected), "{fault}");
        }
    }
}
