//! How long a delivery that failed waits for its next try.

use std::time::Duration;

use crate::conversation::DeliveryId;

/// Multiples of the first pause: with 5 s the pauses are 5 s, 30 s, 2 min, 10 min, and then an hour each time.
const STEPS: [u32; 5] = [1, 6, 24, 120, 720];

/// The pause after a delivery has failed `attempts` times, up to a fifth shorter or longer: what failed together does not come back together.
pub fn pause(first: Duration, attempts: i64, id: DeliveryId) -> Duration {
    let step = usize::try_from(attempts - 1).unwrap_or(0).min(STEPS.len() - 1);
    // The last bytes of an id are evenly spread. The number of tries moves them on, so that two deliveries that meet once part again.
    let spread = (id.0.as_u128() as u32).wrapping_mul(0x9e37_79b1).wrapping_add((attempts as u32).wrapping_mul(0x85eb_ca6b));
    (first * STEPS[step]).mul_f64(0.8 + 0.4 * f64::from(spread) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(5);

    fn id(n: u128) -> DeliveryId {
        DeliveryId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn pauses_grow_to_an_hour_and_stay_there() {
        let check = |attempts: i64, seconds: u64| {
            for n in 0..200 {
                let (pause, middle) = (pause(FIRST, attempts, id(n)), Duration::from_secs(seconds));
                assert!(pause >= middle.mul_f64(0.799) && pause <= middle.mul_f64(1.201), "after {attempts}: {pause:?}");
            }
        };
        for (attempts, seconds) in [(0, 5), (1, 5), (2, 30), (3, 120), (4, 600), (5, 3600), (6, 3600), (i64::MAX, 3600)] {
            check(attempts, seconds);
        }
    }

    #[test]
    fn what_failed_together_does_not_come_back_together() {
        let mut pauses: Vec<u128> = (0..100).map(|n| pause(FIRST, 1, id(n)).as_millis() / 100).collect();
        pauses.sort_unstable();
        pauses.dedup();
        assert!(pauses.len() >= 15, "spread over two seconds: {pauses:?}");
    }
}
