//! Which facts of an order answer what was asked of it. Pure.

use std::collections::BTreeSet;

use super::asked::Ask;
use crate::commerce::status::{paid, refunded, total};
use crate::commerce::{Order, OrderStatus, Shipment};
use crate::prompt::Aspect;

/// A fact of the order, in the order in which facts are told. Numbers are places of items and shipments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    /// Where the order stands.
    Status,
    /// An item that is in none of the parcels.
    NoParcel(usize),
    /// Something of a parcel.
    Parcel(usize, Part),
    /// How many of an item.
    Quantity(usize),
    /// What was chosen for an item.
    Options(usize),
    /// What one of an item cost.
    Price(usize),
    /// What is in the order.
    Items(Listed),
    /// What was paid in all.
    Total,
    /// What was given back in all.
    Refund,
    /// When it was ordered.
    Placed,
    /// That addresses and ways of payment are not shown.
    Private,
}

/// What can be told of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// That it waits or is under way.
    State,
    /// When it left.
    Sent,
    /// Carrier and number.
    Tracking,
    /// When it should arrive.
    Expected,
    /// When it arrived.
    Delivered,
}

/// How many items are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Listed {
    /// The first few.
    Few,
    /// All of them.
    All,
}

/// What answers the question: at least the status. Where nothing is asked, status and items in short.
pub(super) fn facts(order: &Order, asks: &[Ask]) -> BTreeSet<Fact> {
    if asks.is_empty() {
        let items = (!order.items.is_empty()).then_some(Fact::Items(Listed::Few));
        return std::iter::once(Fact::Status).chain(items).collect();
    }
    let mut facts = BTreeSet::new();
    for ask in asks {
        let about = About { order, items: &ask.items };
        for aspect in &ask.aspects {
            let found = about.answer(*aspect);
            // What the rows do not have is answered by where the order or the parcel stands.
            facts.extend(if found.is_empty() { about.standing(*aspect) } else { found });
        }
    }
    facts
}

/// The names of what is in a parcel, as places of items; none where the row does not say.
pub(super) fn contents(order: &Order, shipment: &Shipment) -> Vec<usize> {
    (0..order.items.len()).filter(|place| shipment.variant_ids.contains(&order.items[*place].variant_id)).collect()
}

/// An order and the items of it that are asked about; none stand for all.
struct About<'a> {
    order: &'a Order,
    items: &'a [usize],
}

