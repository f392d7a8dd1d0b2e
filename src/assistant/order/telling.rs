//! Facts of an order in the shop's phrases, each with the row that it comes from. Pure.

use super::facts::{Fact, Listed, Part, contents};
use crate::commerce::status::{paid, refunded, total};
use crate::commerce::{Order, OrderItem};
use crate::conversation::Origin;
use crate::prompt::Phrases;
use crate::support::Timestamp;

/// How many items are named before the rest is counted, where nobody asked for all of them.
const NAMED_ITEMS: usize = 5;

/// Tells facts of an order.
pub(super) struct Teller<'a> {
    pub(super) order: &'a Order,
    pub(super) phrases: &'a Phrases,
}

/// A phrase's variables.
type Values = Vec<(&'static str, String)>;

impl Teller<'_> {
    /// The sentence, and what it rests on. A fact that the order does not have is an empty sentence.
    pub(super) fn tell(&self, fact: Fact) -> (String, Origin) {
        let order = self.order;
        match fact {
            Fact::Status => {
                let key = format!("order.status.{}", order.status.as_str());
                (self.phrases.text(&key, &[("number", self.number())]), self.row("orders", None, "number,status"))
            }
            Fact::NoParcel(item) => {
                let text = self.phrases.text("order.parcel.none", &[("items", self.label(item))]);
                (text, self.row("order_items", Some(item), "name,variant_id"))
            }
            Fact::Parcel(place, part) => self.parcel(place, part),
            Fact::Quantity(item) => {
                let text = self.phrases.text("order.quantity", &[("items", self.counted(item))]);
                (text, self.row("order_items", Some(item), "name,quantity"))
            }
            Fact::Options(item) => {
                let (name, value) = if self.is_chinese() { ("", "、") } else { (" ", ", ") };
                let options = order.items[item].options.iter().map(|(key, chosen)| format!("{key}{name}{chosen}"));
                let options = options.collect::<Vec<_>>().join(value);
                let text = self.phrases.text("order.options", &[("options", options), ("item", order.items[item].name.clone())]);
                (text, self.row("order_items", Some(item), "name,options"))
            }
            Fact::Price(item) => (self.price(item), self.row("order_items", Some(item), "name,quantity,price_minor,currency")),
            Fact::Items(listed) => {
                let text = self.phrases.text("order.items", &[("number", self.number()), ("items", self.items(listed))]);
                (text, self.row("order_items", None, "name,quantity"))
            }
            Fact::Total => {
                let (sum, table, column) = match paid(order) {
                    Some(sum) => (Some(sum), "payments", "kind,amount_minor,currency"),
                    None => (total(order), "order_items", "quantity,price_minor,currency"),
                };
                (self.amount("order.total", sum.map(|sum| sum.to_string())), self.row(table, None, column))
            }
            Fact::Refund => {
                let text = self.amount("order.refunded", refunded(order).map(|sum| sum.to_string()));
                (text, self.row("payments", None, "kind,amount_minor,currency"))
            }
            Fact::Placed => {
                let values = |at| vec![("number", self.number()), ("date", self.date(at))];
                (self.with("order.placed_on", order.placed_at.map(values)), self.row("orders", None, "number,placed_at"))
            }
            Fact::Private => {
                let key = "order.private";
                (self.phrases.text(key, &[]), Origin::Phrase { key: key.to_owned() })
            }
        }
    }

    /// A sentence about a parcel, which is named by what is in it where there are several.
    fn parcel(&self, place: usize, part: Part) -> (String, Origin) {
        let shipment = &self.order.shipments[place];
        let names: Vec<String> = contents(self.order, shipment).into_iter().map(|item| self.label(item)).collect();
        let named = self.order.shipments.len() > 1 && !names.is_empty();
        let room = if named { "order.parcel" } else { "order" };
        let items = || if named { vec![("items", self.list(&names))] } else { Vec::new() };
        let date = |at: Timestamp| [items(), vec![("date", self.date(at))]].concat();
        let (key, values, column) = match part {
            Part::State if shipment.shipped_at.is_some() => ("shipped", Some(items()), "shipped_at"),
            Part::State => ("waiting", Some(items()), "shipped_at"),
            Part::Sent => ("sent_on", shipment.shipped_at.map(date), "shipped_at"),
            Part::Expected => ("expected", shipment.expected_at.map(date), "expected_at"),
            Part::Delivered => ("delivered_on", shipment.delivered_at.map(date), "delivered_at"),
            Part::Tracking => {
                let carrier = shipment.carrier.clone().unwrap_or_default();
                let values = [items(), vec![("tracking", shipment.tracking.join(", ")), ("carrier", carrier)]].concat();
                ("tracking", Some(values), "tracking,carrier")
            }
        };
        let column = if named { format!("{column},variant_ids") } else { column.to_owned() };
        (self.with(&format!("{room}.{key}"), values), self.row("shipments", Some(place), &column))
    }

    fn price(&self, item: usize) -> String {
        let amount = ("amount", self.order.items[item].price.to_string());
        match self.order.items[item].quantity {
            1 => self.phrases.text("order.price", &[amount, ("item", self.label(item))]),
            _ => self.phrases.text("order.price_each", &[amount, ("items", self.counted(item))]),
        }
    }

    fn amount(&self, key: &str, amount: Option<String>) -> String {
        self.with(key, amount.map(|amount| vec![("number", self.number()), ("amount", amount)]))
    }

    /// The phrase, where there is something to say in it.
    fn with(&self, key: &str, values: Option<Values>) -> String {
        values.map(|values| self.phrases.text(key, &values)).unwrap_or_default()
    }

    /// The item's name, with its options where another line has the same name.
    fn label(&self, item: usize) -> String {
        let OrderItem { name, options, .. } = &self.order.items[item];
        let alike = self.order.items.iter().filter(|other| other.name == *name).count();
        if alike < 2 || options.is_empty() {
            return name.clone();
        }
        let values: Vec<&str> = options.iter().map(|(_, value)| value.as_str()).collect();
        if self.is_chinese() { format!("{name}（{}）", values.join("、")) } else { format!("{name} ({})", values.join(", ")) }
    }

    /// How many of it and its name.
    fn counted(&self, item: usize) -> String {
        format!("{} \u{d7} {}", self.order.items[item].quantity, self.label(item))
    }

    fn items(&self, listed: Listed) -> String {
        let named = match listed {
            Listed::Few => NAMED_ITEMS,
            Listed::All => usize::MAX,
        };
        let count = self.order.items.len();
        let one = |item: usize| if self.order.items[item].quantity == 1 { self.label(item) } else { self.counted(item) };
        let mut names: Vec<String> = (0..count).take(named).map(one).collect();
        let rest = count.saturating_sub(named);
        if rest > 0 {
            names.push(if self.is_chinese() { format!("另外{rest}件") } else { format!("{rest} more") });
        }
        self.list(&names)
    }

    fn list(&self, names: &[String]) -> String {
        if self.is_chinese() {
            return names.join("、");
        }
        match names.split_last() {
            Some((last, head)) if !head.is_empty() => format!("{} and {last}", head.join(", ")),
            _ => names.concat(),
        }
    }

    fn date(&self, at: Timestamp) -> String {
        let format = if self.is_chinese() { "%Y年%-m月%-d日" } else { "%-d %B %Y" };
        at.strftime(format).to_string()
    }

    fn is_chinese(&self) -> bool {
        self.phrases.locale() == "zh"
    }

    fn number(&self) -> String {
        self.order.number.as_str().to_owned()
    }

    /// A row of the order: all of a table, or the one at a place. Lines are counted from 1, as the store does.
    fn row(&self, table: &str, place: Option<usize>, column: &str) -> Origin {
        let number = self.order.number.as_str();
        let key = place.map_or_else(|| number.to_owned(), |place| format!("{number}/{}", place + 1));
        Origin::Row { table: table.to_owned(), key, column: column.to_owned() }
    }
}
