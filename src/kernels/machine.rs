//! What a pass runs on.

use crate::activations::Precision;
use crate::isa::Isa;
use crate::team::Team;

/// The instructions and the threads of one owner.
pub struct Machine {
    pub(crate) isa: Isa,
    pub(crate) team: Team,
}

impl Machine {
    /// These instructions, on so many threads.
    pub fn new(isa: Isa, threads: usize) -> Self {
        Self { isa, team: Team::new(threads) }
    }

    /// The best instructions at hand, on so many threads.
    pub fn of(threads: usize) -> Self {
        Self::new(Isa::detect(), threads)
    }

    /// How the rows of prompts are best rounded here. Which precision a row has must depend on what it is, never on how many there are: else a
    /// reply would depend on what is beside it.
    pub fn for_prompts(&self) -> Precision {
        #[cfg(target_arch = "x86_64")]
        if self.isa == Isa::Avx512 && crate::amx::available() {
            return Precision::Brains;
        }
        Precision::Bytes
    }

    /// The name of its instructions.
    pub fn instructions(&self) -> &'static str {
        match self.for_prompts() {
            Precision::Brains => "avx512-vnni, amx-bf16",
            Precision::Bytes => self.isa.name(),
        }
    }
}
