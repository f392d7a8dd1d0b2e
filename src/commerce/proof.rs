//! The proof of who a customer is.

use subtle::ConstantTimeEq;

use super::order::OrderNumber;

/// What a guest says of themselves: order number and e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestClaim {
    /// The order.
    pub number: OrderNumber,
    /// The e-mail as typed.
    pub email: String,
}

/// Whose an order is, as the store knows it. Good for checking a claim and for nothing else: its fields cannot be read outside this room.
#[derive(Clone)]
pub struct OrderOwner {
    customer_id: String,
    email: String,
}

impl OrderOwner {
    /// For the store.
    pub fn new(customer_id: String, email: String) -> Self {
        Self { customer_id, email }
    }
}

impl std::fmt::Debug for OrderOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OrderOwner(..)")
    }
}

/// Which orders a proof opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// This one: a guest who knew its number and the e-mail behind it.
    Order(OrderNumber),
}

/// Proof of who the customer is. Made by [`CustomerProof::of_guest`] for whoever writes to the shop; a test holds that nothing but a measurement uses
/// [`CustomerProof::of_owner`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerProof {
    customer_id: String,
    scope: Scope,
}

impl CustomerProof {
    /// Checks a guest's claim against the owner of the order, in constant time. A refusal never says which part was wrong.
    pub fn of_guest(claim: &GuestClaim, owner: Option<&OrderOwner>) -> Option<Self> {
        let said = claim.email.trim().to_lowercase();
        let (customer_id, known) = owner.map_or(("", ""), |owner| (owner.customer_id.as_str(), owner.email.as_str()));
        let same = bool::from(said.as_bytes().ct_eq(known.trim().to_lowercase().as_bytes()));
        (same && !said.is_empty() && owner.is_some())
            .then(|| Self { customer_id: customer_id.to_owned(), scope: Scope::Order(claim.number.clone()) })
    }

    /// The proof that the owner of an order would have, for a measurement on the shop's own machine, where no shopper is there to be told anything.
    pub fn of_owner(number: &OrderNumber, owner: &OrderOwner) -> Self {
        Self { customer_id: owner.customer_id.clone(), scope: Scope::Order(number.clone()) }
    }

    /// The customer.
    pub fn customer_id(&self) -> &str {
        &self.customer_id
    }

    /// Whether the proof opens this order.
    pub fn opens(&self, number: &OrderNumber) -> bool {
        match &self.scope {
            Scope::Order(own) => own == number,
        }
    }
}
