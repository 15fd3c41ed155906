//! Table `meta`.

use crate::row::table;

table! {
    /// Facts about the database itself, by name.
    "meta", key ["key"], {
        /// Name: `format`, later `exchange`.
        #[sea_orm(primary_key, auto_increment = false)]
        key: String,
        /// What it is.
        value: String,
    }
}
