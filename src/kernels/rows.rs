//! What is done to rows of floats outside of products.

use crate::machine::Machine;
use crate::shared::Shared;
use crate::simd::{Kernel, Simd};

/// The dot product of two vectors of one length. Eight sums side by side: one sum would force the additions into order and keep the compiler from
/// vectorising them.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a_parts, b_parts) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_parts.remainder().iter().zip(b_parts.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_parts.zip(b_parts) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    rest + sums.iter().sum::<f32>()
}

/// `out += factor · row`, as far as the shorter of the two goes.
pub fn add_scaled(out: &mut [f32], factor: f32, row: &[f32]) {
    out.iter_mut().zip(row).for_each(|(value, other)| *value += factor * other);
}

/// Layer normalisation of each row in place: mean 0, variance 1, then weighted and shifted.
pub fn layer_norm(on: &Machine, rows: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    let width = weight.len();
    assert!(bias.len() == width && width.is_multiple_of(16), "a bias for each weight, in whole registers");
    let count = rows.len() / width;
    let isa = on.isa;
    let rows = Shared::new(rows);
    on.team.run(count, 8, |range| {
        for row in range {
            // SAFETY: each row is in one part.
            isa.run(LayerNorm { row: unsafe { rows.part(row * width, width) }, weight, bias, epsilon });
        }
    });
}

struct LayerNorm<'a> {
    row: &'a mut [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    epsilon: f32,
}

impl Kernel for LayerNorm<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { row, weight, bias, epsilon } = self;
        let count = row.len() as f32;
        // SAFETY: three slices of one length, a multiple of the lanes.
        unsafe {
            let mut sum = S::splat(0.0);
            for at in (0..row.len()).step_by(S::LANES) {
                sum = S::add(sum, S::load(row.as_ptr().add(at)));
            }
            let mean = S::splat(S::sum(sum) / count);
            let mut squares = S::splat(0.0);
            for at in (0..row.len()).step_by(S::LANES) {
                let x = S::sub(S::load(row.as_ptr().add(at)), mean);
                squares = S::fma(x, x, squares);
            }
            let scale = S::splat(1.0 / (S::sum(squares) / count + epsilon).sqrt());
            for at in (0..row.len()).step_by(S::LANES) {
                let x = S::mul(S::sub(S::load(row.as_ptr().add(at)), mean), scale);
                let x = S::fma(x, S::load(weight.as_ptr().add(at)), S::load(bias.as_ptr().add(at)));
                S::store(row.as_mut_ptr().add(at), x);
            }
        }
    }
}
