//! What a knowledge base lacks: messages without a good entry, in groups that one entry or phrasing would help. What is covered and not answered is
//! grouped by the entry that covers it, for the label says more than nearness; what nothing covers is grouped by nearness.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::EvaluationError;
use super::trial::{Expected, Trial};
use crate::inference::Embed;
use crate::knowledge::{Entry, EntryId};

/// Two groups are joined while the mean cosine between their messages is at least this. Ways to ask the same thing lie above it about as often as
/// below; questions about different things seldom reach it.
pub const CUT: f32 = 0.5;
/// Places for hashed characters; a prime, so that neighbouring characters spread.
const BUCKETS: usize = 1021;
/// Messages that are given to the model at once.
const CHUNK: usize = 64;

/// Messages that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// The most typical of them first, the others in the order of the file.
    pub messages: Vec<String>,
    /// How many of them are answered now, all wrongly, for they are not covered.
    pub answered: usize,
    /// The entry that comes first for the most typical one.
    pub nearest: Option<Arc<Entry>>,
    /// What would help.
    pub advice: Advice,
}

/// What would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// Nothing covers the messages.
    WriteEntry,
    /// This entry covers them, and the bot is not sure enough of it.
    AddPhrasing(EntryId),
}

/// The messages that nothing covers or that the bot does not answer, in groups; the largest first, equally large ones in the order of their first messages.
pub fn find(trials: &[Trial], threshold: f64, embed: &dyn Embed, tick: &dyn Fn()) -> Result<Vec<Gap>, EvaluationError> {
    let open: Vec<&Trial> = trials.iter().filter(|trial| is_open(trial, threshold)).collect();
    let vectors = vectors(&open, embed, tick)?;
    let (mut covered, mut uncovered): (BTreeMap<&EntryId, Vec<usize>>, Vec<usize>) = Default::default();
    for (place, trial) in open.iter().enumerate() {
        match covering(trial) {
            Some(id) => covered.entry(id).or_default().push(place),
            None => uncovered.push(place),
        }
    }
    let own: Vec<Vec<f32>> = uncovered.iter().map(|place| vectors[*place].clone()).collect();
    let near =
        groups(&own, CUT).into_iter().map(|members| (Advice::WriteEntry, members.into_iter().map(|at| uncovered[at]).collect::<Vec<_>>()));
    let mut all: Vec<(Advice, Vec<usize>)> =
        covered.into_iter().map(|(id, members)| (Advice::AddPhrasing(id.clone()), members)).chain(near).collect();
    all.sort_by(|(_, a), (_, b)| b.len().cmp(&a.len()).then(a[0].cmp(&b[0])));
    let gap = |(advice, members): (Advice, Vec<usize>)| {
        let typical = most_typical(&vectors, &members);
        let others = members.iter().filter(|member| **member != typical);
        Gap {
            messages: std::iter::once(&typical).chain(others).map(|member| open[*member].question.message.clone()).collect(),
            answered: members.iter().filter(|member| open[**member].is_answered(threshold)).count(),
            nearest: open[typical].proposal.entry.clone(),
            advice,
        }
    };
    Ok(all.into_iter().map(gap).collect())
}

fn covering(trial: &Trial) -> Option<&EntryId> {
    match &trial.question.expected {
        Expected::OneOf(right) => right.first(),
        Expected::Absent | Expected::NotCovered => None,
    }
}

/// A vector of length 1 for each message: the model's, and beside it, for Chinese, of which the model knows little, one of its characters and their pairs.
fn vectors(open: &[&Trial], embed: &dyn Embed, tick: &dyn Fn()) -> Result<Vec<Vec<f32>>, EvaluationError> {
    let mut vectors = Vec::with_capacity(open.len());
    for chunk in open.chunks(CHUNK) {
        let texts: Vec<&str> = chunk.iter().map(|trial| trial.question.message.as_str()).collect();
        for (trial, mut vector) in chunk.iter().zip(embed.embed(&texts)?) {
            let characters = if trial.proposal.cjk >= 0.5 { characters(&trial.question.message) } else { vec![0.0; BUCKETS] };
            if trial.proposal.cjk >= 0.5 {
                vector.fill(0.0);
            }
            vector.extend(characters);
            vectors.push(vector);
            tick();
        }
    }
    Ok(vectors)
}

/// How often each character and each pair of neighbours occurs, by their hashes.
fn characters(text: &str) -> Vec<f32> {
    let letters: Vec<usize> = text.chars().filter(|c| c.is_alphanumeric()).map(|c| c as usize).collect();
    let mut counts = vec![0.0_f32; BUCKETS];
    letters.iter().for_each(|letter| counts[letter % BUCKETS] += 1.0);
    letters.windows(2).for_each(|pair| counts[(pair[0] * 31 + pair[1]) % BUCKETS] += 1.0);
    let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    counts.iter_mut().for_each(|count| *count /= length);
    counts
}

