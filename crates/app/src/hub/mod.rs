//! What happens, told to many: [`Hub`], a ring of events that any number of readers follow at their own pace.
//!
//! A publisher appends and wakes; it never waits for a reader and holds nothing for one. A [`Reader`] has a place in the ring and an
//! [`Interest`], and pulls what came since in batches, so a reader that does not read costs its place and nothing else. Who
//! falls behind the ring is told so ([`Batch::Lapped`]) and takes up again from the board: quotes are conflated (latest wins), books need a
//! snapshot, trades are missing and must be said to be.
//!
//! An event is put into a format once, by whoever needs it first ([`Published::encoded`]).

mod event;
mod reader;
mod ring;

pub use event::{ConnectionStatus, Format, Happening, Link, Published};
pub use reader::{Batch, Interest, Kinds, Reader};
pub use ring::Hub;
