//! The threads that share the arithmetic of one model.
//!
//! A forward pass is some hundreds of short regions. In each the members take chunks off a common counter, so that a member which the system
//! has given no processor to merely takes fewer of them: the leader waits only for a member that is in the middle of a chunk. It waits awake for
//! as long as that should take, and then asleep: its core is free then for the member that another program has displaced, which is how long
//! waits become short ones. When they stay long nevertheless the leader works alone for a while: one thread with a core to itself is faster than
//! two that wait for each other.

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

/// How often a member looks for the next region before it sleeps: some tens of microseconds, more than the serial parts of a pass take.
const SPINS: u32 = 20_000;
/// How long the leader waits awake at least, and as which part of the time that its own chunks took: two members rarely end further apart.
const AWAKE: Duration = Duration::from_micros(60);
const AWAKE_SHARE: u32 = 4;
/// A leader that sleeps looks for itself so often, whatever it is told.
const NAP: Duration = Duration::from_millis(5);
/// A region that ends so much later than the leader's own part, and than a part of the same length would, was held up by another program.
const STALL: Duration = Duration::from_micros(800);
/// So many stalls within [`WINDOW`] mean that the cores are shared.
const STALLS: u32 = 3;
const WINDOW: Duration = Duration::from_millis(250);
const SHORTEST_SOLO: Duration = Duration::from_millis(250);
const LONGEST_SOLO: Duration = Duration::from_secs(4);

/// A leader (whoever calls [`Team::run`]) and its members.
pub(crate) struct Team {
    shared: Arc<Shared>,
    members: Vec<JoinHandle<()>>,
    contention: Contention,
}

struct Shared {
    /// Even: no region is open. Odd: one is. A member may touch `job` only between entering and leaving.
    epoch: AtomicU64,
    /// Members at work on the open region.
    inside: AtomicUsize,
    next: AtomicUsize,
    job: std::cell::UnsafeCell<Option<Job>>,
    sleeping: AtomicU32,
    /// Set while the leader sleeps at the end of a region, with whom to wake.
    leader_sleeps: AtomicBool,
    leader: Mutex<Option<Thread>>,
    closing: AtomicBool,
    panicked: AtomicBool,
}

// SAFETY: `job` is written by the leader while no member is inside, and read by members that are (see `enter`).
unsafe impl Sync for Shared {}
// SAFETY: as above; the closure that a job points to is `Sync`.
unsafe impl Send for Shared {}

#[derive(Clone, Copy)]
struct Job {
    work: *const (dyn Fn(Range<usize>) + Sync),
    length: usize,
    grain: usize,
}

/// When the leader works alone.
struct Contention {
    stalls: Cell<u32>,
    since: Cell<Instant>,
    alone_until: Cell<Option<Instant>>,
    alone_for: Cell<Duration>,
}

impl Team {
    /// A team of `threads`, the leader included.
    pub(crate) fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            epoch: AtomicU64::new(0),
            inside: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            job: std::cell::UnsafeCell::new(None),
            sleeping: AtomicU32::new(0),
            leader_sleeps: AtomicBool::new(false),
            leader: Mutex::new(None),
            closing: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
        });
        let members = (1..threads.max(1))
            .filter_map(|index| {
                let shared = Arc::clone(&shared);
                // A thread that cannot be started is one fewer to share the work: nothing depends on how many there are.
                std::thread::Builder::new().name(format!("arithmetic-{index}")).spawn(move || shared.serve()).ok()
            })
            .collect();
        let contention = Contention {
            stalls: Cell::new(0),
            since: Cell::new(Instant::now()),
            alone_until: Cell::new(None),
            alone_for: Cell::new(SHORTEST_SOLO),
        };
        Self { shared, members, contention }
    }

    /// How many threads share the work, the leader included.
    pub(crate) fn threads(&self) -> usize {
        1 + self.members.len()
    }

    /// Calls `work` with parts of `0..length`, each of at most `grain`, on all members; returns when all is done. A panic in a part goes on
    /// in the leader.
    pub(crate) fn run(&self, length: usize, grain: usize, work: impl Fn(Range<usize>) + Sync) {
        let grain = grain.max(1);
        if length <= grain || self.members.is_empty() || self.contention.alone() {
            if length > 0 {
                work(0..length);
            }
            return;
        }
        let work: &(dyn Fn(Range<usize>) + Sync) = &work;
        // SAFETY: only the lifetime is taken off. The pointer is used by members inside the region, and this function does not return, by a
        // panic either, before the region is closed and nobody is inside.
        let work: *const (dyn Fn(Range<usize>) + Sync) = unsafe { std::mem::transmute(work) };
        let job = Job { work, length, grain };
        self.shared.open(job, &self.members);
        let region = Region { team: self, began: Instant::now() };
        self.shared.take_chunks(job);
        drop(region);
        assert!(!self.shared.panicked.swap(false, Ordering::Relaxed), "a part of the arithmetic panicked on another thread");
    }
}

