//! A statement held against a source: values, names, states, denials, limits, conditions, and how much of it stands there at all.

use std::collections::HashSet;

use super::address::addresses;
use super::bound::Bound;
use super::condition::Condition;
use super::fault::Fault;
use super::lexicon::Class;
use super::passage::{Passage, Word};
use super::selection::{about, choose};
use super::source::Source;
use super::value::{Sort, Unit, Value};

/// The least share of what a statement says that must stand in the source. From 0.75 to 0.9 the faithful replies of the shops that pass become 3 %
/// fewer, and of what passes on BEGIN's development set 5 % instead of 14 % is not fully attributable.
const LEAST_SHARE: f32 = 0.9;
/// The least share of the words around a value that must stand where the value stands.
const LEAST_NEAR: f32 = 0.5;
/// How many places of a value or a word are looked at: in an honest text there are a few.
const MOST_PLACES: usize = 24;

/// A statement and the sentences that it seems to come from.
pub struct Judge<'a> {
    said: &'a Passage,
    source: &'a Source,
    /// The sentences, the best first.
    chosen: Vec<u32>,
    /// Where the source has several orders, the sentences about those of the statement.
    about: Option<HashSet<u32>>,
}

impl<'a> Judge<'a> {
    /// Finds the sentences.
    pub fn of(said: &'a Passage, source: &'a Source) -> Self {
        Self { said, source, chosen: choose(said, source), about: about(said, source) }
    }

    /// What is wrong with it first.
    pub fn fault(&self) -> Option<Fault> {
        let share = self.share();
        if self.said.words.iter().any(|word| word.stem == "=i") && !self.stands("=i") {
            return Some(Fault::Speaker);
        }
        self.address_fault()
            .or_else(|| self.value_fault())
            .or_else(|| self.day_fault())
            .or_else(|| self.name_fault())
            .or_else(|| self.status_fault())
            .or_else(|| (share < LEAST_SHARE / 2.0).then_some(Fault::Unsupported { share }))
            .or_else(|| self.denial_fault())
            .or_else(|| self.answer_fault())
            .or_else(|| self.limit_fault())
            .or_else(|| self.condition_fault())
            .or_else(|| (share < LEAST_SHARE).then_some(Fault::Unsupported { share }))
    }

    /// The share of what is said that stands in the chosen sentences; of nothing, 0.
    pub fn share(&self) -> f32 {
        let all: f32 = self.said.words.iter().map(|word| word.weight).sum();
        let found: f32 = self.said.words.iter().filter(|word| self.stands(&word.stem)).map(|word| word.weight).sum();
        if all > 0.0 { found / all } else { 0.0 }
    }

