//! Each kernel against plain arithmetic in 64 bits, and against its portable twin.

use crate::attention::{Heads, Place, Rope, Sees, Span, attend, store};
use crate::matrix::{BLOCK, Block, Format, Layout, Matrix, Stack, TILE};
use crate::memory::Memory;
use crate::product::{Begin, multiply};
use crate::rows::layer_norm;
use crate::{Activations, Cache, CacheShape, Isa, Machine, Precision, Source};

/// Numbers from -1 to 1 that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / 8_388_608.0 - 1.0
    }

    fn take(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }
}

fn near(a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(1e-3f32, |largest, number| largest.max(number.abs()));
    for (index, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * largest, "at {index}: {a} is not {b} (of at most {largest})");
    }
}

fn matrix(format: Format, outputs: usize, inputs: usize, numbers: &mut Numbers) -> Matrix {
    let layout = Layout { format, outputs, inputs };
    let mut block = |_: usize, _: usize| {
        let mut quant = |low: f32, high: f32| (low + (high - low) * (numbers.next() + 1.0) / 2.0).round() as i8;
        let quants = std::array::from_fn(|_| match format {
            Format::Nibble => quant(0.0, 15.0),
            Format::Five | Format::Centred => quant(0.0, 31.0),
            Format::Byte => quant(-127.0, 127.0),
        });
        Block { quants, scale: numbers.next() * 0.1, offset: numbers.next() }
    };
    let memory = Memory::filled(layout.bytes(), |bytes| {
        for (tile, bytes) in bytes.chunks_exact_mut(layout.tile_bytes()).enumerate() {
            layout.pack_tile(tile, bytes, &mut block);
        }
    });
    Matrix::new(layout, memory.unwrap(), 0).unwrap()
}

fn plain_product(matrix: &Matrix, activations: &Activations) -> Vec<f32> {
    let Layout { outputs, inputs, .. } = matrix.layout();
    let mut weights = vec![0.0; inputs];
    let mut out = vec![0.0; outputs * activations.rows];
    for output in 0..outputs {
        matrix.row(output, &mut weights);
        for row in 0..activations.rows {
            let sum: f64 = (0..inputs)
                .map(|input| {
                    let scale = activations.scales[(row * inputs + input) / BLOCK].scale;
                    f64::from(weights[input]) * f64::from(activations.quants[row * inputs + input]) * f64::from(scale)
                })
                .sum();
            out[row * outputs + output] = sum as f32;
        }
    }
    out
}

#[test]
fn products_are_those_of_plain_arithmetic_for_every_format_and_number_of_rows() {
    let mut numbers = Numbers(1);
    for format in [Format::Nibble, Format::Five, Format::Centred, Format::Byte] {
        for (outputs, inputs) in [(16, 32), (48, 96), (37, 64), (5, 160)] {
            let matrix = matrix(format, outputs, inputs, &mut numbers);
            let stack = Stack::from(matrix.clone());
            for rows in [1, 2, 3, 4, 5, 7, 8, 11, 17] {
                let x = numbers.take(rows * inputs);
                let bias = numbers.take(outputs);
                let mut twin = None;
                for isa in Isa::available().into_iter().rev() {
                    let (solo, team) = (Machine::new(isa, 1), Machine::new(isa, 2));
                    let mut activations = Activations::new();
                    activations.fill(&solo, Precision::Bytes, (rows, inputs), Source::Plain(&x));
                    let mut out = vec![7.0; rows * outputs];
                    multiply(&solo, &stack, &activations, Begin::Zero, &mut out, outputs);
                    near(&out, &plain_product(&matrix, &activations), 1e-5);
                    near(&out, twin.get_or_insert_with(|| out.clone()), 1e-5);
                    let mut shared = vec![7.0; rows * outputs];
                    multiply(&team, &stack, &activations, Begin::Zero, &mut shared, outputs);
                    assert_eq!(out, shared, "two threads give the bytes that one gives");
                    let mut biased = vec![7.0; rows * outputs];
                    multiply(&solo, &stack, &activations, Begin::Bias(&bias), &mut biased, outputs);
                    let mut added: Vec<f32> = (0..rows).flat_map(|_| bias.iter().copied()).collect();
                    multiply(&solo, &stack, &activations, Begin::Out, &mut added, outputs);
                    assert_eq!(biased, added, "a bias is a residual that is the same in every row");
                    let mut twice = biased.clone();
                    multiply(&solo, &stack, &activations, Begin::OutAndBias(&bias), &mut twice, outputs);
                    let sums: Vec<f32> = out.iter().zip(&biased).zip(bias.iter().cycle()).map(|((a, b), c)| a + b + c).collect();
                    near(&twice, &sums, 1e-5);
                    let sums: Vec<f32> = out.iter().zip(bias.iter().cycle()).map(|(out, bias)| out + bias).collect();
                    near(&biased, &sums, 1e-5);
                }
            }
        }
    }
}

