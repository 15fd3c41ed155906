//! The live half: what `kmi serve`, `kmi poll` and `kmi demo` are built of.
//!
//! In the order in which a program starts: [`stop`] hears signals, [`house`] takes the port and waits for the database, [`followed`] says which
//! exchange it is about, [`guard`] lets nothing of another exchange in, [`intake`] starts ingest, [`doors`] opens the doors and says so.

mod browser;
pub(crate) mod doors;
pub(crate) mod entropy;
pub(crate) mod followed;
pub(crate) mod guard;
pub(crate) mod house;
pub(crate) mod identity;
pub(crate) mod intake;
pub(crate) mod spool;
pub(crate) mod stop;
