//! Who does what when. The moments are fixed before the first message is sent, and no answer moves them: were the next message sent only once the last
//! one was answered, a server that stands still would be asked less, and its standing still would be in one latency instead of in all that fell into it.

use std::time::Duration;

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// A shopper asks the bot.
    Ask,
    /// A shopper asks the bot for a person.
    AskForPerson,
    /// A shopper writes to the agent who has their conversation.
    WriteToAgent,
    /// An agent replies to a shopper.
    Reply,
}

/// How often each is done for one question to the bot, and where in its own interval it falls: not all at the same moment.
const SHARES: [(Act, f64, f64); 4] =
    [(Act::Ask, 1.0, 0.5), (Act::AskForPerson, 0.025, 0.3), (Act::WriteToAgent, 0.1, 0.4), (Act::Reply, 0.1, 0.7)];

/// What is due when, from the beginning on, in its order: `rate` questions to the bot in a second, and what people say to each other besides.
pub fn timeline(rate: f64, length: Duration) -> Vec<(Duration, Act)> {
    let mut due: Vec<(Duration, Act)> = SHARES
        .iter()
        .flat_map(|&(act, share, place)| {
            let every = 1.0 / (rate * share);
            let moments = (0_u32..).map(move |number| Duration::from_secs_f64((f64::from(number) + place) * every));
            moments.take_while(|moment| *moment < length).map(move |moment| (moment, act))
        })
        .collect();
    due.sort_unstable();
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_act_keeps_its_rate() {
        let due = timeline(20.0, Duration::from_secs(60));
        let count = |act| due.iter().filter(|(_, other)| *other == act).count();
        assert_eq!([Act::Ask, Act::AskForPerson, Act::WriteToAgent, Act::Reply].map(count), [1200, 30, 120, 120]);
        let asks: Vec<Duration> = due.iter().filter(|(_, act)| *act == Act::Ask).map(|(moment, _)| *moment).collect();
        let gaps = asks.windows(2).map(|pair| (pair[1] - pair[0]).as_micros());
        assert!(gaps.clone().all(|gap| (49_999..=50_001).contains(&gap)), "{:?}", gaps.collect::<Vec<_>>());
        assert!(due.windows(2).all(|pair| pair[0].0 <= pair[1].0) && due.iter().all(|(moment, _)| moment.as_secs() < 60));
    }

    #[test]
    fn a_short_run_has_something_of_each() {
        let due = timeline(10.0, Duration::from_secs(3));
        for act in [Act::Ask, Act::AskForPerson, Act::WriteToAgent, Act::Reply] {
            assert!(due.iter().any(|(_, other)| *other == act), "no {act:?} in {due:?}");
        }
    }
}