#[test]
fn a_row_gets_the_same_bytes_alone_and_among_others() {
    let mut numbers = Numbers(2);
    for isa in Isa::available() {
        let team = Machine::new(isa, 1);
        for format in [Format::Nibble, Format::Five, Format::Centred, Format::Byte] {
            let matrix = Stack::from(matrix(format, 64, 128, &mut numbers));
            let x = numbers.take(13 * 128);
            let product = |rows: &[f32]| {
                let mut activations = Activations::new();
                activations.fill(&team, Precision::Bytes, (rows.len() / 128, 128), Source::Plain(rows));
                let mut out = vec![0.0; rows.len() / 128 * 64];
                multiply(&team, &matrix, &activations, Begin::Zero, &mut out, 64);
                out
            };
            let together = product(&x);
            for (row, x) in x.chunks_exact(128).enumerate() {
                assert_eq!(product(x), together[row * 64..][..64], "{} {format:?}", isa.name());
            }
        }
    }
}

#[test]
fn a_stack_gives_what_its_matrices_give_side_by_side() {
    let mut numbers = Numbers(7);
    let parts = [(Format::Centred, 37), (Format::Byte, 16), (Format::Nibble, 70)]
        .map(|(format, outputs)| matrix(format, outputs, 64, &mut numbers));
    let x = numbers.take(5 * 64);
    for isa in Isa::available() {
        let mut activations = Activations::new();
        activations.fill(&Machine::new(isa, 1), Precision::Bytes, (5, 64), Source::Plain(&x));
        let run = |stack: &Stack, team: &Machine| {
            let mut out = vec![7.0; 5 * stack.outputs()];
            multiply(team, stack, &activations, Begin::Zero, &mut out, stack.outputs());
            out
        };
        let alone = parts.each_ref().map(|part| run(&Stack::from(part.clone()), &Machine::new(isa, 1)));
        let together = run(&Stack::new(parts.to_vec()).unwrap(), &Machine::new(isa, 2));
        for (row, together) in together.chunks_exact(123).enumerate() {
            let expected: Vec<f32> = alone.iter().flat_map(|out| out[row * out.len() / 5..][..out.len() / 5].iter().copied()).collect();
            assert_eq!(together, expected, "{}", isa.name());
        }
    }
}

