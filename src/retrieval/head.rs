//! A linear head over the sentence vectors: one row of weights for each entry, by ridge regression of 'is of this entry' on the vectors of all phrasings.
//!
//! The nearest phrasing asks what one text is like; the head asks what tells an entry's phrasings from all others. The solution is closed, so that it is
//! there as soon as the index is: `W = (XᵀX + λI)⁻¹ XᵀY` (Hoerl and Kennard 1970).

use crate::inference::{InferenceError, VectorTable, add_scaled, dot};

/// The λ above: about one text's worth of doubt.
const RIDGE: f32 = 1.0;
/// In a larger knowledge base an edit would wait for the arithmetic.
const MOST_ENTRIES: usize = 3_000;
const MOST_TEXTS: usize = 60_000;

/// Fits the head; `None` where there are too many entries for it. `texts` are places in the table with the entry that they are a phrasing of.
pub(super) fn fit(table: &VectorTable, texts: &[(usize, usize)], entries: usize) -> Result<Option<VectorTable>, InferenceError> {
    let width = table.width();
    if entries == 0 || entries > MOST_ENTRIES || texts.len() > MOST_TEXTS {
        return Ok(None);
    }
    let mut gram = vec![0.0_f32; width * width];
    let mut sums = vec![0.0_f32; entries * width];
    let mut row = vec![0.0_f32; width];
    for &(place, entry) in texts {
        table.row(place, &mut row);
        add_scaled(&mut sums[entry * width..][..width], 1.0, &row);
        // The lower half, which is all that the factorisation reads.
        for (index, value) in row.iter().enumerate() {
            add_scaled(&mut gram[index * width..][..=index], *value, &row);
        }
    }
    (0..width).for_each(|index| gram[index * (width + 1)] += RIDGE);
    factorise(&mut gram, width);
    VectorTable::build(entries, width, &mut |entry, out| {
        out.copy_from_slice(&sums[entry * width..][..width]);
        solve(&gram, out);
    })
    .map(Some)
}

/// Cholesky's factor in place of the lower half of a positive definite matrix.
fn factorise(matrix: &mut [f32], width: usize) {
    for row in 0..width {
        let (above, own) = matrix.split_at_mut(row * width);
        let own = &mut own[..width];
        for column in 0..row {
            let other = &above[column * width..][..=column];
            own[column] = (own[column] - dot(&own[..column], &other[..column])) / other[column];
        }
        let rest = own[row] - dot(&own[..row], &own[..row]);
        // The ridge keeps it above nought but for rounding.
        own[row] = rest.max(RIDGE * 1e-3).sqrt();
    }
}

/// Solves in place with the factor: forwards, then backwards.
fn solve(factor: &[f32], values: &mut [f32]) {
    let width = values.len();
    for row in 0..width {
        let own = &factor[row * width..][..=row];
        values[row] = (values[row] - dot(&own[..row], &values[..row])) / own[row];
    }
    for row in (0..width).rev() {
        let own = &factor[row * width..][..=row];
        let value = values[row] / own[row];
        values[row] = value;
        add_scaled(&mut values[..row], -value, own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dot_product_of_any_length() {
        for length in [0, 1, 7, 8, 9, 384] {
            let ones = vec![1.0; length];
            assert_eq!(dot(&ones, &ones), length as f32);
        }
    }

    #[test]
    fn the_system_is_solved() {
        let matrix = [4.0, 0.0, 0.0, 2.0, 5.0, 0.0, -1.0, 1.0, 6.0];
        let full = |row: usize, column: usize| matrix[row.max(column) * 3 + row.min(column)];
        let mut factor = matrix;
        factorise(&mut factor, 3);
        let mut solved = [1.0, -2.0, 0.5];
        solve(&factor, &mut solved);
        for (row, expect) in [1.0, -2.0, 0.5].into_iter().enumerate() {
            let product: f32 = (0..3).map(|column| full(row, column) * solved[column]).sum();
            assert!((product - expect).abs() < 1e-5, "{product} is not {expect}");
        }
    }

    #[test]
    fn an_entrys_texts_score_highest_for_it() {
        // Texts of entry n have their weight on axis n, and some on one that all share.
        let text = |entry: usize, out: &mut [f32]| {
            out.fill(0.0);
            (out[entry], out[31]) = (0.8, 0.6);
        };
        let table = VectorTable::build(6, 32, &mut |place, out| text(place / 2, out)).unwrap();
        let texts: Vec<(usize, usize)> = (0..6).map(|place| (place, place / 2)).collect();
        let head = fit(&table, &texts, 3).unwrap().unwrap();
        for entry in 0..3 {
            let mut query = vec![0.0; 32];
            text(entry, &mut query);
            let scores = head.dots(&query);
            assert!((0..3).all(|other| other == entry || scores[entry] > scores[other] + 0.2), "{scores:?}");
        }
        assert!(fit(&table, &texts, MOST_ENTRIES + 1).unwrap().is_none());
    }
}
