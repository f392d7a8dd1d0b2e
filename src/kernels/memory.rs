//! Read-only bytes that a file or the process itself holds, aligned for vector loads.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use memmap2::{Advice, Mmap, MmapMut, MmapOptions};

/// Bytes in whole pages; clones share them.
#[derive(Clone)]
pub struct Memory(Arc<Mmap>);

impl Memory {
    /// Maps a file: its pages are read when they are first looked at, and the system may take them back.
    ///
    /// The file must not be changed in place while it is mapped; our own files are written under another name and renamed.
    pub fn map(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the contract above. A file cut short by somebody else ends the process with SIGBUS, as it would any program that maps it;
        // `models/` and the data folder belong to this one.
        let map = unsafe { MmapOptions::new().map(&file)? };
        Ok(Self(Arc::new(map)))
    }

    /// `length` bytes of the process's own, zero until `fill` writes them.
    pub fn filled(length: usize, fill: impl FnOnce(&mut [u8])) -> io::Result<Self> {
        let mut map = MmapMut::map_anon(length.max(1))?;
        // Weights are read from end to end for every token: large pages save a look-up for most loads. A system without them declines.
        #[cfg(target_os = "linux")]
        let _ = map.advise(Advice::HugePage);
        fill(&mut map[..length]);
        Ok(Self(Arc::new(map.make_read_only()?)))
    }

    /// Asks the system to read the whole of it ahead.
    pub fn will_need(&self) {
        // Advice only: without it the pages come one by one.
        let _ = self.0.advise(Advice::WillNeed);
    }
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
