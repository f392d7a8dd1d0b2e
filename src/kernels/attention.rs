//! Attention: what each query makes of the keys and values before it.

use half::f16;

use crate::cache::Cache;
use crate::machine::Machine;
use crate::matrix::TILE;
use crate::shared::Shared;
use crate::simd::{Kernel, Simd, exp};

/// Heads of a layer; `heads` is a multiple of `kv_heads`, each of which serves a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// Query heads.
    pub heads: usize,
    /// Key/value heads.
    pub kv_heads: usize,
    /// Numbers of a head.
    pub width: usize,
}

impl Heads {
    /// Numbers of a row of queries, keys and values side by side.
    pub fn row(self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.width
    }

    /// Query heads that share keys and values.
    fn group(self) -> usize {
        self.heads / self.kv_heads
    }
}

/// Rotations by position (RoPE), for the halves of a head.
pub struct Rope {
    half: usize,
    /// Cosines and sines of a position side by side.
    turns: Vec<(f32, f32)>,
}

impl Rope {
    /// The rotations of heads of `width` numbers at the positions before `context`.
    pub fn new(width: usize, base: f32, context: usize) -> Self {
        let half = width / 2;
        let turns = (0..context)
            .flat_map(|position| {
                (0..half).map(move |index| {
                    let angle = position as f64 * f64::from(base).powf(-2.0 * index as f64 / width as f64);
                    (angle.cos() as f32, angle.sin() as f32)
                })
            })
            .collect();
        Self { half, turns }
    }

    #[cfg(test)]
    pub(crate) fn turn_for_test(&self, head: &mut [f32], position: usize) {
        self.turn(head, position);
    }

    #[inline(always)]
    fn turn(&self, head: &mut [f32], position: usize) {
        let (first, second) = head.split_at_mut(self.half);
        for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(&self.turns[position * self.half..][..self.half]) {
            (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
        }
    }
}

/// Consecutive rows of one sequence.
pub struct Span<'a> {
    /// Its keys and values.
    pub cache: &'a mut Cache,
    /// The position of the first row.
    pub start: usize,
    /// How many rows.
    pub rows: usize,
}

/// Where in a model we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The heads of its layers.
    pub heads: Heads,
    /// Which layer.
    pub layer: usize,
}

/// What a row sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// Itself and what is before it.
    Before,
    /// Every row of its span.
    All,
}

/// Rows for which another thread is worth waking to store them.
const GRAIN: usize = 16;
/// Queries of a part of the work: enough to share what is read of the keys, few enough that no thread waits long for another.
const PART: usize = 48;

/// Turns queries and keys to their positions and puts keys and values into the caches. `rows` holds, for the rows of the spans one after the
/// other, queries, keys and values side by side.
pub fn store(on: &Machine, Place { heads, layer }: Place, rope: Option<&Rope>, rows: &mut [f32], spans: &mut [Span<'_>]) {
    let total: usize = spans.iter().map(|span| span.rows).sum();
    assert!(rows.len() >= total * heads.row(), "a row for each of the spans");
    let isa = on.isa;
    let rows = Shared::new(rows);
    let mut first = 0;
    for span in spans {
        let shape = span.cache.shape;
        assert!(layer < shape.layers && shape.heads == heads.kv_heads && shape.width == heads.width, "the cache is this model's");
        assert!(span.start + span.rows <= shape.context, "the cache has room");
        let (head_length, at) = (span.cache.head_length(), span.cache.head(layer, 0));
        let length = heads.kv_heads * head_length;
        let (keys, values) = span.cache.parts_mut();
        let (keys, values) = (Shared::new(&mut keys[at..at + length]), Shared::new(&mut values[at..at + length]));
        let work =
            Store { heads, rope, rows: &rows, first, start: span.start, count: span.rows, keys: &keys, values: &values, head_length };
        // By head, so that no two threads write to the same part of a row or a cache.
        on.team.run(heads.heads + heads.kv_heads, if span.rows < GRAIN { usize::MAX } else { 1 }, |range| {
            range.for_each(|head| isa.run(StoreHead { work: &work, head }));
        });
        first += span.rows;
    }
}

struct Store<'a> {
    heads: Heads,
    rope: Option<&'a Rope>,
    rows: &'a Shared<'a, f32>,
    first: usize,
    start: usize,
    count: usize,
    keys: &'a Shared<'a, f16>,
    values: &'a Shared<'a, f16>,
    head_length: usize,
}

struct StoreHead<'a> {
    work: &'a Store<'a>,
    /// The query heads, then the key heads.
    head: usize,
}