#[test]
fn prompts_are_multiplied_as_rounded_numbers_whatever_is_beside_a_row() {
    let mut numbers = Numbers(8);
    let brain = |x: f32| half::bf16::from_f32(x).to_f32();
    for isa in Isa::available() {
        let on = Machine::new(isa, 2);
        if on.for_prompts() == Precision::Bytes {
            eprintln!("skipped: wide products ({} has no matrix unit)", isa.name());
            continue;
        }
        for format in [Format::Nibble, Format::Five, Format::Centred, Format::Byte] {
            for (outputs, inputs) in [(16, 32), (48, 96), (37, 64), (160, 160)] {
                let matrix = matrix(format, outputs, inputs, &mut numbers);
                let stack = Stack::new(vec![matrix.clone(), matrix.clone()]).unwrap();
                let bias = numbers.take(2 * outputs);
                let mut all: Option<Vec<f32>> = None;
                let x = numbers.take(70 * inputs);
                for rows in [70, 1, 16, 17, 33] {
                    let mut activations = Activations::new();
                    activations.fill(&on, Precision::Brains, (rows, inputs), Source::Plain(&x[..rows * inputs]));
                    let mut out = vec![7.0; rows * 2 * outputs];
                    multiply(&on, &stack, &activations, Begin::Zero, &mut out, 2 * outputs);
                    assert_eq!(out, all.get_or_insert_with(|| out.clone())[..out.len()], "the first rows of more");
                    let mut weights = vec![0.0; inputs];
                    let mut expected = vec![0.0; out.len()];
                    for output in 0..outputs {
                        matrix.row(output, &mut weights);
                        for row in 0..rows {
                            let x = &x[row * inputs..][..inputs];
                            let sum: f64 = weights.iter().zip(x).map(|(w, x)| f64::from(brain(*w)) * f64::from(brain(*x))).sum();
                            expected[row * 2 * outputs + output] = sum as f32;
                            expected[row * 2 * outputs + outputs + output] = sum as f32;
                        }
                    }
                    // The kernel rounds weights that were made with one rounding fewer: some are one step of 2⁻⁸ apart.
                    near(&out, &expected, 1e-3);
                    let mut biased = vec![0.0; out.len()];
                    multiply(&on, &stack, &activations, Begin::Bias(&bias), &mut biased, 2 * outputs);
                    let mut added: Vec<f32> = (0..rows).flat_map(|_| bias.iter().copied()).collect();
                    multiply(&on, &stack, &activations, Begin::Out, &mut added, 2 * outputs);
                    assert_eq!(biased, added);
                    multiply(&on, &stack, &activations, Begin::OutAndBias(&bias), &mut added, 2 * outputs);
                    let sums: Vec<f32> = biased.iter().zip(&out).zip(bias.iter().cycle()).map(|((a, b), c)| a + b + c).collect();
                    near(&added, &sums, 1e-5);
                }
            }
        }
    }
}

#[test]
fn extreme_quants_do_not_overflow() {
    for (format, quant) in
        [(Format::Nibble, 15), (Format::Five, 31), (Format::Centred, 0), (Format::Centred, 31), (Format::Byte, 127), (Format::Byte, -127)]
    {
        let layout = Layout { format, outputs: TILE, inputs: 64 };
        let memory = Memory::filled(layout.bytes(), |bytes| {
            layout.pack_tile(0, bytes, &mut |_, _| Block { quants: [quant; BLOCK], scale: 1.0, offset: 0.0 });
        });
        let matrix = Stack::from(Matrix::new(layout, memory.unwrap(), 0).unwrap());
        let quant = if format == Format::Centred { quant - 16 } else { quant };
        for sign in [1.0, -1.0] {
            for isa in Isa::available() {
                let mut activations = Activations::new();
                activations.fill(&Machine::new(isa, 1), Precision::Bytes, (1, 64), Source::Plain(&[sign * 127.0; 64]));
                let mut out = [0.0; TILE];
                multiply(&Machine::new(isa, 1), &matrix, &activations, Begin::Zero, &mut out, TILE);
                assert_eq!(out, [f32::from(quant) * sign * 127.0 * 64.0; TILE], "{} {format:?} {quant}", isa.name());
            }
        }
    }
}

#[test]
fn a_matrix_that_does_not_fit_its_memory_is_refused() {
    let layout = Layout { format: Format::Byte, outputs: 16, inputs: 64 };
    let memory = Memory::filled(layout.bytes() + 64, |_| ()).unwrap();
    assert!(Matrix::new(layout, memory.clone(), 64).is_some());
    for (layout, start) in [
        (layout, 32),
        (layout, 128),
        (layout, usize::MAX - 63),
        (Layout { inputs: 0, ..layout }, 0),
        (Layout { inputs: 48, ..layout }, 0),
        (Layout { outputs: 17, ..layout }, 0),
    ] {
        assert!(Matrix::new(layout, memory.clone(), start).is_none(), "{layout:?} at {start}");
    }
}

