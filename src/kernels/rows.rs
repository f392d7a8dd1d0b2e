//! What is done to rows of floats outside of products.

use crate::machine::Machine;
use crate::shared::Shared;
use crate::simd::{Kernel, Simd};

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
