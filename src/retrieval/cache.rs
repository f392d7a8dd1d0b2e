//! Vectors by the hash of their text, in memory and on disk, so that a second start and a reload embed only what is new.
//!
//! The file: eight bytes of magic, 32 of the model's fingerprint (hashed), length of a vector and number of vectors (`u32` each, little-endian), the
//! keys, the vectors, and a SHA-256 of all before it. A file of another model, another version, or one that is damaged is not an error: it is not used, and replaced.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"NDVEC\0\0\x01";
const HEADER: usize = 8 + 32 + 4 + 4;
const DIGEST: usize = 32;

/// The hash of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 16]);

impl Key {
    /// Half of a SHA-256.
    pub(super) fn of(text: &str) -> Self {
        let hash = Sha256::digest(text);
        Self(std::array::from_fn(|index| hash[index]))
    }
}

/// Vectors one after the other, found by key or by place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vectors {
    dimensions: usize,
    places: HashMap<Key, usize>,
    keys: Vec<Key>,
    values: Vec<f32>,
}

impl Vectors {
    /// None yet.
    pub(super) fn new(dimensions: usize) -> Self {
        Self { dimensions, places: HashMap::new(), keys: Vec::new(), values: Vec::new() }
    }

    /// Adds one of the right length under a new key.
    pub(super) fn push(&mut self, key: Key, vector: &[f32]) {
        assert_eq!(vector.len(), self.dimensions, "a model's vectors all have its length");
        self.places.insert(key, self.keys.len());
        self.keys.push(key);
        self.values.extend_from_slice(vector);
    }

    /// The vector of a text.
    pub(super) fn get(&self, key: &Key) -> Option<&[f32]> {
        self.places.get(key).map(|place| &self.values[place * self.dimensions..(place + 1) * self.dimensions])
    }

    /// All of them by place.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimensions.max(1))
    }

    /// Whether both hold vectors of the same texts.
    pub(super) fn same_keys(&self, other: &Self) -> bool {
        self.keys.len() == other.keys.len() && self.keys.iter().all(|key| other.places.contains_key(key))
    }

    /// Reads the file; without one, or with one that does not fit, there are none.
    pub(super) fn load(path: &Path, fingerprint: &str, dimensions: usize) -> Self {
        match std::fs::read(path) {
            Ok(bytes) => Self::parse(&bytes, fingerprint, dimensions).unwrap_or_else(|| {
                tracing::info!(cache.path = %path.display(), "the embedding cache is of another model or damaged; it is rebuilt");
                Self::new(dimensions)
            }),
            Err(_) => Self::new(dimensions),
        }
    }

    fn parse(bytes: &[u8], fingerprint: &str, dimensions: usize) -> Option<Self> {
        let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
        let (header, body) = content.split_at_checked(HEADER)?;
        let number = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?) as usize);
        let (width, count) = (number(40)?, number(44)?);
        let fits = header[..8] == *MAGIC && header[8..40] == Sha256::digest(fingerprint)[..] && width == dimensions;
        if !fits || body.len() != count * (16 + 4 * width) || Sha256::digest(content)[..] != *digest {
            return None;
        }
        let (keys, values) = body.split_at(count * 16);
        let mut vectors = Self::new(dimensions);
        vectors.keys = keys.chunks_exact(16).map(|key| Key(std::array::from_fn(|index| key[index]))).collect();
        vectors.values = values.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        vectors.places = vectors.keys.iter().enumerate().map(|(place, key)| (*key, place)).collect();
        Some(vectors)
    }

    /// Writes beside the file and renames, so that a crash leaves the old file or the new one.
    pub(super) fn save(&self, path: &Path, fingerprint: &str) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut bytes = Vec::with_capacity(HEADER + self.keys.len() * (16 + 4 * self.dimensions) + DIGEST);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&Sha256::digest(fingerprint));
        bytes.extend_from_slice(&(self.dimensions as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.keys.len() as u32).to_le_bytes());
        self.keys.iter().for_each(|key| bytes.extend_from_slice(&key.0));
        self.values.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        bytes.extend_from_slice(&Sha256::digest(&bytes));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vectors {
        let mut vectors = Vectors::new(3);
        vectors.push(Key::of("a"), &[1.0, 0.0, -0.5]);
        vectors.push(Key::of("b"), &[0.0, f32::MIN_POSITIVE, 2.0]);
        vectors
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/vectors.bin");
        two().save(&path, "model").unwrap();
        two().save(&path, "model").unwrap();
        assert_eq!(Vectors::load(&path, "model", 3), two());
        assert_eq!(Vectors::load(&path, "another", 3), Vectors::new(3));
        assert_eq!(Vectors::load(&path, "model", 4), Vectors::new(4));
        assert_eq!(Vectors::load(&folder.path().join("none"), "model", 3), Vectors::new(3));
    }

    #[test]
    fn a_damaged_file_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors.bin");
        two().save(&path, "model").unwrap();
        let good = std::fs::read(&path).unwrap();
        for cut in 0..good.len() {
            assert_eq!(Vectors::parse(&good[..cut], "model", 3), None, "cut to {cut} bytes");
            let mut flipped = good.clone();
            flipped[cut] ^= 1;
            assert_eq!(Vectors::parse(&flipped, "model", 3), None, "byte {cut} flipped");
        }
    }
}
