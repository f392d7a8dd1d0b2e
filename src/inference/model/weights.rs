//! Weight matrices in the one layout that candle multiplies quickly on every processor.
//!
//! candle's packed kernels choose their instructions at run time, but know only Q8_0, Q4_K and Q6_K with rows of whole 256 numbers. The
//! files' own types (Q4_1, Q5_0) and widths (576, 896) would fall to loops compiled for the oldest x86, five times slower. So a matrix is
//! requantized to Q8_0 while it is loaded, and its rows are filled up with zeros, which add nothing to a product.

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Device, Module, Tensor};

use crate::inference::error::InferenceError;
use super::gguf::Gguf;

/// The numbers a packed kernel takes at a time.
const BLOCK: usize = 256;

/// A matrix (with a bias, where the architecture has one): rows of `inputs` numbers to `outputs`.
pub struct Linear {
    weight: QMatMul,
    bias: Option<Vec<f32>>,
    inputs: usize,
    padded: usize,
    outputs: usize,
}

impl Linear {
    /// The matrices `names`, one below the other, so that one product serves them all. Each has rows of `inputs` numbers.
    pub fn load(gguf: &Gguf, names: &[String], inputs: usize) -> Result<Self, InferenceError> {
        let padded = inputs.next_multiple_of(BLOCK);
        let mut outputs = 0;
        for name in names {
            match gguf.shape(&format!("{name}.weight"))?.0[..] {
                [rows, columns] if columns == inputs => outputs += rows,
                ref other => {
                    return Err(
                        gguf.refuse(format!("the tensor `{name}.weight` has the shape {other:?}; its rows should have {inputs} numbers"))
                    );
                }
            }
        }
        let bias = names
            .iter()
            .map(|name| format!("{name}.bias"))
            .filter(|name| gguf.has(name))
            .map(|name| gguf.dense(&name))
            .collect::<Result<Vec<_>, _>>()?
            .concat();
        if !bias.is_empty() && bias.len() != outputs {
            return Err(gguf.refuse(format!("the biases of {names:?} have {} numbers instead of {outputs}", bias.len())));
        }
        let weight = quantized(gguf, names, (outputs, inputs, padded))?;
        let weight = QMatMul::from_qtensor(weight).map_err(|fault| gguf.refuse(fault.to_string()))?;
        Ok(Self { weight, bias: (!bias.is_empty()).then_some(bias), inputs, padded, outputs })
    }

    /// How many numbers come out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The product with each row of `rows`.
    pub fn forward(&self, rows: &[f32]) -> candle_core::Result<Vec<f32>> {
        let count = rows.len() / self.inputs;
        let filled = if self.padded == self.inputs {
            rows.to_vec()
        } else {
            let mut filled = vec![0.0; count * self.padded];
            for (to, from) in filled.chunks_exact_mut(self.padded).zip(rows.chunks_exact(self.inputs)) {
                to[..self.inputs].copy_from_slice(from);
            }
            filled
        };
        let product = self.weight.forward(&Tensor::from_vec(filled, (count, self.padded), &Device::Cpu)?)?;
        let mut product: Vec<f32> = product.flatten_all()?.to_vec1()?;
        if let Some(bias) = &self.bias {
            for row in product.chunks_exact_mut(self.outputs) {
                row.iter_mut().zip(bias).for_each(|(number, bias)| *number += bias);
            }
        }
        Ok(product)
    }

    /// The rows with these numbers: a matrix read as the table of the tokens' embeddings.
    pub fn rows(&self, ids: &[u32]) -> candle_core::Result<Vec<f32>> {
        let table = self.weight.embedding(&Tensor::new(ids, &Device::Cpu)?)?;
        table.narrow(1, 0, self.inputs)?.flatten_all()?.to_vec1()
    }
}

fn quantized(gguf: &Gguf, names: &[String], (outputs, inputs, padded): (usize, usize, usize)) -> Result<QTensor, InferenceError> {
    if let [name] = names {
        let name = format!("{name}.weight");
        let (_, kind) = gguf.shape(&name)?;
        if padded == inputs && matches!(kind, GgmlDType::Q4K | GgmlDType::Q6K | GgmlDType::Q8_0) {
            return gguf.tensor(&name);
        }
    }
    let mut filled = vec![0.0; outputs * padded];
    let mut rows = filled.chunks_exact_mut(padded);
    for name in names {
        let dense = gguf.dense(&format!("{name}.weight"))?;
        for (from, to) in dense.chunks_exact(inputs).zip(&mut rows) {
            to[..inputs].copy_from_slice(from);
        }
    }
    Tensor::from_vec(filled, (outputs, padded), &Device::Cpu)
        .and_then(|dense| QTensor::quantize(&dense, GgmlDType::Q8_0))
        .map_err(|fault| gguf.refuse(format!("{names:?} cannot be repacked: {fault}")))
}
