//! What a client says: commands, written by a client and read by a server that speaks the protocol.

use kmi_domain::Ticker;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Channel, ErrorCode};

/// A command with the id its replies will carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Id, unique within the connection; 0 is no id.
    pub id: u64,
    /// What is wanted.
    pub body: CommandBody,
}

/// What a command wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandBody {
    /// Subscribe to channels: one `subscribed` each.
    Subscribe(SubscribeParams),
    /// End subscriptions: one `unsubscribed` each.
    Unsubscribe(UnsubscribeParams),
    /// Change what a subscription covers, or ask it for snapshots.
    UpdateSubscription(UpdateParams),
    /// Name all subscriptions.
    ListSubscriptions,
}

/// `params` of `subscribe`. Parameters that do not apply to a channel are passed over by the exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubscribeParams {
    /// Channels, by name.
    pub channels: Vec<String>,
    /// The only market.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_ticker: Option<String>,
    /// The markets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_tickers: Option<Vec<String>>,
    /// The only market, by UUID: `ticker` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_id: Option<String>,
    /// The markets, by UUID: `ticker` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_ids: Option<Vec<String>>,
    /// Whether each named market's ticker is sent at once: `ticker` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_initial_snapshot: Option<bool>,
    /// Whether `ok` replies of this subscription leave out the list of markets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_ticker_ack: Option<bool>,
    /// Whether the NO side of books is told in YES prices: `orderbook_delta` only. Without it the exchange's default holds, which
    /// is false today and announced to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_yes_price: Option<bool>,
    /// `self`: only one's own requests; `communications` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_filter: Option<String>,
    /// Into how many parts the stream is cut, 1 to 100: `communications` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard_factor: Option<i64>,
    /// Which part is wanted, from 0: `communications` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<i64>,
    /// Indices, or `all`: the channels of CF Benchmarks only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_ids: Option<Vec<String>>,
    /// Underlyings, or `all`: `pyth_value` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub underlying_tickers: Option<Vec<String>>,
}

/// `params` of `unsubscribe`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnsubscribeParams {
    /// Subscriptions to end.
    pub sids: Vec<u64>,
}

/// `params` of `update_subscription`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateParams {
    /// `add_markets`, `delete_markets` or `get_snapshot`, see [`UpdateAction`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<u64>,
    /// The subscription, in a list of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sids: Option<Vec<u64>>,
    /// The only market.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_ticker: Option<String>,
    /// The markets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_tickers: Option<Vec<String>>,
    /// The only market, by UUID: `ticker` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_id: Option<String>,
    /// The markets, by UUID: `ticker` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_ids: Option<Vec<String>>,
    /// Whether each added market's ticker is sent at once: `ticker` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_initial_snapshot: Option<bool>,
    /// Indices, or `all`: the channels of CF Benchmarks only, with actions of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_ids: Option<Vec<String>>,
    /// Underlyings, or `all`: `pyth_value` only, with actions of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub underlying_tickers: Option<Vec<String>>,
}

/// What an update of a subscription does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UpdateAction {
    /// Covers more markets.
    AddMarkets,
    /// Covers fewer.
    DeleteMarkets,
    /// Covers the same, and sends a snapshot of each book named.
    GetSnapshot,
}

impl UpdateAction {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            UpdateAction::AddMarkets => "add_markets",
            UpdateAction::DeleteMarkets => "delete_markets",
            UpdateAction::GetSnapshot => "get_snapshot",
        }
    }

    /// The action of a name.
    pub fn from_name(name: &str) -> Option<UpdateAction> {
        [
            UpdateAction::AddMarkets,
            UpdateAction::DeleteMarkets,
            UpdateAction::GetSnapshot,
        ]
        .into_iter()
        .find(|action| action.as_str() == name)
    }
}

/// Why a text is no command, as an exchange tells it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct CommandRefused {
    /// Id of the command, where one could be read and is not 0.
    pub id: Option<u64>,
    /// Number for the `error` reply.
    pub code: ErrorCode,
    /// Words for the `error` reply.
    pub message: String,
}

/// The one named, then those listed; a list and a single one may both stand, though the exchange forbids it.
fn both(one: Option<&String>, many: Option<&Vec<String>>) -> Vec<String> {
    one.into_iter()
        .chain(many.into_iter().flatten())
        .cloned()
        .collect()
}

fn texts(tickers: impl IntoIterator<Item = Ticker>) -> Vec<String> {
    tickers
        .into_iter()
        .map(|ticker| ticker.as_str().to_owned())
        .collect()
}

impl SubscribeParams {
    /// Of one channel, with nothing else said.
    pub fn of(channel: Channel) -> SubscribeParams {
        SubscribeParams {
            channels: vec![channel.as_str().to_owned()],
            ..SubscribeParams::default()
        }
    }