#[test]
fn rows_are_made_as_their_source_says() {
    let mut numbers = Numbers(3);
    let width = 96;
    let x: Vec<f32> = numbers.take(3 * 2 * width).iter().map(|x| x * 4.0).collect();
    let weight = numbers.take(width);
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let wide = |x: &f32| f64::from(*x);
    let check = |source: Source<'_>, expected: Vec<f64>| {
        for isa in Isa::available() {
            let mut made = Activations::new();
            made.fill(&Machine::new(isa, 1), Precision::Bytes, (3, width), source);
            for (block, scale) in made.scales.iter().enumerate() {
                let quants = &made.quants[block * BLOCK..][..BLOCK];
                assert_eq!(scale.sum, quants.iter().map(|quant| i32::from(*quant)).sum::<i32>());
                assert!((scale.total - scale.scale * scale.sum as f32).abs() <= 1e-6 * scale.total.abs());
                for (quant, expected) in quants.iter().zip(&expected[block * BLOCK..]) {
                    let found = f64::from(*quant) * f64::from(scale.scale);
                    assert!((found - expected).abs() <= f64::from(scale.scale) * 0.501 + 1e-5, "{}: {found} {expected}", isa.name());
                }
            }
        }
    };
    let rows = &x[..3 * width];
    check(Source::Plain(rows), rows.iter().map(wide).collect());
    check(
        Source::RmsNorm { rows, weight: &weight, epsilon: 1e-5 },
        rows.chunks_exact(width)
            .flat_map(|row| {
                let mean = row.iter().map(|x| wide(x) * wide(x)).sum::<f64>() / width as f64;
                row.iter().zip(&weight).map(move |(x, weight)| wide(x) / (mean + 1e-5).sqrt() * wide(weight)).collect::<Vec<_>>()
            })
            .collect(),
    );
    check(
        Source::Gated { rows: &x, stride: 2 * width },
        x.chunks_exact(2 * width)
            .flat_map(|row| (0..width).map(|at| wide(&row[at]) * logistic(wide(&row[at])) * wide(&row[width + at])).collect::<Vec<_>>())
            .collect(),
    );
    // The error function by its series, which converges everywhere.
    let erf = |z: f64| {
        let (mut term, mut sum) = (z, z);
        for n in 1..200 {
            term *= -z * z / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    };
    check(Source::Gelu(rows), rows.iter().map(|x| 0.5 * wide(x) * (1.0 + erf(wide(x) / 2f64.sqrt()))).collect());
    check(Source::Plain(&[0.0; 3 * 96]), vec![0.0; 3 * width]);
}

#[test]
fn layers_are_normalised() {
    let mut numbers = Numbers(4);
    let (x, weight, bias) = (numbers.take(2 * 48), numbers.take(48), numbers.take(48));
    for isa in Isa::available() {
        let mut found = x.clone();
        layer_norm(&Machine::new(isa, 1), &mut found, &weight, &bias, 1e-6);
        for (found, x) in found.chunks_exact(48).zip(x.chunks_exact(48)) {
            let mean = x.iter().sum::<f32>() / 48.0;
            let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / 48.0;
            let expected: Vec<f32> =
                x.iter().zip(&weight).zip(&bias).map(|((x, weight), bias)| (x - mean) / (variance + 1e-6).sqrt() * weight + bias).collect();
            near(found, &expected, 1e-5);
        }
    }
}

/// Attention by its definition, over keys and values rounded to 16 bits.
fn plain_attention(heads: Heads, sees: Sees, rows: &[f32]) -> Vec<f32> {
    let Heads { heads: count, kv_heads, width } = heads;
    let half = |x: f32| f64::from(half::f16::from_f32(x).to_f32());
    let total = rows.len() / heads.row();
    let mut out = Vec::new();
    for row in 0..total {
        for head in 0..count {
            let kv_head = head / (count / kv_heads);
            let at = |row: usize, part: usize| &rows[row * heads.row() + part * width..][..width];
            let seen = if sees == Sees::All { total } else { row + 1 };
            let scores: Vec<f64> = (0..seen)
                .map(|other| {
                    let key = at(other, count + kv_head);
                    at(row, head).iter().zip(key).map(|(q, k)| f64::from(*q) * half(*k)).sum::<f64>() / (width as f64).sqrt()
                })
                .collect();
            let largest = scores.iter().copied().fold(f64::MIN, f64::max);
            let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
            let sum: f64 = weights.iter().sum();
            for index in 0..width {
                let value: f64 = (0..seen).map(|other| weights[other] * half(at(other, count + kv_heads + kv_head)[index])).sum();
                out.push((value / sum) as f32);
            }
        }
    }
    out
}