/// How many messages [`find`] looks at.
pub fn count(trials: &[Trial], threshold: f64) -> usize {
    trials.iter().filter(|trial| is_open(trial, threshold)).count()
}

fn is_open(trial: &Trial, threshold: f64) -> bool {
    trial.question.expected == Expected::NotCovered || !trial.is_answered(threshold)
}

/// Average linkage: the two nearest groups are joined until the mean cosine of no two reaches `cut`. Groups hold places in `vectors`, ascending; the
/// largest is first, equally large ones are in the order of their first places.
///
/// Vectors have length 1, so the mean cosine of two groups is the product of their sums over both sizes, and no table of all pairs is needed. Chains of
/// nearest neighbours end in two groups that are each other's; average linkage joins those at once without changing the outcome.
fn groups(vectors: &[Vec<f32>], cut: f32) -> Vec<Vec<usize>> {
    let mut open: Vec<Option<Group>> =
        vectors.iter().enumerate().map(|(place, vector)| Some(Group { members: vec![place], sum: vector.clone() })).collect();
    let mut done: Vec<Vec<usize>> = Vec::new();
    let mut chain: Vec<usize> = Vec::new();
    while let Some(start) = chain.pop().or_else(|| open.iter().position(Option::is_some)) {
        chain.push(start);
        let Some(group) = &open[start] else { unreachable!("only open groups are in the chain") };
        let before = chain.len().checked_sub(2).map(|place| chain[place]);
        let nearest = nearest(group, start, &open, before);
        match nearest {
            // What is nearest to it is not near enough, and joining others brings nothing nearer.
            None => {
                chain.pop();
                done.extend(open[start].take().map(|group| group.members));
            }
            Some((_, likeness)) if likeness < cut => {
                chain.pop();
                done.extend(open[start].take().map(|group| group.members));
            }
            Some((other, _)) if Some(other) == before => {
                chain.truncate(chain.len() - 2);
                let joined = open[start].take().zip(open[other].take()).map(|(one, two)| one.join(two));
                open[start.min(other)] = joined;
            }
            Some((other, _)) => chain.push(other),
        }
    }
    done.iter_mut().for_each(|members| members.sort_unstable());
    done.sort_by(|a, b| b.len().cmp(&a.len()).then(a[0].cmp(&b[0])));
    done
}

struct Group {
    members: Vec<usize>,
    sum: Vec<f32>,
}

impl Group {
    fn join(mut self, other: Self) -> Self {
        self.members.extend(other.members);
        self.sum.iter_mut().zip(&other.sum).for_each(|(value, more)| *value += more);
        self
    }
}

/// The nearest other open group; of equally near ones the one before in the chain, so that the chain ends, else the first.
fn nearest(group: &Group, own: usize, open: &[Option<Group>], before: Option<usize>) -> Option<(usize, f32)> {
    let likeness = |other: &Group| dot(&group.sum, &other.sum) / (group.members.len() * other.members.len()) as f32;
    let mut best: Option<(usize, f32)> = before.and_then(|place| open[place].as_ref().map(|other| (place, likeness(other))));
    for (place, other) in open.iter().enumerate().filter(|(place, _)| *place != own) {
        if let Some(likeness) = other.as_ref().map(&likeness)
            && best.is_none_or(|(_, most)| likeness > most)
        {
            best = Some((place, likeness));
        }
    }
    best
}