impl Kernel for StoreHead<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Self { work, head } = self;
        let Heads { heads, kv_heads, width } = work.heads;
        for row in 0..work.count {
            let position = work.start + row;
            let at = (work.first + row) * work.heads.row();
            // SAFETY: one call for each head: the parts of a row do not overlap, nor do the heads of the cache; `store` checked the extents.
            unsafe {
                let turned = work.rows.part(at + head * width, width);
                if let Some(rope) = work.rope {
                    rope.turn(turned, position);
                }
                let Some(kv_head) = head.checked_sub(heads) else { continue };
                let tile = kv_head * work.head_length + position / TILE * TILE * width + position % TILE;
                // Rounded a register at a time, and then put down one by one: neighbours of a key lie a tile apart.
                for from in (0..width).step_by(TILE) {
                    let mut rounded = [f16::ZERO; TILE];
                    for lane in (0..TILE).step_by(S::LANES) {
                        S::store_half(rounded.as_mut_ptr().add(lane), S::load(turned.as_ptr().add(from + lane)));
                    }
                    for (index, key) in rounded.into_iter().enumerate() {
                        work.keys.address(tile + (from + index) * TILE).write(key);
                    }
                }
                let value = work.rows.part(at + (heads + kv_heads + kv_head) * width, width);
                let to = work.values.address(kv_head * work.head_length + position * width);
                for index in (0..width).step_by(S::LANES) {
                    S::store_half(to.add(index), S::load(value.as_ptr().add(index)));
                }
            }
        }
    }
}

/// For each row of the spans, whose keys and values are stored, the weighted values of every head.
pub fn attend(on: &Machine, Place { heads, layer }: Place, sees: Sees, rows: &[f32], spans: &[Span<'_>], out: &mut [f32]) {
    let total: usize = spans.iter().map(|span| span.rows).sum();
    assert!(rows.len() >= total * heads.row() && out.len() >= total * heads.heads * heads.width, "a row for each of the spans");
    assert!(heads.width.is_multiple_of(TILE), "heads are as wide as whole registers");
    let isa = on.isa;
    let out = Shared::new(out);
    // A job for each key/value head of each span, cut along the rows.
    let mut jobs = Vec::new();
    let mut first = 0;
    for span in spans {
        let queries = span.rows * heads.group();
        let part = queries.min(PART);
        for kv_head in 0..heads.kv_heads {
            let mut from = 0;
            while from < queries {
                let to = queries.min(from + part);
                jobs.push(Attend { heads, sees, rows, out: &out, span, layer, kv_head, first, queries: (from, to) });
                from = to;
            }
        }
        first += span.rows;
    }
    on.team.run(jobs.len(), 1, |range| range.for_each(|index| isa.run(jobs[index])));
}

#[derive(Clone, Copy)]
struct Attend<'a> {
    heads: Heads,
    sees: Sees,
    rows: &'a [f32],
    out: &'a Shared<'a, f32>,
    span: &'a Span<'a>,
    layer: usize,
    kv_head: usize,
    /// The span's first row.
    first: usize,
    /// Of the queries of this head's group, row by row and head by head, from which to which.
    queries: (usize, usize),
}

impl Kernel for Attend<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let longest = self.seen(self.queries.1 - 1).next_multiple_of(TILE);
        let mut scratch = vec![0.0f32; S::ROWS * (longest + self.heads.width)];
        let (mut at, end) = self.queries;
        while at < end {
            // SAFETY: `at + N <= end`; the caller is inside `enter` of `S`.
            unsafe {
                at += match end - at {
                    8.. if S::ROWS >= 8 => self.queries::<S, 8>(at, &mut scratch),
                    4.. => self.queries::<S, 4>(at, &mut scratch),
                    3 => self.queries::<S, 3>(at, &mut scratch),
                    2 => self.queries::<S, 2>(at, &mut scratch),
                    _ => self.queries::<S, 1>(at, &mut scratch),
                };
            }
        }
    }
}

