//! The whole forward pass against one of candle's tensors over the dequantized weights, for each format that weights can have.

use candle_core::quantized::{GgmlDType, QTensor, gguf_file};
use candle_core::{D, Device, Tensor};

use super::super::gguf::Gguf;
use super::*;
use crate::inference::golden;
use crate::inference::model::causal::most_likely;

/// The numbers of a tensor, after a trip through the type if one is given.
fn dense(gguf: &Gguf, name: &str, kind: Option<GgmlDType>) -> Tensor {
    let tensor = gguf.tensor(name).unwrap().dequantize(&Device::Cpu).unwrap();
    match kind {
        Some(kind) if tensor.dims().len() == 2 => QTensor::quantize(&tensor, kind).unwrap().dequantize(&Device::Cpu).unwrap(),
        _ => tensor,
    }
}

/// Llama as the paper spells it: 32-bit floats, no cache, every row at once.
fn reference(gguf: &Gguf, tokens: &[u32], kind: Option<GgmlDType>) -> Vec<Vec<f32>> {
    let number = |key: &str| gguf.number(&format!("llama.{key}")).unwrap().unwrap();
    let (layers, heads, kv_heads) = (number("block_count"), number("attention.head_count"), number("attention.head_count_kv"));
    let (base, epsilon) = (
        gguf.float("llama.rope.freq_base").unwrap().unwrap(),
        f64::from(gguf.float("llama.attention.layer_norm_rms_epsilon").unwrap().unwrap()),
    );
    let get = |name: String| dense(gguf, &name, kind);
    let embedding = get("token_embd.weight".into());
    let (_, width) = embedding.dims2().unwrap();
    let (count, head) = (tokens.len(), width / heads);
    let norm = |x: &Tensor, weight: Tensor| {
        let mean = x.sqr().unwrap().mean_keepdim(D::Minus1).unwrap();
        x.broadcast_div(&(mean + epsilon).unwrap().sqrt().unwrap()).unwrap().broadcast_mul(&weight).unwrap()
    };
    let angles: Vec<f32> = (0..count)
        .flat_map(|position| (0..head / 2).map(move |i| (position as f64 * f64::from(base).powf(-2.0 * i as f64 / head as f64)) as f32))
        .collect();
    let angles = Tensor::from_vec(angles, (1, count, head / 2), &Device::Cpu).unwrap();
    let (cos, sin) = (angles.cos().unwrap(), angles.sin().unwrap());
    // (rows, heads × width) to (heads, rows, width), each pair of neighbours turned.
    let split = |x: Tensor, heads: usize| x.reshape((count, heads, head)).unwrap().transpose(0, 1).unwrap().contiguous().unwrap();
    let turn = |x: Tensor, heads: usize| {
        let pairs = x.reshape((heads, count, head / 2, 2)).unwrap();
        let (a, b) = (pairs.narrow(3, 0, 1).unwrap().squeeze(3).unwrap(), pairs.narrow(3, 1, 1).unwrap().squeeze(3).unwrap());
        let first = (a.broadcast_mul(&cos).unwrap() - b.broadcast_mul(&sin).unwrap()).unwrap();
        let second = (a.broadcast_mul(&sin).unwrap() + b.broadcast_mul(&cos).unwrap()).unwrap();
        Tensor::stack(&[first, second], 3).unwrap().reshape((heads, count, head)).unwrap()
    };
    let hidden: Vec<f32> = (0..count * count).map(|i| if i % count > i / count { f32::NEG_INFINITY } else { 0.0 }).collect();
    let hidden = Tensor::from_vec(hidden, (1, count, count), &Device::Cpu).unwrap();
    let mut x = embedding.index_select(&Tensor::new(tokens, &Device::Cpu).unwrap(), 0).unwrap();
    for layer in 0..layers {
        let weight = |name: &str| get(format!("blk.{layer}.{name}.weight"));
        let times = |x: &Tensor, name: &str| x.matmul(&weight(name).t().unwrap()).unwrap();
        let y = norm(&x, weight("attn_norm"));
        let q = turn(split(times(&y, "attn_q"), heads), heads);
        let group = |x: Tensor| {
            let x = x.reshape((kv_heads, 1, count, head)).unwrap().broadcast_as((kv_heads, heads / kv_heads, count, head)).unwrap();
            x.reshape((heads, count, head)).unwrap()
        };
        let k = group(turn(split(times(&y, "attn_k"), kv_heads), kv_heads));
        let v = group(split(times(&y, "attn_v"), kv_heads));
        let scores = (q.matmul(&k.t().unwrap()).unwrap() / (head as f64).sqrt()).unwrap().broadcast_add(&hidden).unwrap();
        let largest = scores.max_keepdim(D::Minus1).unwrap();
        let weights = scores.broadcast_sub(&largest).unwrap().exp().unwrap();
        let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1).unwrap()).unwrap();
        let attended = weights.matmul(&v).unwrap().transpose(0, 1).unwrap().reshape((count, width)).unwrap();
        x = (x + times(&attended, "attn_output")).unwrap();
        let y = norm(&x, weight("ffn_norm"));
        let inner = (times(&y, "ffn_gate").silu().unwrap() * times(&y, "ffn_up")).unwrap();
        x = (x + times(&inner, "ffn_down")).unwrap();
    }
    norm(&x, get("output_norm.weight".into())).matmul(&embedding.t().unwrap()).unwrap().to_vec2().unwrap()
}