    /// Of one channel for these markets.
    pub fn markets(channel: Channel, tickers: impl IntoIterator<Item = Ticker>) -> SubscribeParams {
        SubscribeParams {
            market_tickers: Some(texts(tickers)),
            ..SubscribeParams::of(channel)
        }
    }

    /// Every ticker named, in whichever field.
    pub fn tickers(&self) -> Vec<String> {
        both(self.market_ticker.as_ref(), self.market_tickers.as_ref())
    }

    /// Every market UUID named, in whichever field.
    pub fn ids(&self) -> Vec<String> {
        both(self.market_id.as_ref(), self.market_ids.as_ref())
    }
}

impl UpdateParams {
    /// An action on these markets of one subscription.
    pub fn new(action: UpdateAction, sid: u64, tickers: impl IntoIterator<Item = Ticker>) -> UpdateParams {
        UpdateParams {
            action: Some(action.as_str().to_owned()),
            sids: Some(vec![sid]),
            market_tickers: Some(texts(tickers)),
            ..UpdateParams::default()
        }
    }

    /// Every ticker named, in whichever field.
    pub fn tickers(&self) -> Vec<String> {
        both(self.market_ticker.as_ref(), self.market_tickers.as_ref())
    }

    /// Every market UUID named, in whichever field.
    pub fn ids(&self) -> Vec<String> {
        both(self.market_id.as_ref(), self.market_ids.as_ref())
    }

    /// The one subscription named.
    ///
    /// # Errors
    /// [`ErrorCode::OneSidRequired`] when none is, several are, or both fields are there.
    pub fn only_sid(&self) -> Result<u64, ErrorCode> {
        match (self.sid, self.sids.as_deref()) {
            (Some(sid), None) => Ok(sid),
            (None, Some([sid])) => Ok(*sid),
            _ => Err(ErrorCode::OneSidRequired),
        }
    }
}

impl CommandBody {
    /// Its name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            CommandBody::Subscribe(_) => "subscribe",
            CommandBody::Unsubscribe(_) => "unsubscribe",
            CommandBody::UpdateSubscription(_) => "update_subscription",
            CommandBody::ListSubscriptions => "list_subscriptions",
        }
    }
}

#[derive(Serialize)]
struct Written<'a, P> {
    id: u64,
    cmd: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a P>,
}

impl Command {
    /// The text that goes over the wire.
    #[must_use]
    pub fn to_json(&self) -> String {
        match &self.body {
            CommandBody::Subscribe(params) => self.written(Some(params)),
            CommandBody::Unsubscribe(params) => self.written(Some(params)),
            CommandBody::UpdateSubscription(params) => self.written(Some(params)),
            CommandBody::ListSubscriptions => self.written(None::<&()>),
        }
    }

    fn written<P: Serialize>(&self, params: Option<&P>) -> String {
        crate::wire::to_json(&Written {
            id: self.id,
            cmd: self.body.name(),
            params,
        })
    }