    /// The share of the pairs of neighbours that are neighbours in a chosen sentence too.
    pub fn pairs(&self) -> f32 {
        let pairs = |passage: &'a Passage| {
            let words: Vec<&Word> = passage.words.iter().filter(|word| word.weight > 0.0).collect();
            words.windows(2).map(|two| (two[0].stem.clone(), two[1].stem.clone())).collect::<Vec<_>>()
        };
        let known: HashSet<(String, String)> = self.passages().flat_map(pairs).collect();
        let own = pairs(self.said);
        if own.is_empty() {
            return self.share();
        }
        own.iter().filter(|pair| known.contains(*pair)).count() as f32 / own.len() as f32
    }

    fn passages(&self) -> impl Iterator<Item = &'a Passage> {
        let source = self.source;
        self.chosen.iter().map(move |place| &source.passages[*place as usize])
    }

    fn stands(&self, stem: &str) -> bool {
        self.chosen.iter().any(|place| self.source.says(*place, stem))
    }

    fn is_about(&self, place: u32) -> bool {
        self.about.as_ref().is_none_or(|about| about.contains(&place))
    }

    fn value_fault(&self) -> Option<Fault> {
        self.said.values.iter().filter(|value| !value.loose).find_map(|value| self.fault_of(value))
    }

    fn fault_of(&self, value: &Value) -> Option<Fault> {
        let said = self.written(value);
        let places: Vec<(u32, &Value)> = self.places_of(value);
        if places.is_empty() {
            return Some(value.sort.missing(said));
        }
        let counted: Vec<(u32, &Value)> = places.into_iter().filter(|(place, other)| self.counts_alike(value, *place, other)).collect();
        if counted.is_empty() {
            return Some(match value.sort {
                Sort::Date(_) => Fault::Date { said },
                _ => Fault::Unit { said },
            });
        }
        // The place whose sentence has most of the statement decides: a bound that stands at another mention of the number does not count.
        let closeness = |place: u32| {
            self.said
                .words
                .iter()
                .filter(|word| self.source.with(&word.stem).binary_search(&place).is_ok())
                .map(|word| word.weight)
                .sum::<f32>()
        };
        let rated: Vec<(u32, &Value, f32)> = counted.into_iter().map(|(place, other)| (place, other, closeness(place))).collect();
        let most = rated.iter().map(|(.., close)| *close).fold(0.0, f32::max);
        let best = rated.into_iter().filter(|(.., close)| *close + 0.01 >= most);
        let bounded: Vec<(u32, &Value, f32)> = best.filter(|(_, other, _)| agrees(value.bound, other.bound)).collect();
        if bounded.is_empty() {
            return Some(Fault::Bound { said });
        }
        (!bounded.iter().any(|(place, other, _)| self.is_said_of_it(value, *place, other))).then_some(Fault::Misplaced { said })
    }

    fn places_of(&self, value: &Value) -> Vec<(u32, &'a Value)> {
        let key = value.key();
        let mut places: Vec<u32> = self.source.with(&key).iter().copied().take(MOST_PLACES).collect();
        places.extend(self.chosen.iter().filter(|place| self.source.with(&key).binary_search(place).is_ok()));
        let of = |place: u32| {
            self.source.passages[place as usize].values.iter().filter(|other| other.key() == key).map(move |other| (place, other))
        };
        places.into_iter().filter(|place| self.is_about(*place)).flat_map(of).take(MOST_PLACES).collect()
    }

    fn counts_alike(&self, value: &Value, place: u32, other: &Value) -> bool {
        // `4 days` says more than `2 to 4 days`. Of opening hours one end may be said alone.
        let is_time = matches!(value.sort, Sort::Time | Sort::Date(_));
        if (value.range != other.range || value.ends_range != other.ends_range) && !(is_time && value.range.is_none()) {
            return false;
        }
        match (&value.sort, &other.sort) {
            (Sort::Number(Unit::Measure(a)), Sort::Number(Unit::Measure(b))) => a == b,
            (Sort::Number(Unit::Measure(_)), Sort::Number(_)) => false,
            (Sort::Number(Unit::Thing(thing)), Sort::Number(Unit::Measure(measure))) => self.source.says(place, thing) && measure != "%",
            (Sort::Number(Unit::Thing(thing)), _) => self.source.says(place, thing),
            (Sort::Number(Unit::None), Sort::Number(Unit::Measure(measure))) => measure != "%",
            (Sort::Date(Some(a)), Sort::Date(b)) => Some(a) == b.as_ref(),
            _ => true,
        }
    }

    /// Whether the words around a value stand around it there too, and none of them stands by another value of its kind.
    fn is_said_of_it(&self, value: &Value, place: u32, other: &Value) -> bool {
        if value.sort == Sort::Order {
            return true;
        }
        let near = self.words_near(value);
        let there = &self.source.passages[place as usize];
        let own_segment = there.segments[other.from];
        let (mut known, mut close, mut elided, mut is_own) = (0.0_f32, 0.0_f32, false, false);
        // In `assembly costs 79 EUR for beds and 149 EUR for wardrobes` the words before the first value are said of both.
        let is_head = |word: &Word| {
            there.words.iter().any(|own| {
                let mut rivals = there.values.iter().filter(|other| there.segments[other.from] == own.segment);
                own.stem == word.stem && own.segment < own_segment && rivals.all(|other| other.from > own.at)
            })
        };
        for word in near {
            let spots = self.source.with(&word.stem);
            if spots.is_empty() {
                continue;
            }
            known += word.weight;
            let here = self.source.says(place, &word.stem);
            if here {
                close += word.weight;
            }
            if there.words.iter().any(|own| own.stem == word.stem && own.segment == own_segment) {
                is_own = true;
                continue;
            }
            let beside_another = |spot: u32| {
                let passage = &self.source.passages[spot as usize];
                let mut segments = passage.words.iter().filter(|own| own.stem == word.stem).map(|own| own.segment);
                segments.all(|segment| self.has_rival(passage, segment, value, word.name.is_some()))
                    || (word.name.is_some()
                        && !here
                        && passage.values.iter().all(|own| own.key() != value.key())
                        && passage.values.iter().any(|own| value.is_rival(own)))
            };
            let judged: Vec<u32> = if here {
                self.source.context(place).filter(|spot| spots.binary_search(spot).is_ok()).collect()
            } else {
                spots.iter().copied().take(MOST_PLACES).collect()
            };
            let is_beside = match word.name {
                Some(_) if !here => judged.into_iter().any(beside_another),
                _ => !judged.is_empty() && judged.into_iter().all(beside_another),
            };
            if is_beside && !(word.name.is_none() && is_head(word)) {
                return false;
            }
            elided |= is_beside;
        }
        (known == 0.0 || close >= LEAST_NEAR * known) && (!elided || is_own)
    }

    /// A value of the same kind in a part of a sentence, which the statement does not say, and without the value itself there.
    fn has_rival(&self, passage: &Passage, segment: usize, value: &Value, is_name: bool) -> bool {
        let mut inside = passage.values.iter().filter(|other| passage.segments[other.from] == segment);
        let is_said = |other: &Value| self.said.values.iter().any(|own| own.key() == other.key());
        inside.clone().all(|other| other.key() != value.key())
            && inside.any(|other| (value.is_rival(other) || (is_name && value.is_other_price(other))) && !is_said(other))
    }

    /// The words of a value's part of the statement; of the whole statement, where there are less than two.
    fn words_near(&self, value: &Value) -> Vec<&'a Word> {
        let segment = self.said.segments[value.from];
        let counts = |word: &&Word| word.weight > 0.4 && !word.stem.starts_with('=');
        let near: Vec<&Word> = self.said.words.iter().filter(counts).filter(|word| word.segment == segment).collect();
        if near.len() >= 2 { near } else { self.said.words.iter().filter(counts).collect() }
    }

    fn written(&self, value: &Value) -> String {
        self.said.tokens[value.from..value.to.min(self.said.tokens.len())].iter().enumerate().fold(String::new(), |text, (place, token)| {
            let blank = if place > 0 && !token.glued { " " } else { "" };
            text + blank + &token.raw
        })
    }

    /// `the next day` is not `the next working day`.
    fn day_fault(&self) -> Option<Fault> {
        let crossed = |own: &str, other: &str| self.said.has(own) && !self.stands(own) && self.stands(other);
        (crossed("=day", "=working day") || crossed("=working day", "=day")).then(|| Fault::Unit { said: "day".to_owned() })
    }

    fn address_fault(&self) -> Option<Fault> {
        let said = addresses(&self.said.tokens);
        said.into_iter()
            .find(|address| !self.source.passages.iter().any(|passage| passage.line.contains(&format!(" {address} "))))
            .map(|said| Fault::Address { said })
    }

    /// A name stands in a sentence that says what the statement says around it, and no sentence that says it better speaks of another such name.
    fn name_fault(&self) -> Option<Fault> {
        for (name, class) in self.said.words.iter().filter_map(|word| Some((word, word.name?))) {
            let counts = |word: &&Word| word.weight > 0.4 && word.at != name.at;
            let near: Vec<&Word> = self.said.words.iter().filter(counts).filter(|word| word.segment == name.segment).collect();
            let near = if near.len() >= 2 { near } else { self.said.words.iter().filter(counts).collect() };
            let known: f32 = near.iter().filter(|word| !self.source.with(&word.stem).is_empty()).map(|word| word.weight).sum();
            let close = |place: u32| near.iter().filter(|word| self.source.says(place, &word.stem)).map(|word| word.weight).sum::<f32>();
            // What leans on a sentence with the name speaks of it too.
            let follows = |place: u32| {
                let next = place + 1;
                if (next as usize) < self.source.passages.len() && self.source.says(next, &name.stem) { close(next) } else { 0.0 }
            };
            let own = self.source.with(&name.stem).iter().copied().take(MOST_PLACES);
            let places = own.chain(self.chosen.iter().copied().filter(|place| self.source.says(*place, &name.stem)));
            let best = places.map(|place| close(place).max(follows(place))).fold(-1.0, f32::max);
            let of_another = |place: &u32| {
                let speaks = |word: &Word| word.name == Some(class) && !self.said.has(&word.stem);
                class != Class::Other
                    && !self.source.says(*place, &name.stem)
                    && self.source.passages[*place as usize].words.iter().any(speaks)
            };
            let better = self.chosen.iter().copied().filter(of_another).map(close).fold(-1.0, f32::max);
            if best < LEAST_NEAR * known || better > best || self.is_crossed(name, class) {
                return Some(Fault::Name { said: name.raw.clone() });
            }
        }
        None
    }

    /// Names of a list of pairs are not crossed: `Swish in Sweden, MobilePay in Denmark` says nothing of Swish in Denmark.
    fn is_crossed(&self, name: &Word, class: Class) -> bool {
        let unsaid = |word: &&Word| word.name.is_some() && !self.said.has(&word.stem);
        self.passages().any(|passage| {
            let part_of = |stem: &str| passage.words.iter().find(|word| word.stem == stem).map(|word| passage.parts[word.at]);
            let Some(own) = part_of(&name.stem) else { return false };
            let in_part = |part: usize| passage.words.iter().filter(move |word| passage.parts[word.at] == part).filter(unsaid);
            class != Class::Other
                && in_part(own).any(|word| word.name == Some(Class::Other))
                && self
                    .said
                    .words
                    .iter()
                    .filter(|word| word.weight >= 1.0)
                    .filter_map(|word| part_of(&word.stem))
                    .any(|part| part != own && in_part(part).any(|word| word.name == Some(class)))
        })
    }

    fn status_fault(&self) -> Option<Fault> {
        let places = self.chosen.iter().flat_map(|place| self.source.context(*place)).filter(|place| self.is_about(*place));
        let there: HashSet<_> =
            places.flat_map(|place| &self.source.passages[place as usize].statuses).map(|(status, ..)| *status).collect();
        let missing = self.said.statuses.iter().find(|(status, _, reached)| *reached && !there.contains(status));
        missing.map(|(_, said, _)| Fault::Status { said: said.clone() })
    }

    fn denial_fault(&self) -> Option<Fault> {
        let denied: HashSet<&str> = self
            .passages()
            .flat_map(|passage| &passage.words)
            .filter(|word| word.denial.is_some())
            .map(|word| word.stem.as_str())
            .collect();
        let most_marks = self.passages().flat_map(|passage| &passage.denials).map(|denial| denial.marks).max().unwrap_or(0);
        for (scope, denial) in self.said.denials.iter().enumerate() {
            let mut inside = self.said.words.iter().filter(|word| word.denial == Some(scope) && word.weight > 0.0).peekable();
            let fits = if inside.peek().is_some() { inside.any(|word| denied.contains(word.stem.as_str())) } else { !denied.is_empty() };
            if !fits || (denial.marks > 1 && denial.marks > most_marks) {
                return Some(Fault::Negation { said: denial.mark.clone() });
            }
        }
        let said_denied: HashSet<&str> =
            self.said.words.iter().filter(|word| word.denial.is_some()).map(|word| word.stem.as_str()).collect();
        let mut pool = self.passages();
        pool.find_map(|passage| self.undenied(passage, &said_denied))
    }

    /// What a sentence denies, and the statement says without the denial.
    fn undenied(&self, passage: &Passage, said_denied: &HashSet<&str>) -> Option<Fault> {
        let plain: HashSet<&str> = passage.words.iter().filter(|word| word.denial.is_none()).map(|word| word.stem.as_str()).collect();
        for (scope, denial) in passage.denials.iter().enumerate() {
            let inside: Vec<&Word> = passage.words.iter().filter(|word| word.denial == Some(scope) && word.weight > 0.0).collect();
            let weight = |words: &[&Word]| words.iter().map(|word| word.weight).sum::<f32>();
            let shared: Vec<&Word> = inside.iter().copied().filter(|word| self.said.has(&word.stem)).collect();
            // Another sentence may say the words without the denial: only what leans on this one counts.
            let is_elsewhere = |word: &&Word| {
                self.passages().any(|other| other.words.iter().any(|own| own.stem == word.stem && own.denial.is_none()))
                    && !self.is_best(passage)
            };
            let only_denied: Vec<&Word> =
                shared.iter().copied().filter(|word| !plain.contains(word.stem.as_str()) && !is_elsewhere(word)).collect();
            let is_said = inside.first().is_some_and(|first| self.said.has(&first.stem)) || weight(&shared) >= 0.5 * weight(&inside);
            if is_said && !only_denied.is_empty() && !only_denied.iter().any(|word| said_denied.contains(word.stem.as_str())) {
                return Some(Fault::Negation { said: denial.mark.clone() });
            }
            // `without a number are not accepted`: the same words with one denial less say the opposite.
            let most_marks = self.said.denials.iter().map(|own| own.marks).max().unwrap_or(0);
            if denial.marks > 1 && most_marks > 0 && most_marks < denial.marks && weight(&shared) >= 0.75 * weight(&inside) {
                return Some(Fault::Negation { said: denial.mark.clone() });
            }
            // `it does not fit` behind `the part fits`: nearly all of the part is said, and nothing is denied where it is.
            let part = passage.parts[denial.at];
            let in_part = |word: &&Word| passage.parts[word.at] == part;
            let shares = |own: &&Word| passage.words.iter().any(|word| word.stem == own.stem && in_part(&word));
            let own_parts: HashSet<usize> = self.said.words.iter().filter(shares).map(|own| self.said.parts[own.at]).collect();
            if self.says_most(passage, &in_part, 0.8) && !self.said.denials.iter().any(|own| own_parts.contains(&self.said.parts[own.at])) {
                return Some(Fault::Negation { said: denial.mark.clone() });
            }
        }
        None
    }

    fn is_best(&self, passage: &Passage) -> bool {
        self.chosen.first().is_some_and(|place| std::ptr::eq(&raw const self.source.passages[*place as usize], passage))
    }

    /// The question is not known here: a `no` needs a denial or a limit right behind it, and a `yes` is said only where the source says it.
    fn answer_fault(&self) -> Option<Fault> {
        let answer = self.said.answer?;
        if self.passages().any(|passage| passage.answer == Some(answer)) {
            return None;
        }
        // `No, new parts have a warranty with no limit` denies a detail: what counts stands in the first part and not behind `with`.
        let near = |at: usize| self.said.parts[at] <= self.said.parts[self.said.answer_end.min(self.said.parts.len() - 1)] + 1;
        let is_detail = |at: usize| {
            at > 0 && matches!(self.said.tokens[at - 1].lower.as_str(), "with" | "at" | "for") || self.said.tokens[at].lower == "without"
        };
        let denies = self.said.denials.iter().any(|denial| near(denial.at) && !is_detail(denial.at));
        let fits = !answer && (denies || self.said.limits.iter().any(|(_, at)| near(*at)));
        (!fits).then(|| Fault::Answer { said: self.said.tokens[0].raw.clone() })
    }

    fn limit_fault(&self) -> Option<Fault> {
        let there = |name: &str| self.passages().any(|passage| passage.limits.iter().any(|(own, _)| *own == name));
        let missing = self.said.limits.iter().find(|(name, _)| !there(name));
        missing.map(|(_, at)| Fault::Limit { said: self.said.tokens[*at].raw.clone() })
    }

    fn condition_fault(&self) -> Option<Fault> {
        for passage in self.passages() {
            for (name, at) in passage.limits.iter().filter(|(name, _)| *name == "only") {
                let segment = passage.segments[*at];
                let inside = |word: &&Word| word.segment == segment;
                let kept = self.said.limits.iter().any(|(own, _)| own == name) || self.said.denials.len() > passage.denials.len();
                if !kept && self.says_most(passage, &inside, 0.5) {
                    return Some(Fault::Condition { missing: passage.tokens[*at].raw.clone() });
                }
            }
            for condition in &passage.conditions {
                if self.is_dropped(passage, condition) {
                    return Some(Fault::Condition { missing: condition.marker.clone() });
                }
            }
        }
        None
    }

    /// Whether the statement says what a condition is about, and not the condition.
    fn is_dropped(&self, passage: &Passage, condition: &Condition) -> bool {
        let inside = |word: &&Word| (condition.from..condition.to).contains(&word.at);
        let is_value = passage.values.iter().any(|value| value.from == condition.from);
        let values: Vec<&Value> = passage.values.iter().filter(|value| (condition.from..condition.to).contains(&value.from)).collect();
        let keeps_value = values.iter().any(|value| self.said.has(&value.key()));
        // A word that the sentence has outside of the condition too does not show that the condition was kept.
        let is_inside_alone = |word: &&Word| inside(word) && !passage.words.iter().any(|other| other.stem == word.stem && !inside(&other));
        let kept = if is_value { keeps_value } else { keeps_value || self.says_most(passage, &is_inside_alone, 0.5) };
        if kept {
            return false;
        }
        // A value belongs to its own part of the sentence; a clause to all that stands between the same semicolons.
        let segment = passage.segments[condition.from.min(passage.segments.len() - 1)];
        let outside = |word: &&Word| !inside(word) && (!is_value || word.segment == segment);
        self.says_most(passage, &outside, if is_value { 0.6 } else { 0.4 })
    }

    /// Whether the statement has this share of some words of a sentence; of none, it has not.
    fn says_most(&self, passage: &Passage, which: &dyn Fn(&&Word) -> bool, share: f32) -> bool {
        let words: Vec<&Word> = passage.words.iter().filter(|word| which(word) && word.weight > 0.0).collect();
        let all: f32 = words.iter().map(|word| word.weight).sum();
        let said: f32 = words.iter().filter(|word| self.said.has(&word.stem)).map(|word| word.weight).sum();
        all > 0.0 && said >= share * all
    }
}

/// Whether two bounds of the same value go together: opposite ones never, and a hard one is not left out or added.
fn agrees(said: Bound, there: Bound) -> bool {
    match (said, there) {
        (Bound::At, Bound::At) | (Bound::Over { .. }, Bound::Over { .. }) | (Bound::Under { .. }, Bound::Under { .. }) => true,
        (Bound::Over { .. }, Bound::Under { .. }) | (Bound::Under { .. }, Bound::Over { .. }) => false,
        (Bound::At, Bound::Over { hard } | Bound::Under { hard }) | (Bound::Over { hard } | Bound::Under { hard }, Bound::At) => !hard,
    }
}
