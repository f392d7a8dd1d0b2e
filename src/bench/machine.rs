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

/// Memory of a process in bytes.
#[derive(Debug, Clone, Copy, Serialize)]
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
    /// Ours, as the kernel counts it; `None` on other systems than Linux.
    pub fn read() -> Option<Self> {
        Self::of("self")
    }

    /// That of the process with this number.
    pub fn of(process: &str) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
        };
        Some(Self { resident: field("VmRSS:")?, peak: field("VmHWM:")? })
    }
}

/// The kernel counts a process's time in hundredths of a second, whatever its own clock is.
const TICKS: f64 = 100.0;

/// Seconds of all cores together that a process has computed so far.
pub fn processor_seconds(process: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold blanks; after it come the fields from the third on.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some((user + system) / TICKS)
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
            let before = processor_seconds("self").unwrap();
            let mut sum = 0_u64;
            while processor_seconds("self").unwrap() <= before {
                sum = std::hint::black_box((0..1_000_000_u64).fold(sum, u64::wrapping_add));
            }
            assert_eq!((processor_seconds("0"), Memory::of("0").map(|memory| memory.peak)), (None, None));
        }
    }
}
