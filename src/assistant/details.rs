//! Order number and e-mail, as shoppers write them.

use std::sync::LazyLock;

use regex::Regex;

use crate::commerce::OrderNumber;

static EMAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)[a-z0-9._%+'-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+").expect("a constant pattern"));
static MARKED_NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)#\s?([a-z]{0,4}-?\d{3,14})(?-u:\b)|(?-u:\b)([a-z]{1,4}-?\d{4,14})(?-u:\b)").expect("a constant pattern")
});
static BARE_NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u:\b)(\d{4,14})(?-u:\b)").expect("a constant pattern"));

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderDetails {
    /// The order number.
    pub number: Option<OrderNumber>,
    /// The e-mail.
    pub email: Option<String>,
}

/// Whether digits alone count as an order number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bare {
    /// They do: the bot has just asked for the number.
    Counts,
    /// They do not: `1200 mAh` is no order.
    Ignored,
}

impl OrderDetails {
    /// Reads a text.
    pub fn find(text: &str, bare: Bare) -> Self {
        let email = EMAIL.find(text).map(|found| found.as_str().trim_matches(['.', '\'']).to_owned());
        let rest = EMAIL.replace_all(text, " ");
        let marked = MARKED_NUMBER.captures(&rest).and_then(|found| found.get(1).or_else(|| found.get(2)));
        let plain = || BARE_NUMBER.captures(&rest).and_then(|found| found.get(1)).filter(|_| bare == Bare::Counts);
        let number = marked.or_else(plain).and_then(|found| OrderNumber::parse(found.as_str()));
        Self { number, email }
    }

    /// The text without order numbers and e-mails: what it says beside them.
    pub fn without(text: &str) -> String {
        let rest = EMAIL.replace_all(text, " ");
        MARKED_NUMBER.replace_all(&rest, " ").into_owned()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.number.is_none() && self.email.is_none()
    }

    /// What a later text says replaces what an earlier one said.
    pub fn update(&mut self, later: Self) {
        if later.number.is_some() {
            self.number = later.number;
        }
        if later.email.is_some() {
            self.email = later.email;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_found_where_shoppers_put_them() {
        let check = |text: &str, bare: Bare, number: Option<&str>, email: Option<&str>| {
            let found = OrderDetails::find(text, bare);
            assert_eq!((found.number.as_ref().map(OrderNumber::as_str), found.email.as_deref()), (number, email), "{text}");
        };
        check("#AP10042, mia.berg@example.com", Bare::Counts, Some("#AP10042"), Some("mia.berg@example.com"));
        check("its w2611340 and my mail is A.B+c@Example.co.uk.", Bare::Counts, Some("#W2611340"), Some("A.B+c@Example.co.uk"));
        check("order 10042", Bare::Counts, Some("#10042"), None);
        check("is the 10000 mAh one back?", Bare::Ignored, None, None);
        check("noah.brown7922@example.com", Bare::Counts, None, Some("noah.brown7922@example.com"));
        check("where is # W2611340", Bare::Ignored, Some("#W2611340"), None);
        check("订单#AP10042到哪了", Bare::Ignored, Some("#AP10042"), None);
        check("@@@ # .. a@b", Bare::Counts, None, None);
    }

    #[test]
    fn what_is_said_beside_them_is_left() {
        let check = |text: &str, expect: &str| {
            assert_eq!(OrderDetails::without(text).split_whitespace().collect::<Vec<_>>().join(" "), expect, "{text}");
        };
        check("total of AP10040 pls, mia.tent@example.com", "total of pls,");
        check("订单#AP10042到哪了", "订单 到哪了");
        check("where is it", "where is it");
    }
}
