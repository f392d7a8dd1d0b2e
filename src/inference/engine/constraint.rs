//! What a reply may be made of: a constraint says, after each token, what may come next.

use std::collections::BTreeMap;
use std::fmt::Debug;

/// What may follow the reply so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The tokens.
    pub allowed: Allowed,
    /// Whether the reply may end here.
    pub end: End,
}

/// Which tokens may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Whichever the model likes best.
    Anything,
    /// These, in ascending order; none is an end if an end is permitted, and a mistake of the constraint otherwise.
    Only(Vec<u32>),
}

/// Whether a reply may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It may.
    Permitted,
    /// Something must follow.
    Forbidden,
}

impl Next {
    /// The one token that may follow, where there is no choice: the model need not be asked.
    pub fn forced(&self) -> Option<u32> {
        match (&self.allowed, self.end) {
            (Allowed::Only(tokens), End::Forbidden) if tokens.len() == 1 => Some(tokens[0]),
            _ => None,
        }
    }

    /// Whether `token` may follow.
    pub fn permits(&self, token: u32) -> bool {
        match &self.allowed {
            Allowed::Anything => true,
            Allowed::Only(tokens) => tokens.contains(&token),
        }
    }
}

/// What a reply may be made of. It has no state: it is shown the whole reply each time, so that guesses can be held against it.
pub trait Constraint: Debug + Send + Sync {
    /// What may follow `reply`, the tokens said so far. Tokens that end a reply are not the constraint's business.
    fn after(&self, reply: &[u32]) -> Next;
}

/// How many of a [`Trie`]'s units a reply has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    /// One.
    One,
    /// One or more, up to this many, one after the other.
    UpTo(usize),
}

/// Replies made of given sequences of tokens, and of nothing else.
#[derive(Debug)]
pub struct Trie {
    root: Node,
    units: Units,
}

#[derive(Debug, Default)]
struct Node {
    next: BTreeMap<u32, Node>,
    /// Whether a unit is complete here.
    complete: bool,
}

impl Trie {
    /// Replies of `units` of the `sequences`; empty ones are no unit. Where one unit begins another, the longer one goes on.
    pub fn new(sequences: impl IntoIterator<Item = Vec<u32>>, units: Units) -> Self {
        let mut root = Node::default();
        for sequence in sequences.into_iter().filter(|sequence| !sequence.is_empty()) {
            let mut node = &mut root;
            for token in sequence {
                node = node.next.entry(token).or_default();
            }
            node.complete = true;
        }
        Self { root, units }
    }

    fn most(&self) -> usize {
        match self.units {
            Units::One => 1,
            Units::UpTo(most) => most,
        }
    }

    /// Where `reply` stands, and how many units were complete before. `None` when it is not made of units.
    fn walk(&self, reply: &[u32]) -> Option<(&Node, usize)> {
        let (mut node, mut complete) = (&self.root, 0);
        for token in reply {
            node = match node.next.get(token) {
                Some(next) => next,
                None if node.complete && complete + 1 < self.most() => {
                    complete += 1;
                    self.root.next.get(token)?
                }
                None => return None,
            };
        }
        Some((node, complete))
    }
}

impl Constraint for Trie {
    fn after(&self, reply: &[u32]) -> Next {
        let Some((node, complete)) = self.walk(reply).filter(|_| self.most() > 0) else {
            return Next { allowed: Allowed::Only(Vec::new()), end: End::Permitted };
        };
        let mut tokens: Vec<u32> = node.next.keys().copied().collect();
        if node.complete && complete + 1 < self.most() {
            tokens.extend(self.root.next.keys());
            tokens.sort_unstable();
            tokens.dedup();
        }
        // Without any unit the empty reply is the only one.
        let end = if node.complete || tokens.is_empty() { End::Permitted } else { End::Forbidden };
        Next { allowed: Allowed::Only(tokens), end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(trie: &Trie, reply: &[u32], allowed: &[u32], end: End) {
        let next = trie.after(reply);
        assert_eq!(next, Next { allowed: Allowed::Only(allowed.to_vec()), end }, "{reply:?}");
        assert_eq!(next.forced(), (allowed.len() == 1 && end == End::Forbidden).then(|| allowed[0]));
        assert!(allowed.iter().all(|&token| next.permits(token)) && !next.permits(99));
    }

    #[test]
    fn one_unit_is_said_to_its_end_and_no_further() {
        let trie = Trie::new([vec![1, 2, 3], vec![1, 4], vec![1, 4, 5], vec![]], Units::One);
        check(&trie, &[], &[1], End::Forbidden);
        check(&trie, &[1], &[2, 4], End::Forbidden);
        check(&trie, &[1, 2], &[3], End::Forbidden);
        check(&trie, &[1, 2, 3], &[], End::Permitted);
        check(&trie, &[1, 4], &[5], End::Permitted);
        check(&trie, &[9], &[], End::Permitted);
    }

    #[test]
    fn several_units_follow_each_other_up_to_the_most() {
        let trie = Trie::new([vec![1, 2], vec![3]], Units::UpTo(2));
        check(&trie, &[1, 2], &[1, 3], End::Permitted);
        check(&trie, &[1, 2, 1], &[2], End::Forbidden);
        check(&trie, &[1, 2, 3], &[], End::Permitted);
        check(&Trie::new([], Units::One), &[], &[], End::Permitted);
        check(&Trie::new([vec![1]], Units::UpTo(0)), &[], &[], End::Permitted);
    }
}
