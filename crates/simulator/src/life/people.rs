//! The house's users: [`People`].

use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::stall::MAKERS;
use crate::core::UserId;

/// Users of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct People {
    pub(super) makers: [UserId; MAKERS],
    pub(super) patient: UserId,
    pub(super) informed: UserId,
    pub(super) crowd: UserId,
}

impl People {
    /// Opens them all; `None` if one of the names is taken.
    pub(super) fn open(desk: &mut Desk) -> Option<People> {
        let mut makers = [UserId(0); MAKERS];
        for (maker, name) in makers
            .iter_mut()
            .zip(["house maker 1", "house maker 2", "house maker 3"])
        {
            *maker = desk.open_trader(name)?;
        }
        Some(People {
            makers,
            patient: desk.open_trader("house patient")?,
            informed: desk.open_trader("house informed")?,
            crowd: desk.open_trader("house crowd")?,
        })
    }
}