    /// Reads a command as an exchange does: unknown parameters are passed over, and so are those that do not apply.
    ///
    /// Checked are the shape of every known parameter and that a channel, a subscription or an action is named where one must
    /// be; whether the names mean anything is for the server to say.
    ///
    /// # Errors
    /// [`CommandRefused`] is the error to reply with.
    pub fn parse(text: &[u8]) -> Result<Command, CommandRefused> {
        let refuse = |id, code: ErrorCode, message: &str| CommandRefused {
            id,
            code,
            message: message.to_owned(),
        };
        let plain = |id, code: ErrorCode| refuse(id, code, code.message());
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(text) else {
            return Err(plain(None, ErrorCode::UnableToProcess));
        };
        let id = match fields.get("id") {
            None | Some(Value::Null) => 0,
            Some(id) => id
                .as_u64()
                .ok_or_else(|| refuse(None, ErrorCode::UnableToProcess, "id must be a whole number"))?,
        };
        let told = Some(id).filter(|id| *id != 0);
        let name = fields
            .get("cmd")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        if name == "list_subscriptions" {
            let body = CommandBody::ListSubscriptions;
            return Ok(Command { id, body });
        }
        if !["subscribe", "unsubscribe", "update_subscription"].contains(&name.as_str()) {
            return Err(plain(told, ErrorCode::UnknownCommand));
        }
        let params = match fields.remove("params") {
            None | Some(Value::Null) => return Err(plain(told, ErrorCode::ParamsRequired)),
            Some(params) => params,
        };
        let body = match name.as_str() {
            "subscribe" => read(params).map(CommandBody::Subscribe),
            "unsubscribe" => read(params).map(CommandBody::Unsubscribe),
            _ => read(params).map(CommandBody::UpdateSubscription),
        };
        let body = body.map_err(|error| refuse(told, ErrorCode::InvalidParameter, &error))?;
        match body.missing() {
            Some(code) => Err(plain(told, code)),
            None => Ok(Command { id, body }),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(params: Value) -> Result<T, String> {
    let error = match serde_json::from_value(without_nulls(params)) {
        Ok(params) => return Ok(params),
        Err(error) => error,
    };
    Err(format!("Invalid parameter: {error}"))
}

/// A parameter that is `null` is one that is not there.
fn without_nulls(params: Value) -> Value {
    match params {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}

impl CommandBody {
    /// What must be named and is not.
    fn missing(&self) -> Option<ErrorCode> {
        match self {
            CommandBody::Subscribe(params) if params.channels.is_empty() => Some(ErrorCode::ChannelsRequired),
            CommandBody::Unsubscribe(params) if params.sids.is_empty() => Some(ErrorCode::SidsRequired),
            CommandBody::UpdateSubscription(params) => match params.only_sid() {
                Err(code) => Some(code),
                Ok(_) if params.action.is_none() => Some(ErrorCode::ActionRequired),
                Ok(_) => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Option<u64>, i64) {
        let refused = Command::parse(text.as_bytes()).unwrap_err();
        (refused.id, refused.code.number())
    }

    #[test]
    fn a_written_command_reads_back() {
        let ticker: Ticker = "M-1".parse().unwrap();
        let commands = [
            CommandBody::Subscribe(SubscribeParams {
                use_yes_price: Some(true),
                ..SubscribeParams::markets(Channel::OrderbookDelta, [ticker.clone()])
            }),
            CommandBody::Unsubscribe(UnsubscribeParams { sids: vec![2, 3] }),
            CommandBody::UpdateSubscription(UpdateParams::new(UpdateAction::GetSnapshot, 4, [ticker])),
            CommandBody::ListSubscriptions,
        ];
        for (id, body) in (1..).zip(commands) {
            let command = Command { id, body };
            assert_eq!(Command::parse(command.to_json().as_bytes()), Ok(command));
        }
    }

    #[test]
    fn only_what_was_said_is_written() {
        let command = Command {
            id: 5,
            body: CommandBody::Subscribe(SubscribeParams::of(Channel::Fill)),
        };
        assert_eq!(
            command.to_json(),
            r#"{"id":5,"cmd":"subscribe","params":{"channels":["fill"]}}"#
        );
        let list = Command {
            id: 6,
            body: CommandBody::ListSubscriptions,
        };
        assert_eq!(list.to_json(), r#"{"id":6,"cmd":"list_subscriptions"}"#);
    }

    #[test]
    fn parameters_nobody_knows_are_passed_over() {
        let text = r#"{"id":1,"cmd":"subscribe","params":{"channels":["trade"],"market_ticker":"A",
            "market_tickers":["B"],"send_initial_snapshot":true,"shard_key":null,"colour":"red"}}"#;
        let CommandBody::Subscribe(params) = Command::parse(text.as_bytes()).unwrap().body else {
            panic!("it subscribes")
        };
        assert_eq!(params.tickers(), ["A", "B"]);
        assert_eq!(params.send_initial_snapshot, Some(true));
    }

    #[test]
    fn a_wrong_command_gets_the_exchanges_number() {
        assert_eq!(refused("{"), (None, 1));
        assert_eq!(refused("[1]"), (None, 1));
        assert_eq!(refused(r#"{"id":"x","cmd":"subscribe"}"#), (None, 1));
        assert_eq!(refused(r#"{"id":3,"cmd":"buy","params":{}}"#), (Some(3), 5));
        assert_eq!(refused(r#"{"id":3}"#), (Some(3), 5));
        assert_eq!(refused(r#"{"id":0,"cmd":"subscribe"}"#), (None, 2));
        assert_eq!(refused(r#"{"id":3,"cmd":"subscribe","params":{}}"#), (Some(3), 3));
        assert_eq!(
            refused(r#"{"id":3,"cmd":"subscribe","params":{"channels":"x"}}"#),
            (Some(3), 11)
        );
        assert_eq!(refused(r#"{"id":3,"cmd":"subscribe","params":7}"#), (Some(3), 11));
        assert_eq!(
            refused(r#"{"id":3,"cmd":"unsubscribe","params":{}}"#),
            (Some(3), 4)
        );
        assert_eq!(
            refused(r#"{"id":3,"cmd":"unsubscribe","params":{"sids":[-1]}}"#),
            (Some(3), 11)
        );
        let update = |params: &str| {
            refused(&format!(
                r#"{{"id":3,"cmd":"update_subscription","params":{params}}}"#
            ))
        };
        assert_eq!(update(r#"{"action":"add_markets"}"#), (Some(3), 12));
        assert_eq!(update(r#"{"action":"add_markets","sids":[1,2]}"#), (Some(3), 12));
        assert_eq!(
            update(r#"{"action":"add_markets","sids":[1],"sid":1}"#),
            (Some(3), 12)
        );
        assert_eq!(update(r#"{"sid":1}"#), (Some(3), 15));
    }
}