/// Closes the region when dropped, by a panic of the leader's own part too.
struct Region<'a> {
    team: &'a Team,
    began: Instant,
}

impl Drop for Region<'_> {
    fn drop(&mut self) {
        let shared = &self.team.shared;
        let own = self.began.elapsed();
        // Whatever is left after a panic is taken by nobody.
        shared.next.store(usize::MAX / 2, Ordering::Relaxed);
        // From here on no member enters; those inside finish their chunk.
        shared.epoch.fetch_add(1, Ordering::SeqCst);
        if shared.inside.load(Ordering::SeqCst) == 0 {
            return;
        }
        let waiting = Instant::now();
        let awake = AWAKE.max(own / AWAKE_SHARE);
        while shared.inside.load(Ordering::SeqCst) != 0 {
            if waiting.elapsed() < awake {
                (0..50).for_each(|_| std::hint::spin_loop());
            } else {
                shared.sleep_until_left();
            }
        }
        if waiting.elapsed() > STALL + own {
            self.team.contention.note_stall();
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        for member in self.members.drain(..) {
            member.thread().unpark();
            // Members catch the panics of their parts.
            let _ = member.join();
        }
    }
}

impl Shared {
    fn open(&self, job: Job, members: &[JoinHandle<()>]) {
        // SAFETY: the region is closed (the epoch is even) and nobody is inside: no other thread touches the cell.
        unsafe { *self.job.get() = Some(job) };
        self.next.store(0, Ordering::Relaxed);
        self.epoch.fetch_add(1, Ordering::SeqCst);
        if self.sleeping.load(Ordering::SeqCst) != 0 {
            members.iter().map(JoinHandle::thread).for_each(Thread::unpark);
        }
    }

    fn take_chunks(&self, job: Job) {
        loop {
            let start = self.next.fetch_add(job.grain, Ordering::Relaxed);
            if start >= job.length {
                return;
            }
            // SAFETY: the leader is in `run`, or a member is inside: the closure lives.
            unsafe { (*job.work)(start..job.length.min(start + job.grain)) };
        }
    }

    fn serve(&self) {
        let mut seen = 0;
        let mut looks = 0u32;
        while !self.closing.load(Ordering::Relaxed) {
            let epoch = self.epoch.load(Ordering::SeqCst);
            if epoch % 2 == 1 && epoch != seen {
                seen = epoch;
                looks = 0;
                self.enter(epoch);
                continue;
            }
            looks += 1;
            if looks < SPINS {
                std::hint::spin_loop();
                continue;
            }
            self.sleeping.fetch_add(1, Ordering::SeqCst);
            // The leader opens first and looks for sleepers then; we say that we sleep first and look for a region then. One sees the other.
            let epoch = self.epoch.load(Ordering::SeqCst);
            if (epoch.is_multiple_of(2) || epoch == seen) && !self.closing.load(Ordering::SeqCst) {
                std::thread::park();
            }
            self.sleeping.fetch_sub(1, Ordering::SeqCst);
            looks = 0;
        }
    }

