//! Who speaks next: which shopper is free to ask the bot, and who has which shopper.

use std::collections::VecDeque;

/// After so many conversations of one agent's the oldest is resolved when another one comes.
const KEPT: usize = 4;

/// In whose hands a shopper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hands {
    /// The bot's.
    Bot,
    /// Nobody's: the bot has handed them over.
    Waiting,
    /// An agent's, who is taking them or has them.
    Agent(usize),
}

/// All shoppers and agents, by number.
#[derive(Debug)]
pub struct People {
    hands: Vec<Hands>,
    /// Messages of a shopper and to them that the server has not taken in yet.
    under_way: Vec<usize>,
    /// Those who are with the bot and wait for nothing, the longest idle first.
    free: VecDeque<usize>,
    /// Those whom an agent has, whoever was spoken to longest ago first.
    served: VecDeque<usize>,
    agents: usize,
    taken: usize,
}

impl People {
    /// So many of each; all shoppers are with the bot.
    pub fn new(agents: usize, shoppers: usize) -> Self {
        Self {
            hands: vec![Hands::Bot; shoppers],
            under_way: vec![0; shoppers],
            free: (0..shoppers).collect(),
            served: VecDeque::new(),
            agents,
            taken: 0,
        }
    }

    /// A shopper who asks the bot; nobody where all wait for something. They are not free until [`People::answered`] or [`People::parted`].
    pub fn asks(&mut self) -> Option<usize> {
        self.free.pop_front()
    }

    /// The bot has answered the shopper and goes on.
    pub fn answered(&mut self, shopper: usize) {
        if self.hands[shopper] == Hands::Bot {
            self.free.push_back(shopper);
        }
    }

    /// The shopper waits for a person. The agent who takes them; nobody where they are being taken already.
    pub fn waits(&mut self, shopper: usize) -> Option<usize> {
        if let Hands::Agent(_) = self.hands[shopper] {
            return None;
        }
        let agent = self.taken % self.agents;
        self.taken += 1;
        self.hands[shopper] = Hands::Agent(agent);
        self.free.retain(|free| *free != shopper);
        Some(agent)
    }

    /// The bot has handed the shopper over; an agent may have taken them before that was seen.
    pub fn handed_over(&mut self, shopper: usize) {
        if self.hands[shopper] == Hands::Bot {
            self.hands[shopper] = Hands::Waiting;
        }
    }

    /// The agent has the shopper.
    pub fn claimed(&mut self, shopper: usize) {
        self.served.push_back(shopper);
    }

    /// How many shoppers agents have.
    pub fn served(&self) -> usize {
        self.served.len()
    }

    /// A shopper and their agent, between whom a message goes; nobody where no agent has anybody.
    pub fn talk(&mut self) -> Option<(usize, usize)> {
        let shopper = self.served.pop_front()?;
        self.served.push_back(shopper);
        let Hands::Agent(agent) = self.hands[shopper] else { return None };
        self.under_way[shopper] += 1;
        Some((shopper, agent))
    }

    /// The server has taken in the message, or refused it.
    pub fn arrived(&mut self, shopper: usize) {
        self.under_way[shopper] -= 1;
    }

    /// A shopper whose conversation their agent resolves, where agents have many. They are nobody's to talk to until [`People::parted`].
    pub fn parts(&mut self) -> Option<(usize, usize)> {
        if self.served.len() <= self.agents * KEPT {
            return None;
        }
        let place = self.served.iter().position(|shopper| self.under_way[*shopper] == 0)?;
        let shopper = self.served.remove(place)?;
        let Hands::Agent(agent) = self.hands[shopper] else { return None };
        Some((shopper, agent))
    }

    /// The conversation is resolved: the shopper's next message is the bot's to answer.
    pub fn parted(&mut self, shopper: usize) {
        self.hands[shopper] = Hands::Bot;
        self.free.push_back(shopper);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shopper_has_one_question_at_a_time() {
        let mut people = People::new(1, 2);
        assert_eq!([people.asks(), people.asks(), people.asks()], [Some(0), Some(1), None]);
        people.answered(1);
        assert_eq!([people.asks(), people.asks()], [Some(1), None]);
    }

    #[test]
    fn whoever_waits_is_taken_once_and_talks_with_that_agent() {
        let mut people = People::new(2, 3);
        let [Some(ann), Some(bob)] = [people.asks(), people.asks()] else { panic!("both are free") };
        people.handed_over(ann);
        assert_eq!((people.waits(ann), people.waits(ann)), (Some(0), None), "each console tells it");
        assert_eq!(people.talk(), None, "not before the claim");
        // The claim was quicker than the widget.
        assert_eq!(people.waits(bob), Some(1));
        people.handed_over(bob);
        people.answered(bob);
        people.claimed(ann);
        people.claimed(bob);
        assert_eq!([people.talk(), people.talk(), people.talk()], [Some((ann, 0)), Some((bob, 1)), Some((ann, 0))]);
        assert_eq!((people.asks(), people.asks()), (Some(2), None), "the bot has neither of them");
    }

    #[test]
    fn an_agent_with_many_resolves_the_oldest_that_is_quiet() {
        let mut people = People::new(1, 6);
        for _ in 0..=KEPT {
            assert_eq!(people.parts(), None);
            let shopper = people.asks().unwrap();
            people.waits(shopper);
            people.claimed(shopper);
        }
        let (spoken, _) = people.talk().unwrap();
        assert_eq!((spoken, people.parts()), (0, Some((1, 0))));
        people.parted(1);
        assert_eq!([people.asks(), people.asks(), people.asks()], [Some(5), Some(1), None]);
        people.arrived(spoken);
        assert_eq!(people.parts(), None, "few enough are left");
    }
}
