//! Keys and values of the tokens seen so far, in buffers allocated once.

/// The memory of one sequence: for each layer and key/value head, `context` rows of `width` numbers.
pub struct KvCache {
    keys: Vec<f32>,
    values: Vec<f32>,
    heads: usize,
    width: usize,
    context: usize,
}

/// The extent of a cache.
#[derive(Debug, Clone, Copy)]
pub struct KvShape {
    pub layers: usize,
    pub heads: usize,
    pub width: usize,
    pub context: usize,
}

impl KvCache {
    /// An empty cache. Zeroed memory costs nothing until it is written to.
    pub fn new(shape: KvShape) -> Self {
        let length = shape.layers * shape.heads * shape.width * shape.context;
        Self { keys: vec![0.0; length], values: vec![0.0; length], heads: shape.heads, width: shape.width, context: shape.context }
    }

    /// Stores what one token has for one head.
    pub fn put(&mut self, layer: usize, head: usize, position: usize, key: &[f32], value: &[f32]) {
        let at = self.start(layer, head) + position * self.width;
        self.keys[at..at + self.width].copy_from_slice(key);
        self.values[at..at + self.width].copy_from_slice(value);
    }

    /// The keys of the first `length` positions, row after row.
    pub fn keys(&self, layer: usize, head: usize, length: usize) -> &[f32] {
        let at = self.start(layer, head);
        &self.keys[at..at + length * self.width]
    }

    /// The values of the first `length` positions, row after row.
    pub fn values(&self, layer: usize, head: usize, length: usize) -> &[f32] {
        let at = self.start(layer, head);
        &self.values[at..at + length * self.width]
    }

    /// What one position takes.
    pub fn bytes_per_token(&self) -> usize {
        (self.keys.len() + self.values.len()) / self.context * size_of::<f32>()
    }

    /// Copies the first `length` positions of another cache of the same shape over those of this one.
    pub fn copy_from(&mut self, from: &Self, length: usize) {
        let (stride, length) = (self.context * self.width, length * self.width);
        for (to, from) in [(&mut self.keys, &from.keys), (&mut self.values, &from.values)] {
            for (to, from) in to.chunks_exact_mut(stride).zip(from.chunks_exact(stride)) {
                to[..length].copy_from_slice(&from[..length]);
            }
        }
    }

    fn start(&self, layer: usize, head: usize) -> usize {
        (layer * self.heads + head) * self.context * self.width
    }
}