/// The model's file with every matrix in another type.
fn requantized(gguf: &Gguf, names: &[String], kind: GgmlDType, path: &Path) {
    let content = gguf.content();
    let tensors: Vec<(String, QTensor)> = names
        .iter()
        .map(|name| {
            let tensor = gguf.tensor(name).unwrap().dequantize(&Device::Cpu).unwrap();
            let kind = if tensor.dims().len() == 2 { kind } else { GgmlDType::F32 };
            (name.clone(), QTensor::quantize(&tensor, kind).unwrap())
        })
        .collect();
    let metadata: Vec<(&str, &gguf_file::Value)> = content.metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut std::fs::File::create(path).unwrap(), &metadata, &tensors).unwrap();
}

/// Mean KL divergence from the reference's distributions to ours, and the share of rows whose best token is the same.
fn compare(reference: &[Vec<f32>], ours: &[f32]) -> (f64, f64) {
    let logs = |row: &[f32]| {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|x| f64::from(x - largest).exp()).sum();
        row.iter().map(|x| f64::from(x - largest) - sum.ln()).collect::<Vec<f64>>()
    };
    let (mut divergence, mut same) = (0.0, 0.0);
    for (expected, found) in reference.iter().zip(ours.chunks_exact(reference[0].len())) {
        divergence += logs(expected).iter().zip(logs(found)).map(|(p, q)| p.exp() * (p - q)).sum::<f64>();
        same += f64::from(u8::from(most_likely(expected) == most_likely(found)));
    }
    (divergence / reference.len() as f64, same / reference.len() as f64)
}

#[test]
fn every_weight_format_gives_what_its_numbers_give_in_exact_arithmetic() {
    let (file, golden) = golden::models().remove(0);
    let gguf = Gguf::open(&file).unwrap();
    let tokens: Vec<u32> = golden.prompts.iter().flat_map(|prompt| prompt.tokens.iter().copied()).take(80).collect();
    let names: Vec<String> = gguf.content().tensor_infos.keys().cloned().collect();
    let folder = tempfile::tempdir().unwrap();
    // One of each format of the kernels; that the other types of a format keep their numbers is held by the tests of `source`.
    for kind in [None, Some(GgmlDType::Q5_0), Some(GgmlDType::Q5_1), Some(GgmlDType::F16)] {
        let path = match kind {
            None => file.clone(),
            Some(kind) => {
                let path = folder.path().join(format!("{kind:?}.gguf"));
                requantized(&gguf, &names, kind, &path);
                path
            }
        };
        let expected = reference(&gguf, &tokens, kind);
        for (what, read) in [("said", 0), ("read", tokens.len())] {
            let mut model = LanguageModel::load(&path, LanguageOptions { context: 128, threads: 2, adapter: None }).unwrap();
            let mut cache = model.cache().unwrap();
            let found = model.forward(&mut [Segment { cache: &mut cache, start: 0, tokens: &tokens, read, scored: tokens.len() }]).unwrap();
            let (divergence, same) = compare(&expected, &found.rows);
            println!(
                "{} {what}: KL {divergence:.5}, same best token {same:.3}",
                kind.map_or("as the file".into(), |kind| format!("{kind:?}"))
            );
            assert!(divergence < 0.01 && same > 0.9, "{kind:?} {what}: {divergence} {same}");
        }
    }
}