    fn enter(&self, epoch: u64) {
        self.inside.fetch_add(1, Ordering::SeqCst);
        // Closed meanwhile? Then the leader may be gone already, and with it the closure.
        if self.epoch.load(Ordering::SeqCst) == epoch {
            // SAFETY: the leader saw us inside or will: it changes the cell only after we left.
            if let Some(job) = unsafe { *self.job.get() } {
                let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.take_chunks(job)));
                if done.is_err() {
                    self.panicked.store(true, Ordering::SeqCst);
                }
            }
        }
        if self.inside.fetch_sub(1, Ordering::SeqCst) == 1 && self.leader_sleeps.load(Ordering::SeqCst) {
            let leader = self.leader.lock().unwrap_or_else(PoisonError::into_inner);
            leader.iter().for_each(Thread::unpark);
        }
    }

    /// Sleeps until the last member has left, or for a moment.
    fn sleep_until_left(&self) {
        *self.leader.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current());
        self.leader_sleeps.store(true, Ordering::SeqCst);
        // We say that we sleep first and look then; a member leaves first and looks for sleepers then. One sees the other.
        if self.inside.load(Ordering::SeqCst) != 0 {
            std::thread::park_timeout(NAP);
        }
        self.leader_sleeps.store(false, Ordering::SeqCst);
    }
}

impl Contention {
    fn alone(&self) -> bool {
        let Some(until) = self.alone_until.get() else { return false };
        if Instant::now() < until {
            return true;
        }
        self.alone_until.set(None);
        self.stalls.set(0);
        self.since.set(Instant::now());
        false
    }

    fn note_stall(&self) {
        let now = Instant::now();
        if now.duration_since(self.since.get()) > WINDOW {
            // It had become quiet: the next time begins with a short while again.
            if now.duration_since(self.since.get()) > 4 * WINDOW {
                self.alone_for.set(SHORTEST_SOLO);
            }
            self.since.set(now);
            self.stalls.set(0);
        }
        self.stalls.set(self.stalls.get() + 1);
        if self.stalls.get() >= STALLS {
            self.alone_until.set(Some(now + self.alone_for.get()));
            self.alone_for.set((self.alone_for.get() * 2).min(LONGEST_SOLO));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once_by_any_number_of_threads() {
        for threads in [1, 2, 3] {
            let team = Team::new(threads);
            for (length, grain) in [(0, 1), (1, 1), (100, 7), (1000, 1), (5, 100)] {
                for _ in 0..50 {
                    let counts: Vec<AtomicUsize> = (0..length).map(|_| AtomicUsize::new(0)).collect();
                    team.run(length, grain, |range| {
                        assert!(range.len() <= grain.max(length));
                        range.for_each(|index| {
                            counts[index].fetch_add(1, Ordering::Relaxed);
                        });
                    });
                    assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1), "{threads} threads, {length} by {grain}");
                }
            }
        }
    }

    #[test]
    fn members_that_sleep_are_woken_for_the_next_region() {
        let team = Team::new(2);
        let both_work = || {
            // Longer than a member looks around before it sleeps.
            std::thread::sleep(Duration::from_millis(20));
            let names = Mutex::new(std::collections::HashSet::new());
            team.run(2, 1, |_| {
                names.lock().unwrap().insert(std::thread::current().id());
                // Long enough for the other to take the second part, if it gets a core.
                std::thread::sleep(Duration::from_millis(30));
            });
            names.into_inner().unwrap().len() == 2
        };
        assert!((0..50).any(|_| both_work()));
        assert!((0..50).any(|_| both_work()), "and again");
    }

    #[test]
    fn a_panic_of_any_part_reaches_the_caller_and_the_team_works_on() {
        let team = Team::new(2);
        for bad in 0..20 {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                team.run(20, 1, |range| assert!(!range.contains(&bad), "part {bad}"));
            }));
            assert!(caught.is_err(), "part {bad}");
            let done = AtomicUsize::new(0);
            team.run(10, 1, |range| {
                done.fetch_add(range.len(), Ordering::Relaxed);
            });
            assert_eq!(done.load(Ordering::Relaxed), 10);
        }
    }
}