#[test]
fn attention_is_its_definition_and_the_same_however_a_sequence_is_cut() {
    let mut numbers = Numbers(5);
    for (heads, sees) in [
        (Heads { heads: 6, kv_heads: 2, width: 32 }, Sees::Before),
        (Heads { heads: 7, kv_heads: 1, width: 64 }, Sees::Before),
        (Heads { heads: 2, kv_heads: 2, width: 16 }, Sees::All),
    ] {
        let total = 45;
        let rows: Vec<f32> = numbers.take(total * heads.row()).iter().map(|x| x * 2.0).collect();
        let shape = CacheShape { layers: 2, heads: heads.kv_heads, width: heads.width, context: 50 };
        let expected = plain_attention(heads, sees, &rows);
        for isa in Isa::available() {
            let run = |cuts: &[usize], team: &Machine| {
                let mut cache = Cache::new(shape).unwrap();
                let (mut out, mut start) = (Vec::new(), 0);
                for &count in cuts {
                    let mut rows = rows[start * heads.row()..][..count * heads.row()].to_vec();
                    let mut spans = [Span { cache: &mut cache, start, rows: count }];
                    store(team, Place { heads, layer: 1 }, None, &mut rows, &mut spans);
                    let mut part = vec![0.0; count * heads.heads * heads.width];
                    attend(team, Place { heads, layer: 1 }, sees, &rows, &spans, &mut part);
                    out.extend(part);
                    start += count;
                }
                out
            };
            let whole = run(&[total], &Machine::new(isa, 1));
            near(&whole, &expected, 2e-5);
            if sees == Sees::Before {
                assert_eq!(whole, run(&[1, 15, 16, 1, 1, 11], &Machine::new(isa, 2)), "{} in pieces", isa.name());
                assert_eq!(whole, run(&[1; 45], &Machine::new(isa, 1)), "{} one by one", isa.name());
            }
        }
    }
}

#[test]
fn rotation_depends_on_the_distance_alone_and_a_copied_cache_goes_on_as_its_source() {
    let heads = Heads { heads: 2, kv_heads: 1, width: 32 };
    let mut numbers = Numbers(6);
    let rope = Rope::new(32, 10_000.0, 64);
    let rows = numbers.take(20 * heads.row());
    let shape = CacheShape { layers: 1, heads: 1, width: 32, context: 64 };
    for isa in Isa::available() {
        let team = Machine::new(isa, 1);
        let read = |cache: &mut Cache, rows: &[f32], start: usize| {
            let count = rows.len() / heads.row();
            let mut rows = rows.to_vec();
            let mut spans = [Span { cache, start, rows: count }];
            store(&team, Place { heads, layer: 0 }, Some(&rope), &mut rows, &mut spans);
            let mut out = vec![0.0; count * 64];
            attend(&team, Place { heads, layer: 0 }, Sees::Before, &rows, &spans, &mut out);
            out
        };
        let mut cache = Cache::new(shape).unwrap();
        let begun = read(&mut cache, &rows[..17 * heads.row()], 0);
        assert_ne!(begun, plain_attention(heads, Sees::Before, &rows[..17 * heads.row()]));
        let mut copy = Cache::new(shape).unwrap();
        copy.copy_from(&cache, 17);
        let rest = &rows[17 * heads.row()..];
        assert_eq!(read(&mut copy, rest, 17), read(&mut cache, rest, 17));
        // A query and a key three apart, wherever they stand: their score is that of the unrotated pair turned by three.
        let pair = |position: usize| {
            let (mut query, mut key) = (rows[..32].to_vec(), rows[32..64].to_vec());
            rope.turn_for_test(&mut query, position + 3);
            rope.turn_for_test(&mut key, position);
            query.iter().zip(&key).map(|(a, b)| a * b).sum::<f32>()
        };
        assert!((pair(0) - pair(50)).abs() < 1e-4);
    }
}

#[test]
fn a_cache_that_cannot_be_had_is_none() {
    assert!(Cache::new(CacheShape { layers: 1 << 20, heads: 1 << 10, width: 64, context: 1 << 20 }).is_none());
    assert!(Cache::new(CacheShape { layers: usize::MAX, heads: 2, width: 64, context: 1 }).is_none());
}
