//! Bodies of today's REST API, typed and owned, read and written alike.

pub mod error;
