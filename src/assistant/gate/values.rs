//! Whether the values and states of a statement stand in a sheet of facts, whatever words are around them: for sentences whose words are the shop's own
//! phrases, and whose facts are rows.

use super::fault::Fault;
use super::passage::Passage;
use super::source::{Source, split};
use super::value::Value;

/// Each number, amount, date, time, address and number of an order in `statement` stands in `facts`, and each state that it says is reached does.
pub fn check_values(statement: &str, facts: &str) -> Result<(), Fault> {
    let known = Source::read(facts);
    let values: Vec<String> = known.passages.iter().flat_map(|passage| &passage.values).map(Value::key).collect();
    let states: Vec<_> = known.passages.iter().flat_map(|passage| &passage.statuses).map(|(state, ..)| *state).collect();
    for sentence in split(statement) {
        let said = Passage::read(&sentence);
        // `a week` counts nothing that a row could have.
        if let Some(value) = said.values.iter().find(|value| !value.loose && !values.contains(&value.key())) {
            let words: Vec<&str> = said.tokens[value.from..value.to].iter().map(|token| token.raw.as_str()).collect();
            let said = words.join(" ");
            return Err(value.sort.missing(said));
        }
        if let Some((_, said, _)) = said.statuses.iter().find(|(state, _, reached)| *reached && !states.contains(state)) {
            return Err(Fault::Status { said: said.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: &str = "#AP10042. shipped, on its way. 3S1ABC99. 24 December 2026. 100.05 USD. $100.05. 3.";

    #[test]
    fn every_value_and_state_stands_in_the_facts() {
        let check = |statement: &str, expect: Option<&str>| {
            assert_eq!(check_values(statement, FACTS).err().map(|fault| fault.as_str()), expect, "{statement}");
        };
        check("Order #AP10042 is on its way.", None);
        check("The tracking number is 3S1ABC99 (PostNL).", None);
        check("It is expected on 24 December 2026.", None);
        check("You paid $100.05 for 3 \u{d7} Mug.", None);
        check("I am sorry about that.", None);
        check("You paid $100.50 for it.", Some("amount"));
        check("Order #AP10043 is on its way.", Some("order_number"));
        check("It is expected on 25 December 2026.", Some("date"));
        check("Order #AP10042 was delivered.", Some("status"));
        check("See https://shop.example/x.", Some("url"));
        check("We have 7 of them.", Some("number"));
    }
}
