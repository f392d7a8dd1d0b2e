//! The weights of a GGUF file in the order in which the kernels read them, kept beside it on disk.
//!
//! Packing takes a second or more, so it is done once: the packed file is written under another name and renamed, and the next start maps it.
//! It belongs to the bytes that it was made of and to this layout; anything else in its place is made anew. Where it cannot be written, the
//! weights are packed into memory at each start.

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use nightdesk_kernels::matrix::BLOCK;
use nightdesk_kernels::{Block, Format, Layout, Matrix, Memory};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::gguf::Gguf;
use super::lora::Adapter;
use super::source::{Source, kept_block};
use crate::inference::error::InferenceError;

/// To be raised when the layout changes.
const VERSION: &str = "nightdesk packed weights 1\n";
/// The head of the file, the length of the directory and the directory fit in here; the weights begin behind it.
const ALIGN: usize = 4096;

/// A matrix to be packed.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The tensor's name, without `.weight`.
    pub name: String,
    /// Numbers that go in.
    pub inputs: usize,
    /// When its rows are rearranged: rotary pairs of a head of this width that lie side by side are put half a head apart, as the kernels turn
    /// them. The scores of queries and keys do not change when both are rearranged.
    pub paired_heads: Option<usize>,
}

/// Packed matrices by name.
pub struct Packed {
    memory: Memory,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    name: String,
    format: u8,
    outputs: usize,
    inputs: usize,
    start: usize,
}

/// The directory of the file.
#[derive(Serialize, Deserialize)]
struct Directory {
    made_of: String,
    entries: Vec<Entry>,
}

/// One matrix on its way in.
struct Plan<'a> {
    entry: Entry,
    layout: Layout,
    raw: &'a [u8],
    source: Source,
    /// Weights that had to be computed: of types without a kernel, and those that an adapter changes.
    dense: Option<Vec<f32>>,
    paired_heads: Option<usize>,
}

impl Packed {
    /// The packed weights of a file: mapped where they lie on disk, or packed and put there.
    pub fn open(gguf: &Gguf, wanted: &[Wanted], adapter: Option<&Adapter>) -> Result<Self, InferenceError> {
        let made_of = fingerprint(gguf, wanted, adapter);
        let path = beside(gguf.path());
        if let Some(packed) = Self::map(&path, &made_of) {
            return Ok(packed);
        }
        let begun = std::time::Instant::now();
        let packed = Self::pack(gguf, wanted, adapter)?;
        tracing::info!(model.file = %gguf.path().display(), duration_ms = begun.elapsed().as_millis() as u64, "weights packed");
        match packed.write(&path, made_of.clone()) {
            // The pages that were packed are given back; those of the file are the system's to keep or drop.
            Ok(()) => Ok(Self::map(&path, &made_of).unwrap_or(packed)),
            Err(fault) => {
                tracing::warn!(file = %path.display(), error.message = %fault, "packed weights cannot be kept; each start packs them anew");
                Ok(packed)
            }
        }
    }

    /// A matrix by its tensor's name.
    pub fn matrix(&self, name: &str) -> Option<Matrix> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        Matrix::new(entry.layout()?, self.memory.clone(), entry.start)
    }

    fn map(path: &Path, made_of: &str) -> Option<Self> {
        let memory = Memory::map(path).ok()?;
        let rest = memory.strip_prefix(VERSION.as_bytes())?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let directory: Directory = serde_json::from_slice(rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)?).ok()?;
        let whole = |entry: &Entry| {
            entry
                .layout()
                .is_some_and(|layout| layout.inputs > 0 && entry.start.checked_add(layout.bytes()).is_some_and(|end| end <= memory.len()))
        };
        if directory.made_of != made_of || !directory.entries.iter().all(whole) {
            return None;
        }
        memory.will_need();
        Some(Self { entries: directory.entries, memory })
    }

    fn pack(gguf: &Gguf, wanted: &[Wanted], adapter: Option<&Adapter>) -> Result<Self, InferenceError> {
        let mut plans = Vec::with_capacity(wanted.len());
        // The directory's place in the file is left free in memory as well: offsets are the same.
        let mut end = directory_room(wanted.len());
        for wanted in wanted {
            let plan = Plan::new(gguf, wanted, adapter, end)?;
            end = (plan.entry.start + plan.layout.bytes()).next_multiple_of(64);
            plans.push(plan);
        }
        let memory = Memory::filled(end, |bytes| pack_all(&plans, bytes))
            .map_err(|fault| InferenceError::NoMemory { what: "the model's weights".to_owned(), fault: fault.to_string() })?;
        Ok(Self { memory, entries: plans.into_iter().map(|plan| plan.entry).collect() })
    }

    fn write(&self, path: &Path, made_of: String) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let directory = serde_json::to_vec(&Directory { made_of, entries: self.entries.clone() })?;
        let mut head = VERSION.as_bytes().to_vec();
        head.extend((directory.len() as u64).to_le_bytes());
        head.extend(directory);
        let room = directory_room(self.entries.len());
        if head.len() > room {
            return Err(std::io::Error::other("the directory is larger than its place"));
        }
        head.resize(room, 0);
        let mut file = tempfile::Builder::new().prefix(".packing-").tempfile_in(folder)?;
        file.write_all(&head)?;
        file.write_all(&self.memory[room..])?;
        file.as_file().sync_data()?;
        file.persist(path)?;
        Ok(())
    }
}

impl Entry {
    fn layout(&self) -> Option<Layout> {
        let format = FORMATS.get(usize::from(self.format)).copied()?;
        Some(Layout { format, outputs: self.outputs, inputs: self.inputs })
    }
}

