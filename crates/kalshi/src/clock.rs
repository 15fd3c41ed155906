//! Where times of signatures come from.

use kmi_domain::Timestamp;

/// Tells the time of day. Signatures carry it, and the exchange takes them only some 15 s after and 30 s before its own.
///
/// Any function without arguments is one; programs that run for real pass one that reads the system's clock.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync + 'static> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}
