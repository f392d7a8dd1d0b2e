//! Attention of some query rows to everything in the cache before them.

use candle_core::{Device, Tensor};

use super::kv::KvCache;

/// Where in the model and the sequence we are.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub layer: usize,
    /// The position of the first query row.
    pub start: usize,
    pub rows: usize,
}

/// The number of heads and their width; `heads` is a multiple of `kv_heads`, each of which serves a group.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    pub heads: usize,
    pub kv_heads: usize,
    pub width: usize,
}

/// `queries` holds rows of `heads * width` numbers, as does the result.
pub fn attend(queries: &[f32], cache: &KvCache, heads: Heads, place: Place) -> candle_core::Result<Vec<f32>> {
    let mut out = vec![0.0; queries.len()];
    for kv_head in 0..heads.kv_heads {
        if place.rows == 1 {
            attend_one(queries, &mut out, cache, (heads, place, kv_head));
        } else {
            attend_many(queries, &mut out, cache, (heads, place, kv_head))?;
        }
    }
    Ok(out)
}

/// One row: two passes over the cache by hand cost less than setting up a product of matrices.
fn attend_one(queries: &[f32], out: &mut [f32], cache: &KvCache, (heads, place, kv_head): (Heads, Place, usize)) {
    let length = place.start + 1;
    let keys = cache.keys(place.layer, kv_head, length);
    let values = cache.values(place.layer, kv_head, length);
    let scale = 1.0 / (heads.width as f32).sqrt();
    let group = heads.heads / heads.kv_heads;
    let mut scores = vec![0.0; length];
    for head in kv_head * group..(kv_head + 1) * group {
        let place = head * heads.width..(head + 1) * heads.width;
        for (score, key) in scores.iter_mut().zip(keys.chunks_exact(heads.width)) {
            *score = dot(&queries[place.clone()], key) * scale;
        }
        softmax(&mut scores);
        let sum = &mut out[place];
        for (score, value) in scores.iter().zip(values.chunks_exact(heads.width)) {
            sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += score * value);
        }
    }
}

/// Many rows: two products of matrices, which choose their instructions at run time.
fn attend_many(
    queries: &[f32],
    out: &mut [f32],
    cache: &KvCache,
    (heads, place, kv_head): (Heads, Place, usize),
) -> candle_core::Result<()> {
    let (width, rows) = (heads.width, place.rows);
    let length = place.start + rows;
    let group = heads.heads / heads.kv_heads;
    let stride = heads.heads * width;
    let scale = 1.0 / (width as f32).sqrt();
    let at = |head: usize, row: usize| row * stride + (kv_head * group + head) * width;

    let mut gathered = Vec::with_capacity(group * rows * width);
    for head in 0..group {
        for row in 0..rows {
            gathered.extend(queries[at(head, row)..][..width].iter().map(|number| number * scale));
        }
    }
    let gathered = Tensor::from_vec(gathered, (group * rows, width), &Device::Cpu)?;
    let keys = Tensor::from_slice(cache.keys(place.layer, kv_head, length), (length, width), &Device::Cpu)?;
    let values = Tensor::from_slice(cache.values(place.layer, kv_head, length), (length, width), &Device::Cpu)?;
    let mut scores: Vec<f32> = gathered.matmul(&keys.t()?)?.flatten_all()?.to_vec1()?;
    for (index, scores) in scores.chunks_exact_mut(length).enumerate() {
        // A row sees itself and what is before it.
        let (seen, hidden) = scores.split_at_mut(place.start + index % rows + 1);
        softmax(seen);
        hidden.fill(0.0);
    }
    let sums: Vec<f32> = Tensor::from_vec(scores, (group * rows, length), &Device::Cpu)?.matmul(&values)?.flatten_all()?.to_vec1()?;
    for (index, sum) in sums.chunks_exact(width).enumerate() {
        out[at(index / rows, index % rows)..][..width].copy_from_slice(sum);
    }
    Ok(())
}

fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
        total += *score;
    }
    scores.iter_mut().for_each(|score| *score /= total);
}

/// Eight sums side by side: floating-point addition must not be reordered, so one sum would not be vectorised.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + tail
}

#[cfg(test)]
mod tests {
    use super::super::kv::KvShape;
    use super::*;

    #[test]
    fn many_rows_at_once_see_what_they_see_one_by_one() {
        let heads = Heads { heads: 4, kv_heads: 2, width: 10 };
        let mut cache = KvCache::new(KvShape { layers: 2, heads: 2, width: 10, context: 8 });
        let number = |seed: usize| ((seed * 7919 % 101) as f32 - 50.0) / 25.0;
        for position in 0..8 {
            for head in 0..2 {
                let row = |salt: usize| (0..10).map(|i| number(position * 100 + head * 10 + i + salt)).collect::<Vec<f32>>();
                cache.put(1, head, position, &row(0), &row(3));
            }
        }
        let queries: Vec<f32> = (0..5 * 40).map(number).collect();
        let together = attend(&queries, &cache, heads, Place { layer: 1, start: 3, rows: 5 }).unwrap();
        for row in 0..5 {
            let alone = attend(&queries[row * 40..][..40], &cache, heads, Place { layer: 1, start: 3 + row, rows: 1 }).unwrap();
            for (a, b) in alone.iter().zip(&together[row * 40..]) {
                assert!((a - b).abs() < 1e-5, "row {row}: {a} {b}");
            }
        }
    }
}
