//! Why the exchange refused a command or ended a subscription: [`ErrorCode`].

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Number of an `error` message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// 1: not JSON, or something else went wrong.
    UnableToProcess,
    /// 2: no `params`.
    ParamsRequired,
    /// 3: no `channels`.
    ChannelsRequired,
    /// 4: no `sids`.
    SidsRequired,
    /// 5: no such command.
    UnknownCommand,
    /// 7: no such subscription.
    UnknownSid,
    /// 8: no such channel.
    UnknownChannel,
    /// 9: the channel needs an authenticated connection.
    AuthenticationRequired,
    /// 10: the channel broke; the subscription has ended.
    ChannelError,
    /// 11: a parameter is malformed.
    InvalidParameter,
    /// 12: an update names no subscription, or several.
    OneSidRequired,
    /// 13: no such action.
    UnsupportedAction,
    /// 14: no market named where one must be.
    MarketTickerRequired,
    /// 15: an update without an action.
    ActionRequired,
    /// 18: the server did not get to the command in time.
    CommandTimeout,
    /// 19: `shard_factor` below 1.
    ShardFactorNotPositive,
    /// 20: `shard_key` without `shard_factor`.
    ShardFactorRequired,
    /// 21: `shard_key` not below `shard_factor`.
    ShardKeyOutOfRange,
    /// 22: `shard_factor` above 100.
    ShardFactorTooLarge,
    /// 23: no `match_ids`.
    MatchIdsRequired,
    /// 24: no `index_ids`.
    IndexIdsRequired,
    /// 25: the client read too slowly; the subscription has ended.
    BufferOverflow,
    /// 26: more markets than a subscription may have.
    MarketLimit,
    /// 27: too many commands.
    TooManyRequests,
    /// 28: no `underlying_tickers`.
    UnderlyingTickersRequired,
    /// One the exchange has added since, or retired (6, 16, 17).
    Other(i64),
}

const CODES: [(i64, ErrorCode, &str); 25] = [
    (1, ErrorCode::UnableToProcess, "Unable to process message"),
    (2, ErrorCode::ParamsRequired, "Params required"),
    (3, ErrorCode::ChannelsRequired, "Channels required"),
    (4, ErrorCode::SidsRequired, "Subscription IDs required"),
    (5, ErrorCode::UnknownCommand, "Unknown command"),
    (7, ErrorCode::UnknownSid, "Unknown subscription ID"),
    (8, ErrorCode::UnknownChannel, "Unknown channel name"),
    (9, ErrorCode::AuthenticationRequired, "Authentication required"),
    (10, ErrorCode::ChannelError, "Channel error"),
    (11, ErrorCode::InvalidParameter, "Invalid parameter"),
    (
        12,
        ErrorCode::OneSidRequired,
        "Exactly one subscription ID is required",
    ),
    (13, ErrorCode::UnsupportedAction, "Unsupported action"),
    (14, ErrorCode::MarketTickerRequired, "Market Ticker required"),
    (15, ErrorCode::ActionRequired, "Action required"),
    (18, ErrorCode::CommandTimeout, "Command timeout"),
    (19, ErrorCode::ShardFactorNotPositive, "shard_factor must be > 0"),
    (
        20,
        ErrorCode::ShardFactorRequired,
        "shard_factor is required when shard_key is set",
    ),
    (
        21,
        ErrorCode::ShardKeyOutOfRange,
        "shard_key must be >= 0 and < shard_factor",
    ),
    (22, ErrorCode::ShardFactorTooLarge, "shard_factor must be <= 100"),
    (23, ErrorCode::MatchIdsRequired, "Match IDs required"),
    (24, ErrorCode::IndexIdsRequired, "Index IDs required"),
    (25, ErrorCode::BufferOverflow, "Subscription buffer overflow"),
    (26, ErrorCode::MarketLimit, "Subscription market limit exceeded"),
    (27, ErrorCode::TooManyRequests, "Too many requests"),
    (
        28,
        ErrorCode::UnderlyingTickersRequired,
        "Underlying tickers required",
    ),
];

impl ErrorCode {
    /// The code of a number.
    pub fn from_number(number: i64) -> ErrorCode {
        CODES
            .iter()
            .find(|(known, ..)| *known == number)
            .map_or(ErrorCode::Other(number), |(_, code, _)| *code)
    }

    /// Its number.
    pub fn number(self) -> i64 {
        match self {
            ErrorCode::Other(number) => number,
            known => known.row().map_or(0, |row| row.0),
        }
    }

    /// What the exchange says with it.
    pub fn message(self) -> &'static str {
        self.row().map_or("Unknown error", |row| row.2)
    }

    /// True for 10 and 25: the subscription has ended and must be made anew.
    pub const fn is_terminal(self) -> bool {
        matches!(self, ErrorCode::ChannelError | ErrorCode::BufferOverflow)
    }

    /// True where the same command may be taken a little later: 1, 10, 18, 25 and 27.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            ErrorCode::UnableToProcess
                | ErrorCode::ChannelError
                | ErrorCode::CommandTimeout
                | ErrorCode::BufferOverflow
                | ErrorCode::TooManyRequests
        )
    }

    fn row(self) -> Option<&'static (i64, ErrorCode, &'static str)> {
        CODES.iter().find(|(_, code, _)| *code == self)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.number(), self.message())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.number())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ErrorCode, D::Error> {
        i64::deserialize(deserializer).map(ErrorCode::from_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_its_number_and_the_retired_ones_are_kept() {
        for number in -1..40 {
            assert_eq!(ErrorCode::from_number(number).number(), number);
        }
        assert_eq!(ErrorCode::from_number(16), ErrorCode::Other(16));
        assert_eq!(
            ErrorCode::BufferOverflow.to_string(),
            "25 (Subscription buffer overflow)"
        );
    }
}
