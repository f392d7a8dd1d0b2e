//! What the figures depend on: the machine, and what our process takes of it.

use std::fs;

use serde::Serialize;

/// The machine.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// The processor by its own name.
    pub processor: String,
    /// How many threads it runs at once for us.
    pub threads: usize,
}

/// Memory of our process in bytes.
#[derive(Debug, Serialize)]
pub struct Memory {
    /// Now.
    pub resident: u64,
    /// At most so far.
    pub peak: u64,
}

impl Machine {
    /// This one.
    pub fn read() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor =
            info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned()));
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { processor: processor.unwrap_or_else(|| "a processor without a name".to_owned()), threads }
    }
}

impl Memory {
    /// As the kernel counts it; `None` on other systems than Linux.
    pub fn read() -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
        };
        Some(Self { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_known() {
        let machine = Machine::read();
        assert!(!machine.processor.is_empty() && machine.threads > 0);
        if cfg!(target_os = "linux") {
            let memory = Memory::read().unwrap();
            assert!(memory.resident > 1 << 20 && memory.peak >= memory.resident, "{memory:?}");
        }
    }
}
