//! Rotary positions: each pair of a head's numbers is turned by an angle that grows with the position.

/// Which two numbers of a head form a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// Neighbours (2i, 2i + 1): how llama's converter lays the weights out.
    Neighbours,
    /// A half apart (i, i + d/2): qwen2.
    Halves,
}

/// Sines and cosines for each position of the context.
pub struct Rope {
    pairing: Pairing,
    half: usize,
    turns: Vec<(f32, f32)>,
}

impl Rope {
    /// Tables for heads of `width` numbers.
    pub fn new(pairing: Pairing, width: usize, base: f32, context: usize) -> Self {
        let half = width / 2;
        let turns = (0..context)
            .flat_map(|position| {
                (0..half).map(move |pair| {
                    let angle = position as f64 / f64::from(base).powf(2.0 * pair as f64 / width as f64);
                    (angle.sin() as f32, angle.cos() as f32)
                })
            })
            .collect();
        Self { pairing, half, turns }
    }

    /// Turns one head that stands at `position`.
    pub fn turn(&self, head: &mut [f32], position: usize) {
        let turns = &self.turns[position * self.half..(position + 1) * self.half];
        match self.pairing {
            Pairing::Neighbours => {
                for (pair, (sin, cos)) in head.chunks_exact_mut(2).zip(turns) {
                    (pair[0], pair[1]) = (pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos);
                }
            }
            Pairing::Halves => {
                let (first, second) = head.split_at_mut(self.half);
                for ((a, b), (sin, cos)) in first.iter_mut().zip(second).zip(turns) {
                    (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_one_turns_the_first_pair_by_one_radian_and_keeps_lengths() {
        for (pairing, partner) in [(Pairing::Neighbours, 1), (Pairing::Halves, 2)] {
            let mut head = [1.0, 0.0, 0.0, 0.0];
            Rope::new(pairing, 4, 10_000.0, 2).turn(&mut head, 1);
            assert!((head[0] - 1f32.cos()).abs() < 1e-6 && (head[partner] - 1f32.sin()).abs() < 1e-6, "{pairing:?}: {head:?}");
            assert!((head.iter().map(|number| number * number).sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }
}
