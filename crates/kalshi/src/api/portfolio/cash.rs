//! `GET /portfolio/deposits` and `GET /portfolio/withdrawals`.

use kmi_domain::{Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::amount;
use crate::api::page::{Cursor, PageLimits, page};
use crate::api::query::query;
use crate::api::word::word;

word! {
    /// Where a payment stands.
    pub enum PaymentStatus {
        /// Under way.
        Pending = "pending",
        /// In the balance (or out of it).
        Applied = "applied",
        /// Came to nothing.
        Failed = "failed",
        /// Went back.
        Returned = "returned",
    }
}

word! {
    /// How money is moved.
    pub enum PaymentType {
        /// Between banks, in batches.
        Ach = "ach",
        /// Between banks, at once.
        Wire = "wire",
        /// In a cryptocurrency.
        Crypto = "crypto",
        /// By debit card.
        Debit = "debit",
        /// By another payment method.
        Apm = "apm",
    }
}

/// Declares deposits and withdrawals, which have the same fields.
macro_rules! payment {
    ($(#[$doc:meta])* $payment:ident, $(#[$query_doc:meta])* $query:ident, $(#[$page_doc:meta])* $page:ident { $items:ident }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $payment {
            /// Its id.
            pub id: String,
            /// Where it stands.
            pub status: PaymentStatus,
            /// How the money is moved.
            pub r#type: PaymentType,
            /// Amount, in whole cents.
            #[serde(with = "amount::cents")]
            pub amount_cents: Money,
            /// Fee, in whole cents.
            #[serde(with = "amount::cents")]
            pub fee_cents: Money,
            /// When it began, to the second.
            #[serde(with = "amount::unix_seconds")]
            pub created_ts: Timestamp,
            /// When it was applied, failed or went back, to the second.
            #[serde(default, with = "amount::option_unix_seconds")]
            pub finalized_ts: Option<Timestamp>,
        }

        query! {
            $(#[$query_doc])*
            pub struct $query {
                /// Payments on a page.
                pub limit: Option<u32>,
                /// Where the page starts.
                pub cursor: Option<Cursor>,
            }
        }

        impl $query {
            /// Payments on a page.
            pub const LIMITS: PageLimits = PageLimits {
                max: 500,
                default: 100,
            };
        }

        page! {
            $(#[$page_doc])*
            $page { $items: $payment } of $query
        }
    };
}

payment! {
    /// Money paid in.
    Deposit,
    /// `GET /portfolio/deposits`.
    DepositsQuery,
    /// A page of deposits.
    DepositsPage { deposits }
}
payment! {
    /// Money paid out.
    Withdrawal,
    /// `GET /portfolio/withdrawals`.
    WithdrawalsQuery,
    /// A page of withdrawals.
    WithdrawalsPage { withdrawals }
}
