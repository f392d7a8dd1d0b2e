//! What a pass runs on.

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

    /// The name of its instructions.
    pub fn instructions(&self) -> &'static str {
        self.isa.name()
    }
}
