//! Guesses for what comes next: what followed when the last few tokens stood in the text before. Replies quote their sources, so it often does
//! again, and several guesses are read in one pass for little more than the price of one token.

/// How many tokens in a row must have stood there before: three are rarely wrong, two are better than nothing.
const RUNS: [usize; 2] = [3, 2];
/// More guesses than this are rarely right to the end.
const MOST: usize = 7;
/// To begin with.
const FIRST: usize = 3;
/// How many tokens pass without a guess once guesses were only wrong.
const REST: usize = 8;

/// How far to guess in one reply, from how well it went so far: each wrong guess is a row of arithmetic for nothing.
#[derive(Debug)]
pub struct Lookup {
    most: usize,
    rest: usize,
}

impl Lookup {
    /// At the beginning of a reply.
    pub fn new() -> Self {
        Self { most: FIRST, rest: 0 }
    }

    /// No guesses, ever.
    pub fn off() -> Self {
        Self { most: 0, rest: 0 }
    }

    /// Guesses for what follows `text`, at most `most`.
    pub fn guesses(&self, text: &[u32], most: usize) -> Vec<u32> {
        let most = if self.rest > 0 { 0 } else { self.most.min(most) };
        if most == 0 { Vec::new() } else { continuation(text, most) }
    }

    /// Learns from a pass in which `right` of `proposed` guesses were what the model said.
    pub fn note(&mut self, proposed: usize, right: usize) {
        if proposed == 0 {
            self.rest = self.rest.saturating_sub(1);
        } else if right == proposed {
            self.most = (self.most + 2).min(MOST);
        } else if right > 0 {
            self.most = right + 1;
        } else {
            self.most /= 2;
            if self.most == 0 {
                (self.most, self.rest) = (1, REST);
            }
        }
    }
}

/// What followed the latest earlier place where the last tokens of `text` stood, and again from there where the text ends.
fn continuation(text: &[u32], most: usize) -> Vec<u32> {
    for run in RUNS {
        let Some(known) = text.len().checked_sub(run) else { continue };
        let last = &text[known..];
        if let Some(at) = (0..known).rev().find(|&at| text[at..].starts_with(last)) {
            return text[at + run..].iter().copied().cycle().take(most).collect();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_longest_run_is_continued() {
        let cases: &[(&[u32], usize, &[u32])] = &[
            (&[], 3, &[]),
            (&[1], 3, &[]),
            (&[1, 1], 3, &[]),
            (&[1, 2, 3], 3, &[]),
            (&[1, 2, 3, 4, 5, 1, 2, 3], 3, &[4, 5, 1]),
            (&[1, 2, 3, 4, 5, 1, 2, 3], 1, &[4]),
            // Three in a row earlier go before two in a row later.
            (&[1, 2, 3, 4, 2, 3, 5, 1, 2, 3], 1, &[4]),
            (&[2, 3, 4, 9, 2, 3], 2, &[4, 9]),
            (&[2, 3, 4, 2, 3, 5, 2, 3], 1, &[5]),
            // What repeats itself goes on doing so.
            (&[7, 7, 7, 7], 3, &[7, 7, 7]),
            (&[8, 9, 8, 9, 8], 3, &[9, 8, 9]),
        ];
        for (text, most, expected) in cases {
            assert_eq!(Lookup::new().guesses(text, *most), *expected, "{text:?}");
        }
    }

    #[test]
    fn right_guesses_embolden_and_wrong_ones_silence_for_a_while() {
        let text = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3];
        let count = |lookup: &Lookup| lookup.guesses(&text, 100).len();
        let mut lookup = Lookup::new();
        assert_eq!(count(&lookup), FIRST);
        for _ in 0..3 {
            lookup.note(count(&lookup), count(&lookup));
        }
        assert_eq!(count(&lookup), MOST);
        lookup.note(MOST, 2);
        assert_eq!(count(&lookup), 3);
        lookup.note(3, 0);
        assert_eq!(count(&lookup), 1);
        lookup.note(1, 0);
        for _ in 0..REST {
            assert_eq!(count(&lookup), 0);
            lookup.note(0, 0);
        }
        assert_eq!(count(&lookup), 1);
    }
}
