//! The quantizations of GGUF, block by block, as the formats that the kernels multiply with.

use candle_core::quantized::GgmlDType;
use half::f16;
use nightdesk_kernels::matrix::BLOCK;
use nightdesk_kernels::{Block, Format};

/// How a tensor's weights become blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The same quants and scales in another order.
    Kept(GgmlDType),
    /// Rounded to bytes: there is no kernel for the type, and bytes are the nearest.
    Rounded,
}

/// Bytes of the scales of a block of 256 weights in the K types.
const K_SCALES: usize = 12;

impl Source {
    /// For tensors of a type.
    pub fn of(kind: GgmlDType) -> Self {
        match kind {
            GgmlDType::Q4_0 | GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1 | GgmlDType::Q8_0 | GgmlDType::Q4K | GgmlDType::Q5K => {
                Self::Kept(kind)
            }
            _ => Self::Rounded,
        }
    }

    /// What its blocks are packed as.
    pub fn format(self) -> Format {
        match self {
            Self::Kept(GgmlDType::Q4_0 | GgmlDType::Q4_1 | GgmlDType::Q4K) => Format::Nibble,
            Self::Kept(GgmlDType::Q5_1 | GgmlDType::Q5K) => Format::Five,
            Self::Kept(GgmlDType::Q5_0) => Format::Centred,
            Self::Kept(_) | Self::Rounded => Format::Byte,
        }
    }
}

/// Block `index` of a tensor of a kept type, counted from its beginning.
pub fn kept_block(kind: GgmlDType, raw: &[u8], index: usize) -> Block {
    match kind {
        GgmlDType::Q4K | GgmlDType::Q5K => k_block(kind, raw, index),
        _ => plain_block(kind, &raw[index * kind.type_size()..][..kind.type_size()]),
    }
}

fn half(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

fn plain_block(kind: GgmlDType, bytes: &[u8]) -> Block {
    let scale = half(bytes, 0);
    // The low halves of sixteen bytes come first, then the high ones.
    let nibble = |quants: &[u8], i: usize| (quants[i % 16] >> (4 * (i / 16))) & 15;
    let fifth = |bits: &[u8], i: usize| (u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]]) >> i & 1) as u8;
    let five = |bits: &[u8], quants: &[u8], i: usize| (nibble(quants, i) | fifth(bits, i) << 4) as i8;
    match kind {
        GgmlDType::Q4_0 => Block { quants: std::array::from_fn(|i| nibble(&bytes[2..], i) as i8), scale, offset: -8.0 * scale },
        GgmlDType::Q4_1 => Block { quants: std::array::from_fn(|i| nibble(&bytes[4..], i) as i8), scale, offset: half(bytes, 2) },
        GgmlDType::Q5_0 => Block { quants: std::array::from_fn(|i| five(&bytes[2..], &bytes[6..], i)), scale, offset: 0.0 },
        GgmlDType::Q5_1 => Block { quants: std::array::from_fn(|i| five(&bytes[4..], &bytes[8..], i)), scale, offset: half(bytes, 2) },
        _ => Block { quants: std::array::from_fn(|i| bytes[2 + i] as i8), scale, offset: 0.0 },
    }
}

/// An eighth of a block of 256: its scale and offset are multiples, of six bits, of the block's two.
fn k_block(kind: GgmlDType, raw: &[u8], index: usize) -> Block {
    let bytes = &raw[index / 8 * kind.type_size()..][..kind.type_size()];
    let part = index % 8;
    let scales = &bytes[4..4 + K_SCALES];
    let (scale, least) = if part < 4 {
        (scales[part] & 63, scales[part + 4] & 63)
    } else {
        (scales[part + 4] & 15 | scales[part - 4] >> 6 << 4, scales[part + 4] >> 4 | scales[part] >> 6 << 4)
    };
    let rest = &bytes[4 + K_SCALES..];
    let (bits, quants) = if kind == GgmlDType::Q5K { rest.split_at(BLOCK) } else { (&[][..], rest) };
    let quants = &quants[part / 2 * BLOCK..][..BLOCK];
    Block {
        quants: std::array::from_fn(|i| {
            let low = quants[i] >> (4 * (part % 2)) & 15;
            let high = bits.get(i).map_or(0, |bits| bits >> part & 1);
            (low | high << 4) as i8
        }),
        scale: half(bytes, 0) * f32::from(scale),
        offset: -half(bytes, 2) * f32::from(least),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::QTensor;
    use candle_core::{Device, Tensor};
    use nightdesk_kernels::{Layout, Matrix, Memory};

    use super::*;

    /// candle quantizes and dequantizes; what we pack of the quantized bytes must give the same numbers.
    #[test]
    fn packed_weights_are_those_of_the_file() {
        let (outputs, inputs) = (24, 512);
        let numbers: Vec<f32> = (0..outputs * inputs).map(|i| ((i * 7919 % 1009) as f32 / 504.0 - 1.0) * (1.0 + (i % 13) as f32)).collect();
        let tensor = Tensor::from_vec(numbers, (outputs, inputs), &Device::Cpu).unwrap();
        for kind in [GgmlDType::Q4_0, GgmlDType::Q4_1, GgmlDType::Q5_0, GgmlDType::Q5_1, GgmlDType::Q8_0, GgmlDType::Q4K, GgmlDType::Q5K] {
            let quantized = QTensor::quantize(&tensor, kind).unwrap();
            let raw = quantized.data().unwrap();
            let layout = Layout { format: Source::of(kind).format(), outputs, inputs };
            let memory = Memory::filled(layout.bytes(), |bytes| {
                for (tile, bytes) in bytes.chunks_exact_mut(layout.bytes() / layout.tiles()).enumerate() {
                    layout.pack_tile(tile, bytes, &mut |output, block| kept_block(kind, &raw, output * inputs / BLOCK + block));
                }
            });
            let matrix = Matrix::new(layout, memory.unwrap(), 0).unwrap();
            let expected: Vec<f32> = quantized.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let mut row = vec![0.0; inputs];
            // Products of two scales are rounded to 16 bits: half a step of what is below 16 in absolute value, and of the offset.
            let tolerance = if matches!(kind, GgmlDType::Q4K | GgmlDType::Q5K) { 0.03 } else { 1e-6 };
            for (output, expected) in expected.chunks_exact(inputs).enumerate() {
                matrix.row(output, &mut row);
                for (found, expected) in row.iter().zip(expected) {
                    assert!((found - expected).abs() <= tolerance, "{kind:?}: {found} is not {expected}");
                }
            }
        }
    }
}
