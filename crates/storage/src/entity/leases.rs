//! Table `leases`.

use crate::row::table;

table! {
    /// Who may do what only one process may do at a time.
    "leases", key ["name"], {
        /// What it is about.
        #[sea_orm(primary_key, auto_increment = false)]
        name: String,
        /// Who has it, or had it last.
        holder: String,
        /// Counts takeovers.
        epoch: i64,
        /// When the holder got it.
        acquired: i64,
        /// When it ends; absent once released.
        expires: Option<i64>,
    }
}
