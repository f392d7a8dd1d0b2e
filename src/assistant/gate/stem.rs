//! Words by what they have in common: endings fall away, and a few words of trade that mean the same are one.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Words that stand for one another in what a shop says. The first of a line is the one that is compared. Nothing is here that changes what is
/// promised: to ship is not to deliver, to replace is not to refund.
const SAME: &str = "\
buy bought purchase purchased purchasing purchases
order ordered ordering
ship shipped shipping send sent sending sends post posted posting dispatch dispatched mail mailed despatch despatched
parcel package packages packet packets
deliver delivery delivered delivering arrive arrives arrived arriving arrival
refund refunded refunding refunds reimburse reimbursed
free complimentary
cost costs costing price prices priced fee fees charge charges charged charging
return returns returned returning
begin begins began begun beginning start starts started starting
end ends ended ending finish finished
pay paid paying pays payment payments
take takes took taken taking
give gives gave given giving
get gets got getting receive receives received receiving
keep keeps kept
break breaks broke broken
sell sells sold selling
make makes made making
leave leaves left leaving
come comes came coming
go goes went gone going
hold holds held
choose chooses chose chosen choosing pick picks picked
write writes wrote written
find finds found
lose loses lost
wear wears wore worn
build builds built
tell tells told
show shows showed shown
see sees saw seen
say says said
become becomes became
lead leads led
win wins won
know knows knew known
colour colours color colors coloured colored
need needs needed require requires required
email emails mail-address e-mail
euro euros eur
pound pounds gbp
dollar dollars
weekend weekends
photo photos photograph photographs picture pictures
item items article articles product products
business working
exchange exchanged exchanging swap swapped swaps
cancel cancelled canceled cancelling cancellation cancellations
damage damaged damages
child children
half halves
customs custom-duties
allow allows allowed permit permitted permits
accept accepts accepted accepting
repair repairs repaired fix fixes fixed
voucher vouchers
available availability
warranty guarantee guaranteed guarantees
kindle kindles
mobile phone phones cellphone smartphone
shop store stores shops
enough sufficient
large big larger bigger
small smaller tiny
film films movie movies
";

static TABLE: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let line = |line: &'static str| line.split_whitespace().map(move |word| (word, line.split_whitespace().next().unwrap_or(word)));
    SAME.lines().flat_map(line).collect()
});

/// What a lower-cased word is compared by.
pub fn stem(word: &str) -> String {
    if let Some(same) = TABLE.get(word) {
        return (*same).to_owned();
    }
    let bare = ending(word);
    TABLE.get(bare.as_str()).map_or(bare, |same| (*same).to_owned())
}

/// The word without its ending. It is rough on purpose: `arrive`, `arriving` and `arrived` must meet, whatever they meet in.
fn ending(word: &str) -> String {
    if !word.is_ascii() || word.len() < 4 {
        return word.to_owned();
    }
    let cut = |endings: &[&str], least: usize| endings.iter().find_map(|end| word.strip_suffix(end).filter(|rest| rest.len() >= least));
    let mut base = match word {
        _ if (word.ends_with("ies") || word.ends_with("ied")) && word.len() > 4 => word[..word.len() - 3].to_owned() + "y",
        _ if word.ends_with("sses") || word.ends_with("xes") || word.ends_with("ches") || word.ends_with("shes") => {
            word[..word.len() - 2].to_owned()
        }
        _ if word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") && !word.ends_with("is") => {
            word[..word.len() - 1].to_owned()
        }
        _ => cut(&["ing", "ed", "ly"], 3).unwrap_or(word).to_owned(),
    };
    if base.len() > 5
        && let Some(rest) = base.strip_suffix("ment").filter(|rest| rest.len() >= 4)
    {
        base = rest.to_owned();
    }
    let bytes = base.as_bytes();
    let doubled =
        bytes.len() > 3 && bytes[bytes.len() - 1] == bytes[bytes.len() - 2] && !matches!(bytes[bytes.len() - 1], b's' | b'l' | b'e' | b'o');
    if doubled {
        base.pop();
    }
    if base.len() > 3 && (base.ends_with('e') || base.ends_with('y') || base.ends_with('i')) {
        base.pop();
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_meet() {
        for words in [
            "arrive arrives arriving delivered delivery",
            "ship shipping shipped sent",
            "wash washing washed washes",
            "activate activated activating",
            "accessory accessories",
            "replace replaced replacement replacing",
            "try tries tried",
            "box boxes",
        ] {
            let stems: Vec<String> = words.split(' ').map(stem).collect();
            assert!(stems.iter().all(|other| *other == stems[0]), "{words}: {stems:?}");
        }
    }

    #[test]
    fn other_words_stay_apart() {
        for (one, other) in
            [("shipped", "delivered"), ("refund", "replace"), ("card", "care"), ("price", "prize"), ("open", "opposite"), ("bus", "bu")]
        {
            assert_ne!(stem(one), stem(other), "{one} {other}");
        }
    }
}
