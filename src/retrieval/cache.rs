//! Vectors by the hash of their text, in memory and on disk, so that a second start and a reload embed only what is new.
//!
//! The file: eight bytes of magic, 32 of the model's fingerprint (hashed), length of a vector and number of vectors (`u32` each, little-endian), the
//! keys, the vectors, and a SHA-256 of all before it. A file of another model, another version, or one that is damaged is not an error: it is not used, and replaced.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::inference::{InferenceError, VectorTable};

const MAGIC: &[u8; 8] = b"NDVEC\0\0\x02";
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

    /// The key of a part of a text, a token or a sentence, by its number.
    pub(super) fn of_part(self, number: usize) -> Self {
        let hash = Sha256::new_with_prefix(self.0).chain_update((number as u64).to_le_bytes()).finalize();
        Self(std::array::from_fn(|index| hash[index]))
    }
}

/// Vectors by the hash of their text, or by their place. They are rounded to bytes (see [`VectorTable`]).
pub(super) struct Vectors {
    places: HashMap<Key, usize>,
    keys: Vec<Key>,
    table: VectorTable,
}

impl Vectors {
    /// None yet.
    pub(super) fn none(dimensions: usize) -> Self {
        Self { places: HashMap::new(), keys: Vec::new(), table: VectorTable::none(dimensions) }
    }

    /// One for each key, in their order, which `row` writes.
    pub(super) fn build(keys: Vec<Key>, dimensions: usize, row: &mut dyn FnMut(usize, &mut [f32])) -> Result<Self, InferenceError> {
        let table = VectorTable::build(keys.len(), dimensions, row)?;
        let places = keys.iter().enumerate().map(|(place, key)| (*key, place)).collect();
        Ok(Self { places, keys, table })
    }

    /// Where a text's vector is.
    pub(super) fn place(&self, key: &Key) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// The vector of a text.
    pub(super) fn get(&self, key: &Key) -> Option<Vec<f32>> {
        let place = self.place(key)?;
        let mut row = vec![0.0; self.table.width()];
        self.table.row(place, &mut row);
        Some(row)
    }

    /// All of them by place.
    pub(super) fn table(&self) -> &VectorTable {
        &self.table
    }

    /// Whether both hold vectors of the same texts.
    pub(super) fn same_keys(&self, other: &Self) -> bool {
        self.keys.len() == other.keys.len() && self.keys.iter().all(|key| other.places.contains_key(key))
    }

    /// Reads the file; without one, or with one that does not fit, there are none.
    pub(super) fn load(path: &Path, fingerprint: &str, dimensions: usize) -> Self {
        let Ok(file) = File::open(path) else { return Self::none(dimensions) };
        Self::parse(BufReader::with_capacity(1 << 20, file), fingerprint, dimensions).unwrap_or_else(|| {
            tracing::info!(cache.path = %path.display(), "the embedding cache is of another model or damaged; it is rebuilt");
            Self::none(dimensions)
        })
    }

    /// Row by row: the floats of a large knowledge base are never in memory all at once.
    fn parse(from: impl Read, fingerprint: &str, dimensions: usize) -> Option<Self> {
        let mut from = Hashed { from, hash: Sha256::new() };
        let mut header = [0; HEADER];
        from.fill(&mut header)?;
        let number = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?) as usize);
        let (width, count) = (number(40)?, number(44)?);
        if header[..8] != *MAGIC || header[8..40] != Sha256::digest(fingerprint)[..] || width != dimensions {
            return None;
        }
        let mut keys = Vec::new();
        for _ in 0..count {
            let mut key = [0; 16];
            from.fill(&mut key)?;
            keys.push(Key(key));
        }
        let mut bytes = vec![0; 4 * width];
        let mut whole = true;
        let vectors = Self::build(keys, width, &mut |_, row| {
            whole &= from.fill(&mut bytes).is_some();
            row.iter_mut().zip(bytes.as_chunks::<4>().0).for_each(|(value, bytes)| *value = f32::from_le_bytes(*bytes));
        });
        let digest = from.hash.finalize();
        let mut stored = Vec::new();
        from.from.take(DIGEST as u64 + 1).read_to_end(&mut stored).ok()?;
        if whole && stored[..] == digest[..] { vectors.ok() } else { None }
    }

    /// Writes beside the file and renames, so that a crash leaves the old file or the new one.
    pub(super) fn save(&self, path: &Path, fingerprint: &str) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let mut hash = Sha256::new();
        {
            let mut to = BufWriter::with_capacity(1 << 20, file.as_file_mut());
            let mut write = |bytes: &[u8]| {
                hash.update(bytes);
                to.write_all(bytes)
            };
            write(MAGIC)?;
            write(&Sha256::digest(fingerprint))?;
            write(&(self.table.width() as u32).to_le_bytes())?;
            write(&(self.keys.len() as u32).to_le_bytes())?;
            self.keys.iter().try_for_each(|key| write(&key.0))?;
            let (mut row, mut bytes) = (vec![0.0; self.table.width()], Vec::new());
            for place in 0..self.keys.len() {
                self.table.row(place, &mut row);
                bytes.clear();
                row.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
                write(&bytes)?;
            }
            to.write_all(&hash.finalize())?;
            to.flush()?;
        }
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    }
}

/// Hashes what is read.
struct Hashed<R> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Hashed<R> {
    /// `None` where the file ends before that.
    fn fill(&mut self, bytes: &mut [u8]) -> Option<()> {
        self.from.read_exact(bytes).ok()?;
        self.hash.update(&*bytes);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vectors {
        let rows = [[1.0, 0.0, -0.5], [0.0, f32::MIN_POSITIVE, 2.0]];
        Vectors::build(vec![Key::of("a"), Key::of("b")], 3, &mut |place, row| row.copy_from_slice(&rows[place])).unwrap()
    }

    fn rows(vectors: &Vectors) -> Vec<Option<Vec<f32>>> {
        ["a", "b", "c"].iter().map(|text| vectors.get(&Key::of(text))).collect()
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/vectors.bin");
        two().save(&path, "model").unwrap();
        two().save(&path, "model").unwrap();
        assert_eq!(rows(&Vectors::load(&path, "model", 3)), rows(&two()));
        assert!(
            rows(&two())[0].as_ref().unwrap().iter().zip([1.0, 0.0, -0.5]).all(|(a, b)| (a - b).abs() < 0.005) && rows(&two())[2].is_none()
        );
        for other in
            [Vectors::load(&path, "another", 3), Vectors::load(&path, "model", 4), Vectors::load(&folder.path().join("none"), "model", 3)]
        {
            assert!(other.table().is_empty() && other.same_keys(&Vectors::none(3)));
        }
        assert!(Vectors::load(&path, "model", 3).same_keys(&two()));
    }

    #[test]
    fn a_damaged_file_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors.bin");
        two().save(&path, "model").unwrap();
        let good = std::fs::read(&path).unwrap();
        assert!(Vectors::parse(&good[..], "model", 3).is_some());
        assert!(Vectors::parse(&[&good[..], b"x"].concat()[..], "model", 3).is_none(), "something follows");
        for cut in 0..good.len() {
            assert!(Vectors::parse(&good[..cut], "model", 3).is_none(), "cut to {cut} bytes");
            let mut flipped = good.clone();
            flipped[cut] ^= 1;
            assert!(Vectors::parse(&flipped[..], "model", 3).is_none(), "byte {cut} flipped");
        }
    }
}
