//! What the settings say of the way to a person, as the rooms want it.

use crate::assistant::Topics;
use crate::config::desk::Desk;
use crate::conversation::Priority;
use crate::desk::Routing;
use crate::prompt::Sensitive;

/// What a person has to see at once.
pub fn topics(desk: &Desk) -> Topics {
    let known = desk.sensitive_topics.iter().filter_map(|name| Sensitive::parse(name));
    Topics::new(known, desk.topics.clone())
}

/// Where tickets go.
pub fn routing(desk: &Desk) -> Routing {
    let priorities = desk.priority.iter().filter_map(|(name, priority)| Some((name.clone(), Priority::parse(priority)?)));
    Routing::new(priorities.collect(), desk.queues.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reasons::{PRIORITIES, REASONS, TOPICS};
    use crate::config::{Overrides, load};
    use crate::conversation::HandoffReason;

    #[test]
    fn the_settings_know_every_reason_topic_and_priority() {
        assert_eq!(HandoffReason::ALL.map(HandoffReason::as_str), REASONS);
        assert_eq!(Sensitive::ALL.map(Sensitive::as_str), TOPICS);
        assert_eq!(Priority::ALL.map(Priority::as_str), PRIORITIES);
    }

    #[test]
    fn the_default_settings_write_down_what_holds_without_any() {
        let desk = load(&Overrides::default()).unwrap().desk;
        let (written, usual) = (routing(&desk), Routing::default());
        for reason in HandoffReason::ALL {
            for topic in [None, Some("own")].into_iter().chain(Sensitive::ALL.map(|topic| Some(topic.as_str()))) {
                assert_eq!(
                    written.of(reason, topic.filter(|_| reason == HandoffReason::Sensitive)),
                    usual.of(reason, topic),
                    "{reason:?} {topic:?}"
                );
            }
        }
        assert_eq!(topics(&desk), Topics::new(Sensitive::ALL, []));
    }
}
