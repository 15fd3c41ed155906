//! What a key may do.

use kmi_kalshi::api::keys::Scope;

/// What a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing: anyone may ask, signed or not.
    Public,
    /// A key with this scope or its parent.
    Key(Scope),
}

impl Access {
    /// Reads of one's own.
    pub(crate) const READ: Access = Access::Key(Scope::Read);
    /// Reads of the balance.
    pub(crate) const BALANCE: Access = Access::Key(Scope::ReadPortfolioBalance);
    /// Writes that have no child scope of their own.
    pub(crate) const WRITE: Access = Access::Key(Scope::Write);
    /// Orders and order groups.
    pub(crate) const TRADE: Access = Access::Key(Scope::WriteTrade);
    /// Money moved between one's own pockets.
    pub(crate) const TRANSFER: Access = Access::Key(Scope::WriteTransfer);
}

/// Whether one of `granted` opens `needed`.
pub(crate) fn opens(granted: &[Scope], needed: &Scope) -> bool {
    granted.iter().any(|scope| scope.grants(needed))
}

/// What is wrong with the scopes asked for a new key; `None` if nothing is.
pub(crate) fn fault(asked: &[Scope]) -> Option<&'static str> {
    if asked.is_empty() {
        return Some("scopes: at least one is needed");
    }
    let lone_write = asked.contains(&Scope::Write) && !asked.contains(&Scope::Read);
    lone_write.then_some("scopes: write needs read as well")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_opens_its_children_and_a_child_nothing_else() {
        assert!(opens(&[Scope::Read], &Scope::ReadPortfolioBalance));
        assert!(opens(
            &[Scope::ReadPortfolioBalance],
            &Scope::ReadPortfolioBalance
        ));
        assert!(!opens(&[Scope::ReadPortfolioBalance], &Scope::Read));
        assert!(!opens(&[Scope::WriteTrade], &Scope::WriteTransfer));
        assert!(!opens(&[Scope::Read], &Scope::WriteTrade));
    }

    #[test]
    fn write_is_not_given_without_read() {
        assert_eq!(fault(&[Scope::Read, Scope::Write]), None);
        assert_eq!(fault(&[Scope::WriteTrade]), None);
        assert_eq!(fault(&[Scope::Write]), Some("scopes: write needs read as well"));
        assert_eq!(fault(&[]), Some("scopes: at least one is needed"));
    }
}
