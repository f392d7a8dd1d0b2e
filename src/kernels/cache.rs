//! Keys and values of one sequence, in buffers that are allocated once and filled as it grows.

use half::f16;
use memmap2::MmapMut;

use crate::matrix::TILE;

/// The extent of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheShape {
    /// Layers of the model.
    pub layers: usize,
    /// Key/value heads of a layer.
    pub heads: usize,
    /// Numbers of a head: a multiple of 16.
    pub width: usize,
    /// Tokens that fit.
    pub context: usize,
}

impl CacheShape {
    /// Bytes that each token takes.
    pub fn bytes_per_token(self) -> usize {
        2 * self.layers * self.heads * self.width * size_of::<f16>()
    }

    /// Positions of a head, in whole tiles.
    fn positions(self) -> usize {
        self.context.next_multiple_of(TILE)
    }

    fn head(self) -> usize {
        self.positions() * self.width
    }
}

/// Keys and values in 16 bits. Keys lie in tiles of sixteen positions, number by number, so that one load serves sixteen scores; values lie
/// position by position.
pub struct Cache {
    pub(crate) shape: CacheShape,
    /// Asked of the system by themselves and not of the allocator, which would fill them with zeros once it has them at hand: pages that nothing
    /// is written to cost nothing, and all go back when the cache does.
    keys: MmapMut,
    values: MmapMut,
}

impl Cache {
    /// An empty cache, or `None` when there is no memory for it.
    pub fn new(shape: CacheShape) -> Option<Self> {
        let length = shape.layers.checked_mul(shape.heads)?.checked_mul(shape.head())?.checked_mul(size_of::<f16>())?;
        let zeros = || MmapMut::map_anon(length.max(1)).ok();
        Some(Self { shape, keys: zeros()?, values: zeros()? })
    }

    /// Its extent.
    pub fn shape(&self) -> CacheShape {
        self.shape
    }

    /// The keys.
    pub(crate) fn keys(&self) -> &[f16] {
        numbers(&self.keys)
    }

    /// The values.
    pub(crate) fn values(&self) -> &[f16] {
        numbers(&self.values)
    }

    /// Keys and values, to be written.
    pub(crate) fn parts_mut(&mut self) -> (&mut [f16], &mut [f16]) {
        (numbers_mut(&mut self.keys), numbers_mut(&mut self.values))
    }

    /// Where the keys or values of a head begin.
    pub(crate) fn head(&self, layer: usize, head: usize) -> usize {
        (layer * self.shape.heads + head) * self.shape.head()
    }

    /// Numbers of a head's keys or values.
    pub(crate) fn head_length(&self) -> usize {
        self.shape.head()
    }

    /// Takes the first `length` tokens of another cache of the same extent.
    pub fn copy_from(&mut self, from: &Self, length: usize) {
        assert_eq!((self.shape.layers, self.shape.heads, self.shape.width), (from.shape.layers, from.shape.heads, from.shape.width));
        assert!(length <= self.shape.context && length <= from.shape.context, "a cache holds no more than its context");
        // Keys in whole tiles: what follows in the last one is overwritten before it is read.
        let used = length.next_multiple_of(TILE) * self.shape.width;
        for layer in 0..self.shape.layers {
            for head in 0..self.shape.heads {
                let (to, at) = (self.head(layer, head), from.head(layer, head));
                let (keys, values) = self.parts_mut();
                keys[to..to + used].copy_from_slice(&from.keys()[at..at + used]);
                let used = length * from.shape.width;
                values[to..to + used].copy_from_slice(&from.values()[at..at + used]);
            }
        }
    }
}

fn numbers(bytes: &[u8]) -> &[f16] {
    // SAFETY: pages are aligned for any number, and every two bytes are one.
    let (before, numbers, _) = unsafe { bytes.align_to::<f16>() };
    debug_assert!(before.is_empty());
    numbers
}

fn numbers_mut(bytes: &mut [u8]) -> &mut [f16] {
    // SAFETY: as above.
    let (before, numbers, _) = unsafe { bytes.align_to_mut::<f16>() };
    debug_assert!(before.is_empty());
    numbers
}