/// The member that is nearest to all of them, the first of equally near ones.
fn most_typical(vectors: &[Vec<f32>], members: &[usize]) -> usize {
    let mut sum = vec![0.0; vectors[members[0]].len()];
    members.iter().for_each(|member| sum.iter_mut().zip(&vectors[*member]).for_each(|(value, more)| *value += more));
    let mut best = (members[0], f32::MIN);
    for member in members {
        let near = dot(&vectors[*member], &sum);
        if near > best.1 {
            best = (*member, near);
        }
    }
    best.0
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Labelled, Proposal};
    use crate::inference::InferenceError;
    use crate::knowledge::HandoffRule;

    /// Unit vectors of the plane at these angles.
    fn at(degrees: &[f32]) -> Vec<Vec<f32>> {
        degrees.iter().map(|angle| vec![angle.to_radians().cos(), angle.to_radians().sin()]).collect()
    }

    #[test]
    fn what_is_near_on_average_is_joined() {
        for (angles, cut, expected) in [
            (&[][..], 0.5, vec![]),
            (&[0.0], 0.5, vec![vec![0]]),
            (&[0.0, 90.0, 5.0, 95.0, 10.0], 0.9, vec![vec![0, 2, 4], vec![1, 3]]),
            // 0 and 30 are joined first (0.87); 60 is at 0.87 from 30 but 0.5 from 0, 0.68 on average.
            (&[0.0, 30.0, 61.0], 0.7, vec![vec![0, 1], vec![2]]),
            (&[0.0, 30.0, 61.0], 0.6, vec![vec![0, 1, 2]]),
            (&[0.0, 180.0], -1.0, vec![vec![0, 1]]),
            (&[7.0, 7.0, 7.0, 7.0], 0.99, vec![vec![0, 1, 2, 3]]),
        ] {
            assert_eq!(groups(&at(angles), cut), expected, "{angles:?} at {cut}");
        }
    }

    /// The chain gives what joining the nearest two again and again gives.
    #[test]
    fn the_order_of_joining_does_not_matter() {
        let angles: Vec<f32> = (0..40).map(|number: u32| (number * number * 37 % 360) as f32 + number as f32 / 97.0).collect();
        let vectors = at(&angles);
        let mean = |a: &[usize], b: &[usize]| {
            let all = a.iter().flat_map(|x| b.iter().map(move |y| (x, y)));
            all.map(|(x, y)| dot(&vectors[*x], &vectors[*y])).sum::<f32>() / (a.len() * b.len()) as f32
        };
        let mut plain: Vec<Vec<usize>> = (0..angles.len()).map(|place| vec![place]).collect();
        loop {
            let pairs = (0..plain.len()).flat_map(|a| (a + 1..plain.len()).map(move |b| (a, b)));
            let best = pairs.map(|(a, b)| (a, b, mean(&plain[a], &plain[b]))).max_by(|x, y| x.2.total_cmp(&y.2));
            let Some((a, b, _)) = best.filter(|(.., likeness)| *likeness >= 0.8) else { break };
            let other = plain.remove(b);
            plain[a].extend(other);
            plain[a].sort_unstable();
        }
        plain.sort_by(|a, b| b.len().cmp(&a.len()).then(a[0].cmp(&b[0])));
        assert_eq!(groups(&vectors, 0.8), plain);
    }

    /// A vector by the first letter.
    struct FirstLetter;

    impl Embed for FirstLetter {
        fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, InferenceError> {
            // Chinese is all alike to it, as it is to the model.
            Ok(texts.iter().map(|text| (b'a'..=b'z').map(|letter| f32::from(text.as_bytes()[0] == letter)).collect()).collect())
        }

        fn dimensions(&self) -> usize {
            26
        }

        fn fingerprint(&self) -> &str {
            "first letter"
        }
    }

    #[test]
    fn a_gap_says_what_would_help() {
        let id = |id: &str| EntryId::parse(id).unwrap();
        let trial = |message: &str, right: Option<&str>, confidence: f64| {
            let expected = right.map_or(Expected::NotCovered, |right| Expected::OneOf(vec![id(right)]));
            let entry = Entry {
                id: id("x"),
                topic: String::new(),
                locale: String::new(),
                updated: None,
                question: "X?".into(),
                phrasings: vec![],
                answer: String::new(),
                handoff: HandoffRule::Never,
                file: String::new(),
                line: 1,
            };
            let proposal = Proposal { entry: Some(Arc::new(entry)), confidence, cjk: 0.0, ranked: vec![id("x")] };
            Trial { question: Labelled { message: message.into(), expected }, proposal }
        };
        let chinese = |message: &str| {
            let mut trial = trial(message, None, 0.1);
            trial.proposal.cjk = 1.0;
            trial
        };
        let trials = [
            trial("b1", Some("x"), 0.4),
            trial("a1", None, 0.1),
            trial("a2", None, 0.9),
            trial("sure and covered", Some("x"), 0.9),
            trial("b2", None, 0.2),
            trial("a3", Some("y"), 0.3),
            trial("c", Some("x"), 0.1),
            chinese("\u{53ef}\u{4ee5}\u{5bc4}\u{5230}\u{65e5}\u{672c}\u{5417}"),
            chinese("\u{5bc4}\u{5230}\u{65e5}\u{672c}\u{53ef}\u{4ee5}\u{5417}"),
            chinese("\u{4f60}\u{559c}\u{6b22}\u{6211}"),
        ];
        let found = find(&trials, 0.5, &FirstLetter, &|| ()).unwrap();
        let said: Vec<(usize, &str, usize, &Advice)> =
            found.iter().map(|gap| (gap.messages.len(), gap.messages[0].as_str(), gap.answered, &gap.advice)).collect();
        let phrasing = |entry| Advice::AddPhrasing(id(entry));
        assert_eq!(
            said,
            [
                (2, "b1", 0, &phrasing("x")),
                (2, "a1", 1, &Advice::WriteEntry),
                (2, trials[7].question.message.as_str(), 0, &Advice::WriteEntry),
                (1, "b2", 0, &Advice::WriteEntry),
                (1, "a3", 0, &phrasing("y")),
                (1, trials[9].question.message.as_str(), 0, &Advice::WriteEntry),
            ]
        );
        assert_eq!(count(&trials, 0.5), 9);
        assert_eq!(found[0].nearest.as_ref().map(|entry| entry.id.as_str()), Some("x"));
    }
}