impl About<'_> {
    fn answer(&self, aspect: Aspect) -> Vec<Fact> {
        let Self { order, items } = self;
        match aspect {
            Aspect::State => vec![Fact::Status],
            Aspect::Whereabouts => self.whereabouts(),
            Aspect::Shipped => self.shipped(),
            Aspect::SentDate => self.parts(&[Part::Sent]),
            Aspect::Tracking => self.parts(&[Part::Tracking]),
            Aspect::Expected => self.arrival(&[]),
            Aspect::Delivered => self.arrival(&[Part::State]),
            Aspect::Price if items.is_empty() => self.total(),
            Aspect::Price => items.iter().map(|place| Fact::Price(*place)).collect(),
            Aspect::Total => self.total(),
            Aspect::Quantity if !items.is_empty() => items.iter().map(|place| Fact::Quantity(*place)).collect(),
            Aspect::Items | Aspect::Quantity if order.items.is_empty() => Vec::new(),
            Aspect::Items | Aspect::Quantity => vec![Fact::Items(Listed::All)],
            Aspect::Options => {
                let asked = (0..order.items.len()).filter(|place| items.is_empty() || items.contains(place));
                asked.filter(|place| !order.items[*place].options.is_empty()).map(Fact::Options).collect()
            }
            Aspect::Refund => refunded(order).map(|_| Fact::Refund).into_iter().collect(),
            Aspect::Placed => order.placed_at.map(|_| Fact::Placed).into_iter().collect(),
            Aspect::Private => vec![Fact::Private],
        }
    }

    /// Where it stands: the parcels where the question was about them, else the order.
    fn standing(&self, aspect: Aspect) -> Vec<Fact> {
        let of_parcels = matches!(aspect, Aspect::SentDate | Aspect::Tracking | Aspect::Expected | Aspect::Delivered);
        if of_parcels { self.shipped() } else { vec![Fact::Status] }
    }

    fn total(&self) -> Vec<Fact> {
        paid(self.order).or_else(|| total(self.order)).map(|_| Fact::Total).into_iter().collect()
    }

    /// Where the order or the parcel is, under which number, and when it comes or came.
    fn whereabouts(&self) -> Vec<Fact> {
        match self.order.status {
            OrderStatus::Pending | OrderStatus::Cancelled | OrderStatus::Returned => vec![Fact::Status],
            OrderStatus::Delivered => self.with_status(self.parts(&[Part::Delivered])),
            OrderStatus::Processed | OrderStatus::Shipped => {
                let mut found = self.missing();
                for place in self.parcels() {
                    let told: &[Part] =
                        if self.has_arrived(place) { &[Part::Delivered] } else { &[Part::State, Part::Tracking, Part::Expected] };
                    found.extend(told.iter().filter_map(|part| self.part(place, *part)));
                }
                self.with_status(found)
            }
        }
    }

    /// Whether it has left: told of the parcels where they may differ, else of the order.
    fn shipped(&self) -> Vec<Fact> {
        if !self.is_under_way() {
            return vec![Fact::Status];
        }
        let mut found = self.missing();
        for place in self.parcels() {
            found.extend(self.arrived_or(place, Part::State));
        }
        self.with_status(found)
    }

    /// When it comes, or when it came; `before` is told first of what has not come yet.
    fn arrival(&self, before: &[Part]) -> Vec<Fact> {
        let mut found = Vec::new();
        if self.is_under_way() {
            found.extend(self.missing());
        }
        let mut waiting = false;
        for place in self.parcels() {
            if self.has_arrived(place) {
                found.extend(self.part(place, Part::Delivered));
            } else if self.is_under_way() {
                waiting = true;
                found.extend(before.iter().chain(&[Part::Expected]).filter_map(|part| self.part(place, *part)));
            }
        }
        if waiting && !before.is_empty() { self.with_status(found) } else { found }
    }

    /// Whether what is said of parcels not yet arrived holds.
    fn is_under_way(&self) -> bool {
        matches!(self.order.status, OrderStatus::Pending | OrderStatus::Processed | OrderStatus::Shipped)
    }

    /// The order's status before the facts, unless they tell of parcels by name: of two parcels one may be on its way and the other not.
    fn with_status(&self, found: Vec<Fact>) -> Vec<Fact> {
        let several = self.order.shipments.len() > 1;
        let of_named =
            |fact: &Fact| matches!(fact, Fact::NoParcel(_)) || (several && matches!(fact, Fact::Parcel(_, Part::State | Part::Delivered)));
        if !self.items.is_empty() && found.iter().any(of_named) { found } else { [vec![Fact::Status], found].concat() }
    }

    /// These parts of each parcel that is asked about.
    fn parts(&self, parts: &[Part]) -> Vec<Fact> {
        let parcels = self.parcels();
        let told = parcels.iter().flat_map(|place| parts.iter().filter_map(|part| self.part(*place, *part)));
        let missing = if self.is_under_way() { self.missing() } else { Vec::new() };
        missing.into_iter().chain(told).collect()
    }

    fn arrived_or(&self, place: usize, otherwise: Part) -> Option<Fact> {
        self.part(place, Part::Delivered).or_else(|| self.part(place, otherwise))
    }

    /// Whether a parcel has arrived. Of an only parcel the order's status says so.
    fn has_arrived(&self, place: usize) -> bool {
        let order = self.order;
        order.shipments[place].delivered_at.is_some() && (order.shipments.len() > 1 || !self.is_under_way())
    }

    /// Whether there is more to say of the parcels' states than of the order's: one that was asked about, or several that differ. Where a shop keeps
    /// no dates of leaving, a parcel without one may have left all the same.
    fn states_count(&self) -> bool {
        let order = self.order;
        let state = |shipment: &Shipment| (shipment.shipped_at.is_some(), shipment.delivered_at.is_some());
        let differ = order.shipments.windows(2).any(|pair| state(&pair[0]) != state(&pair[1]));
        let kept = order.status != OrderStatus::Shipped || order.shipments.iter().any(|shipment| shipment.shipped_at.is_some());
        order.shipments.len() > 1 && kept && (differ || !self.items.is_empty())
    }

    /// One part of one parcel, if its row has it.
    fn part(&self, place: usize, part: Part) -> Option<Fact> {
        let shipment = &self.order.shipments[place];
        let known = match part {
            Part::State => self.states_count() && !contents(self.order, shipment).is_empty(),
            Part::Sent => shipment.shipped_at.is_some(),
            Part::Tracking => !shipment.tracking.is_empty(),
            Part::Expected => shipment.expected_at.is_some(),
            Part::Delivered => self.has_arrived(place),
        };
        known.then_some(Fact::Parcel(place, part))
    }

    /// The parcels with the items in them; all where no item is named. A row that does not say what is in it may have anything.
    fn parcels(&self) -> Vec<usize> {
        let holds = |shipment: &Shipment| {
            self.items.is_empty()
                || shipment.variant_ids.is_empty()
                || contents(self.order, shipment).iter().any(|item| self.items.contains(item))
        };
        (0..self.order.shipments.len()).filter(|place| holds(&self.order.shipments[*place])).collect()
    }

    /// The items asked about that are in no parcel though others are.
    fn missing(&self) -> Vec<Fact> {
        let order = self.order;
        if order.shipments.is_empty() || order.shipments.iter().any(|shipment| shipment.variant_ids.is_empty()) {
            return Vec::new();
        }
        let packed: Vec<usize> = order.shipments.iter().flat_map(|shipment| contents(order, shipment)).collect();
        self.items.iter().filter(|place| !packed.contains(place)).map(|place| Fact::NoParcel(*place)).collect()
    }
}