/// By the number that stands for them in the file.
const FORMATS: [Format; 4] = [Format::Nibble, Format::Five, Format::Centred, Format::Byte];

fn directory_room(entries: usize) -> usize {
    // A name, three numbers and their keys are far below this.
    (ALIGN + entries * 256).next_multiple_of(ALIGN)
}

fn beside(model: &Path) -> PathBuf {
    let mut name = model.file_name().unwrap_or_default().to_owned();
    name.push(".packed");
    model.with_file_name(name)
}

/// Changes with the weights, with what is wanted of them, and with the adapter. Of the file it reads the head and a block of every quarter
/// megabyte: no other set of weights agrees in those, and reading all of it would be most of a start.
pub(super) fn fingerprint(gguf: &Gguf, wanted: &[Wanted], adapter: Option<&Adapter>) -> String {
    let bytes = gguf.bytes();
    let mut hash = Sha256::new();
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(&bytes[..bytes.len().min(64 * 1024)]);
    bytes.chunks(256 * 1024).for_each(|chunk| hash.update(&chunk[..chunk.len().min(1024)]));
    hash.update(format!("{wanted:?}"));
    hash.update(adapter.map_or("", Adapter::fingerprint));
    hex::encode(hash.finalize())
}

impl<'a> Plan<'a> {
    fn new(gguf: &'a Gguf, wanted: &Wanted, adapter: Option<&Adapter>, start: usize) -> Result<Self, InferenceError> {
        let tensor = format!("{}.weight", wanted.name);
        let (dims, kind) = gguf.shape(&tensor)?;
        let [outputs, inputs] = dims[..] else {
            return Err(gguf.refuse(format!("the tensor `{tensor}` has {} dimensions instead of two", dims.len())));
        };
        if inputs != wanted.inputs || !inputs.is_multiple_of(BLOCK) || outputs == 0 {
            return Err(gguf.refuse(format!(
                "the tensor `{tensor}` is {outputs} × {inputs} where {} are expected, in blocks of {BLOCK}",
                wanted.inputs
            )));
        }
        if let Some(width) = wanted.paired_heads
            && !outputs.is_multiple_of(width)
        {
            return Err(gguf.refuse(format!("the tensor `{tensor}` has {outputs} rows, which are no heads of {width}")));
        }
        let change = adapter.and_then(|adapter| adapter.change(&wanted.name));
        let source = if change.is_some() { Source::Rounded } else { Source::of(kind) };
        let dense = match source {
            Source::Kept(_) => None,
            Source::Rounded => {
                let mut dense = gguf.dense(&tensor)?;
                if let Some(change) = change {
                    change.add_to(&mut dense, (outputs, inputs)).map_err(|fault| gguf.refuse(format!("`{tensor}`: {fault}")))?;
                }
                Some(dense)
            }
        };
        let layout = Layout { format: source.format(), outputs, inputs };
        let format = FORMATS.iter().position(|format| *format == layout.format).unwrap_or_default() as u8;
        let entry = Entry { name: wanted.name.clone(), format, outputs, inputs, start };
        Ok(Self { entry, layout, raw: gguf.raw(&tensor)?, source, dense, paired_heads: wanted.paired_heads })
    }

    /// The row of the tensor that becomes output `output`.
    fn row(&self, output: usize) -> usize {
        let Some(width) = self.paired_heads else { return output };
        let (head, index) = (output / width, output % width);
        head * width + if index < width / 2 { 2 * index } else { 2 * (index - width / 2) + 1 }
    }

    fn pack(&self, tile: usize, bytes: &mut [u8]) {
        let blocks = self.layout.blocks();
        self.layout.pack_tile(tile, bytes, &mut |output, block| {
            let row = self.row(output);
            match (self.source, &self.dense) {
                (Source::Kept(kind), _) => kept_block(kind, self.raw, row * blocks + block),
                (Source::Rounded, dense) => {
                    let mut weights = [0.0; BLOCK];
                    if let Some(dense) = dense {
                        weights.copy_from_slice(&dense[(row * blocks + block) * BLOCK..][..BLOCK]);
                    }
                    Block::bytes(&weights)
                }
            }
        });
    }
}

/// Packing is arithmetic: as many threads as there are cores.
fn pack_all(plans: &[Plan<'_>], bytes: &mut [u8]) {
    let mut pieces: Vec<(&Plan<'_>, Range<usize>, &mut [u8])> = Vec::new();
    let mut rest = bytes;
    let mut at = 0;
    for plan in plans {
        let (_, tail) = rest.split_at_mut(plan.entry.start - at);
        let (mut own, tail) = tail.split_at_mut(plan.layout.bytes());
        at = plan.entry.start + plan.layout.bytes();
        rest = tail;
        let tile_bytes = plan.layout.bytes() / plan.layout.tiles();
        let mut tile = 0;
        while !own.is_empty() {
            let tiles = (plan.layout.tiles() - tile).min(64);
            let (piece, others) = own.split_at_mut(tiles * tile_bytes);
            pieces.push((plan, tile..tile + tiles, piece));
            own = others;
            tile += tiles;
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let queue = std::sync::Mutex::new(pieces);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((plan, tiles, piece)) = { queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop() } {
                    let tile_bytes = piece.len() / tiles.len();
                    for (tile, bytes) in tiles.zip(piece.chunks_exact_mut(tile_bytes)) {
                        plan.pack(tile, bytes);
                    }
                }
            });
        }
    });
}
