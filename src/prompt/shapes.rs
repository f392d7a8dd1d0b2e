//! The phrases as shapes: their words, with marks where values stand. Whoever reads a reply without knowing how it was made tells phrases by them.

use std::collections::BTreeSet;

use super::phrases::{Phrases, Situation};

/// A phrase that leaves parts out for more variables than these has too many forms to list.
const OPTIONAL: usize = 6;

impl Phrases {
    /// Each phrase with its key, `mark` standing on both sides of the name of each variable; a phrase that leaves a part out where a variable is empty
    /// comes in each of its forms.
    pub fn shapes(&self, mark: char) -> Vec<(String, String)> {
        let mut shapes = Vec::new();
        for (key, template) in self.texts().templates() {
            let names: BTreeSet<String> = template.undeclared_variables(false).into_iter().collect();
            let optional: Vec<&String> = names.iter().filter(|name| decides(template.source(), name)).take(OPTIONAL).collect();
            let forms = (0..1_u32 << optional.len()).map(|empty| {
                let is_empty = |name: &String| optional.iter().position(|other| *other == name).is_some_and(|at| empty >> at & 1 == 1);
                let values =
                    names.iter().map(|name| (name.as_str(), if is_empty(name) { String::new() } else { format!("{mark}{name}{mark}") }));
                // The shop's name is not a value of the moment.
                let values: Vec<(&str, String)> = values.filter(|(name, _)| *name != "shop").collect();
                self.text(key, &values)
            });
            let forms: BTreeSet<String> = forms.filter(|form| !form.is_empty()).collect();
            shapes.extend(forms.into_iter().map(|form| (key.to_owned(), form)));
        }
        for situation in Situation::all() {
            shapes.extend(self.openings(situation).iter().map(|text| (situation.key().to_owned(), text.clone())));
        }
        shapes
    }
}

/// Whether a part of a template depends on a variable.
fn decides(source: &str, name: &str) -> bool {
    let tags = source.split("{%").skip(1).filter_map(|rest| rest.split_once("%}")).map(|(tag, _)| tag);
    let words = tags.flat_map(|tag| tag.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.into_iter().any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use crate::prompt::Prompts;

    #[test]
    fn every_phrase_has_its_shapes() {
        let prompts = Prompts::load(None, "Alder & Pine").unwrap();
        let shapes = prompts.phrases("en").shapes('|');
        let of = |key: &str| shapes.iter().filter(|(other, _)| other == key).map(|(_, text)| text.as_str()).collect::<Vec<_>>();
        assert_eq!(of("order.tracking"), ["The tracking number is |tracking| (|carrier|).", "The tracking number is |tracking|."]);
        assert_eq!(of("order.total"), ["The total of order |number| is |amount|."]);
        assert!(of("greeting")[0].contains("Alder & Pine"), "{shapes:?}");
        assert_eq!(of("part_unknown").len(), 1);
        let chinese = prompts.phrases("zh").shapes('|');
        assert!(chinese.iter().any(|(key, text)| key == "order.total" && text.contains("|amount|")));
    }
}