/// A safetensors file with these tensors.
fn safetensors_file(path: &Path, tensors: &[(&str, [usize; 2], &[f32])]) {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, _, numbers)| numbers.iter().flat_map(|n| n.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        ((*name).to_owned(), safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes).unwrap())
    });
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn an_adapter_gives_what_a_file_with_its_product_in_the_weights_gives() {
    let (file, golden) = golden::models().remove(0);
    let gguf = Gguf::open(&file).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.gguf");
    std::fs::copy(&file, &own).unwrap();
    let adapter = folder.path().join("adapter.safetensors");
    let (outputs, inputs) = (576, 1536);
    let wave = |count: usize, step: f32| (0..count).map(|i| (i as f32 * step).sin() * 0.05).collect::<Vec<f32>>();
    let (a, b) = (wave(2 * inputs, 0.37), wave(outputs * 2, 0.91));
    safetensors_file(&adapter, &[("blk.3.ffn_down.lora_a", [2, inputs], &a), ("blk.3.ffn_down.lora_b", [outputs, 2], &b)]);

    let merged = folder.path().join("merged.gguf");
    let changed = "blk.3.ffn_down.weight";
    let mut weights = gguf.dense(changed).unwrap();
    Adapter::open(&adapter).unwrap().change("blk.3.ffn_down").unwrap().add_to(&mut weights, (outputs, inputs)).unwrap();
    let weights = Tensor::from_vec(weights, (outputs, inputs), &Device::Cpu).unwrap();
    let tensors: Vec<(String, QTensor)> = gguf
        .content()
        .tensor_infos
        .keys()
        .map(|name| {
            let tensor = if name == changed { QTensor::quantize(&weights, GgmlDType::F32) } else { Ok(gguf.tensor(name).unwrap()) };
            (name.clone(), tensor.unwrap())
        })
        .collect();
    let metadata: Vec<(&str, &gguf_file::Value)> = gguf.content().metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut std::fs::File::create(&merged).unwrap(), &metadata, &tensors).unwrap();

    let tokens = &golden.prompts[1].tokens;
    let scores = |path: &Path, adapter: Option<&Path>| {
        let mut model = LanguageModel::load(path, LanguageOptions { context: 64, threads: 2, adapter }).unwrap();
        let mut cache = model.cache().unwrap();
        model.forward(&mut [Segment { cache: &mut cache, start: 0, tokens, read: 10, scored: tokens.len() }]).unwrap().rows
    };
    let plain = scores(&own, None);
    let adapted = scores(&own, Some(&adapter));
    assert!(adapted != plain);
    assert!(adapted == scores(&merged, None));
    // The packed file was made anew for the adapter, and is again without it.
    assert!(plain == scores(&own, None));

    safetensors_file(&adapter, &[("blk.99.ffn_down.lora_a", [1, 4], &[0.0; 4]), ("blk.99.ffn_down.lora_b", [4, 1], &[0.0; 4])]);
    let options = LanguageOptions { context: 64, threads: 1, adapter: Some(&adapter) };
    let fault = LanguageModel::load(&own, options).map(|_| ()).unwrap_err().to_string();
    assert!(fault.contains("blk.99.ffn_down"), "{fault}");
}
