//! Words of a market's body.

use kmi_domain::MarketStatus;

use crate::api::word::word;

word! {
    /// What a market pays.
    #[derive(Default)]
    pub enum MarketTypeWord {
        /// $1 or nothing.
        #[default]
        Binary = "binary",
        /// Something between.
        Scalar = "scalar",
    }
}

word! {
    /// Where a market stands, in an answer.
    pub enum StatusWord {
        /// Listed, not yet open.
        Initialized = "initialized",
        /// Paused while open.
        Inactive = "inactive",
        /// Trading.
        Active = "active",
        /// Past its close, no result yet.
        Closed = "closed",
        /// Has a result, money not yet paid.
        Determined = "determined",
        /// The result is contested.
        Disputed = "disputed",
        /// The result was changed.
        Amended = "amended",
        /// Paid out.
        Finalized = "finalized",
    }
}

impl StatusWord {
    /// The status; `None` for a word added since.
    pub fn status(&self) -> Option<MarketStatus> {
        self.as_str().parse().ok()
    }
}

impl From<MarketStatus> for StatusWord {
    fn from(status: MarketStatus) -> StatusWord {
        StatusWord::from(status.as_str())
    }
}

word! {
    /// How a market came out.
    #[derive(Default)]
    pub enum ResultWord {
        /// Not determined yet.
        #[default]
        None = "",
        /// YES pays $1.
        Yes = "yes",
        /// NO pays $1.
        No = "no",
        /// YES pays the settlement value.
        Scalar = "scalar",
    }
}

word! {
    /// How strikes are read.
    pub enum StrikeTypeWord {
        /// Above the floor.
        Greater = "greater",
        /// At the floor or above.
        GreaterOrEqual = "greater_or_equal",
        /// Below the cap.
        Less = "less",
        /// At the cap or below.
        LessOrEqual = "less_or_equal",
        /// From floor to cap.
        Between = "between",
        /// By a function of the value.
        Functional = "functional",
        /// One value per target.
        Custom = "custom",
        /// Custom, by structured targets.
        Structured = "structured",
    }
}

word! {
    /// Bounds of the settlement value.
    #[derive(Default)]
    pub enum BoundsWord {
        /// From $0 to $1.
        #[default]
        Default = "default",
        /// From a floor to $1.
        Floor = "floor",
    }
}