impl Attend<'_> {
    /// How many positions a query sees.
    fn seen(&self, query: usize) -> usize {
        match self.sees {
            Sees::Before => self.span.start + query / self.heads.group() + 1,
            Sees::All => self.span.start + self.span.rows,
        }
    }

    /// `N` queries from `from` on; gives `N`.
    #[inline(always)]
    unsafe fn queries<S: Simd, const N: usize>(&self, from: usize, scratch: &mut [f32]) -> usize {
        let Heads { heads, width, .. } = self.heads;
        let group = self.heads.group();
        let head = |query: usize| self.kv_head * group + query % group;
        let row = |query: usize| self.first + query / group;
        let cache = &*self.span.cache;
        let at = cache.head(self.layer, self.kv_head);
        let keys = cache.keys()[at..at + cache.head_length()].as_ptr();
        let values = cache.values()[at..at + cache.head_length()].as_ptr();
        let seen: [usize; N] = std::array::from_fn(|n| self.seen(from + n));
        let most = seen[N - 1];
        let padded = most.next_multiple_of(TILE);
        let (queries, scores) = scratch.split_at_mut(N * width);
        let scale = 1.0 / (width as f32).sqrt();
        for (n, query) in queries.chunks_exact_mut(width).enumerate() {
            let given = &self.rows[row(from + n) * self.heads.row() + head(from + n) * width..][..width];
            query.iter_mut().zip(given).for_each(|(query, given)| *query = given * scale);
        }
        // SAFETY: `padded` is within the cache, whose heads are whole tiles, and within the scratch; the output of a query is in one job.
        unsafe {
            for tile in 0..padded / TILE {
                score_tile::<S, N>(keys.add(tile * TILE * width), queries.as_ptr(), width, scores.as_mut_ptr().add(tile * TILE), padded);
            }
            let mut totals = [0.0; N];
            for (n, total) in totals.iter_mut().enumerate() {
                *total = soften::<S>(&mut scores[n * padded..][..padded], seen[n]);
            }
            let mut out: [*mut f32; N] = [std::ptr::null_mut(); N];
            for (n, out) in out.iter_mut().enumerate() {
                *out = self.out.address(row(from + n) * heads * width + head(from + n) * width);
            }
            for panel in (0..width).step_by(2 * S::LANES) {
                if panel + 2 * S::LANES <= width {
                    weigh::<S, N, 2>(values.add(panel), width, (scores.as_ptr(), padded, most), &totals, &out.map(|out| out.add(panel)));
                } else {
                    weigh::<S, N, 1>(values.add(panel), width, (scores.as_ptr(), padded, most), &totals, &out.map(|out| out.add(panel)));
                }
            }
        }
        N
    }
}

/// The scores of `N` queries for the sixteen positions of a tile of keys.
#[inline(always)]
unsafe fn score_tile<S: Simd, const N: usize>(keys: *const f16, queries: *const f32, width: usize, scores: *mut f32, stride: usize) {
    // SAFETY: the caller's pointers are good for a tile of keys, `N` queries, and sixteen scores of each.
    unsafe {
        for lane in (0..TILE).step_by(S::LANES) {
            let mut sums = [S::splat(0.0); N];
            for index in 0..width {
                let key = S::load_half(keys.add(index * TILE + lane));
                for (n, sum) in sums.iter_mut().enumerate() {
                    *sum = S::fma(S::splat(*queries.add(n * width + index)), key, *sum);
                }
            }
            for (n, sum) in sums.into_iter().enumerate() {
                S::store(scores.add(n * stride + lane), sum);
            }
        }
    }
}

/// Scores into weights that are not yet divided by their sum, which it gives; those behind the first `seen` become 0.
#[inline(always)]
unsafe fn soften<S: Simd>(scores: &mut [f32], seen: usize) -> f32 {
    // Masked scores are far below any other: their weight is the smallest there is, and set to 0 below.
    scores[seen..].fill(f32::NEG_INFINITY);
    // SAFETY: whole tiles, which the lanes divide.
    unsafe {
        let mut largest = S::splat(f32::NEG_INFINITY);
        for at in (0..scores.len()).step_by(S::LANES) {
            largest = S::max(largest, S::load(scores.as_ptr().add(at)));
        }
        let largest = S::splat(S::largest(largest));
        for at in (0..scores.len()).step_by(S::LANES) {
            S::store(scores.as_mut_ptr().add(at), exp::<S>(S::sub(S::load(scores.as_ptr().add(at)), largest)));
        }
        scores[seen..].fill(0.0);
        let mut sum = S::splat(0.0);
        for at in (0..scores.len()).step_by(S::LANES) {
            sum = S::add(sum, S::load(scores.as_ptr().add(at)));
        }
        S::sum(sum)
    }
}

/// `P` registers of the weighted values of `N` queries.
#[inline(always)]
unsafe fn weigh<S: Simd, const N: usize, const P: usize>(
    values: *const f16,
    width: usize,
    (scores, stride, most): (*const f32, usize, usize),
    totals: &[f32; N],
    out: &[*mut f32; N],
) {
    // SAFETY: the caller's pointers are good for `most` values and scores, and for `P` registers of each output.
    unsafe {
        let mut sums = [[S::splat(0.0); P]; N];
        for position in 0..most {
            let mut value = [S::splat(0.0); P];
            for (p, value) in value.iter_mut().enumerate() {
                *value = S::load_half(values.add(position * width + p * S::LANES));
            }
            for (n, sums) in sums.iter_mut().enumerate() {
                let weight = S::splat(*scores.add(n * stride + position));
                for (sum, value) in sums.iter_mut().zip(value) {
                    *sum = S::fma(weight, value, *sum);
                }
            }
        }
        for (n, sums) in sums.into_iter().enumerate() {
            let scale = S::splat(1.0 / totals[n]);
            for (p, sum) in sums.into_iter().enumerate() {
                S::store(out[n].add(p * S::LANES), S::mul(sum, scale));
            }
        }
    }
}
