//! Milestones and structured targets: games and who plays in them, made from the sports events of the catalogue.

use kmi_domain::{EventTicker, Timestamp};
use kmi_kalshi::api::milestone::{Milestone, MilestoneResponse, MilestonesPage, MilestonesQuery};
use kmi_kalshi::api::page::{Cursor, PageLimits};
use kmi_kalshi::api::structured_target::{
    StructuredTarget, StructuredTargetResponse, StructuredTargetsPage, StructuredTargetsQuery,
};
use serde_json::{Map, Value};

use crate::core::{EventState, IdSpace, MarketState};
use crate::engine::View;
use crate::records::PageRequest;
use crate::server::answer::{Answer, ApiError};
use crate::server::call::Call;
use crate::server::operation::{Answered, Operation};

/// Category whose events are games.
const SPORTS: &str = "Sports";
/// Ids of milestones and targets begin here, so that they do not meet those of other things.
const MILESTONES: u64 = 1 << 48;
const TARGETS: u64 = 2 << 48;
/// Ids a query may name.
const MAX_IDS: usize = 2_000;

pub(super) fn operations() -> Vec<Operation> {
    let public = Operation::public;
    vec![
        public("GetMilestones", "/milestones", milestones),
        public("GetMilestone", "/milestones/{milestone_id}", milestone),
        public("GetStructuredTargets", "/structured_targets", targets),
        public(
            "GetStructuredTarget",
            "/structured_targets/{structured_target_id}",
            target,
        ),
    ]
}

fn milestones(call: &Call) -> Answered {
    let query: MilestonesQuery = call.query.read()?;
    if query.limit.is_none() {
        return Err(call.query.refuse("limit", "is required"));
    }
    let page = call
        .query
        .page(query.limit, query.cursor.clone(), MilestonesQuery::LIMITS)?;
    let rows = call.read(|view| {
        games(view)
            .map(|(number, event)| (number, body(call, view, number, event)))
            .filter(|(_, milestone)| is_wanted(milestone, &query))
            .collect()
    });
    let (milestones, cursor) = take(call, rows, &page);
    Answer::ok(&MilestonesPage { milestones, cursor })
}

fn is_wanted(milestone: &Milestone, query: &MilestonesQuery) -> bool {
    let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    is(&query.category, &milestone.category)
        && is(&query.kind, &milestone.kind)
        && query.competition.is_none()
        && query.source_id.is_none()
        && query
            .minimum_start_date
            .as_ref()
            .is_none_or(|start| start.0 <= milestone.start_date)
        && query.related_event_ticker.as_ref().is_none_or(|event| {
            milestone
                .related_event_tickers
                .iter()
                .any(|related| related == event.as_str())
        })
        && query
            .min_updated_ts
            .is_none_or(|time| time <= milestone.last_updated_ts)
}

fn milestone(call: &Call) -> Answered {
    let wanted = call.number(IdSpace::Other, call.part("milestone_id"));
    let found = call.read(|view| {
        let mut games = games(view);
        games
            .find(|(number, _)| Some(*number) == wanted)
            .map(|(number, event)| body(call, view, number, event))
    });
    Answer::ok(&MilestoneResponse {
        milestone: found.ok_or_else(ApiError::not_found)?,
    })
}

/// Milestones of these events.
pub(super) fn of_events<'t>(call: &Call, events: impl Iterator<Item = &'t EventTicker>) -> Vec<Milestone> {
    let wanted: std::collections::BTreeSet<&EventTicker> = events.collect();
    call.read(|view| {
        games(view)
            .filter(|(_, event)| wanted.contains(&event.spec.ticker))
            .map(|(number, event)| body(call, view, number, event))
            .collect()
    })
}

/// The sports events, with the numbers of their milestones.
fn games<'v>(view: &View<'v>) -> impl Iterator<Item = (u64, &'v EventState)> {
    let exchange = view.exchange;
    (MILESTONES..).zip(exchange.events()).filter(move |(_, event)| {
        let series = exchange.series_of(&event.spec.series);
        series.is_some_and(|series| series.spec.category == SPORTS)
    })
}

fn body(call: &Call, view: &View<'_>, number: u64, event: &EventState) -> Milestone {
    let spec = &event.spec;
    let closes = event
        .markets
        .iter()
        .map(|market| view.exchange.market(*market).spec.close_time)
        .max();
    let start: Timestamp = spec.strike_date.or(closes).unwrap_or(event.created);
    let ticker = spec.ticker.to_string();
    Milestone {
        id: call.public(IdSpace::Other, number),
        category: SPORTS.to_owned(),
        kind: "game".to_owned(),
        start_date: start,
        end_date: closes,
        related_event_tickers: vec![ticker.clone()],
        title: spec.title.clone(),
        notification_message: String::new(),
        source_id: None,
        source_ids: None,
        details: Map::new(),
        primary_event_tickers: vec![ticker],
        last_updated_ts: event.created,
    }
}

fn targets(call: &Call) -> Answered {
    let query: StructuredTargetsQuery = call.query.read()?;
    call.query.at_most("ids", &query.ids, MAX_IDS)?;
    let page = page_of_targets(call, &query)?;
    let rows = call.read(|view| {
        players(view)
            .map(|market| {
                (
                    TARGETS + market.number(),
                    target_body(call, TARGETS + market.number(), market),
                )
            })
            .filter(|(_, target)| {
                let id = target.id.as_deref();
                (query.ids.is_empty() || query.ids.iter().any(|wanted| Some(wanted.as_str()) == id))
                    && query
                        .kind
                        .as_ref()
                        .is_none_or(|kind| Some(kind) == target.kind.as_ref())
                    && query.competition.is_none()
            })
            .collect()
    });
    let (structured_targets, cursor) = take(call, rows, &page);
    Answer::ok(&StructuredTargetsPage {
        structured_targets,
        cursor,
    })
}

/// Here the limit is called `page_size`.
fn page_of_targets(call: &Call, query: &StructuredTargetsQuery) -> Result<PageRequest, ApiError> {
    let limits: PageLimits = StructuredTargetsQuery::LIMITS;
    match query.page_size {
        Some(size) if size == 0 || size > limits.max => Err(call
            .query
            .refuse("page_size", format_args!("must be 1 to {}", limits.max))),
        size => call.query.page(size, query.cursor.clone(), limits),
    }
}

fn target(call: &Call) -> Answered {
    let wanted = call.number(IdSpace::Other, call.part("structured_target_id"));
    let found = call.read(|view| {
        players(view)
            .find(|market| Some(TARGETS + market.number()) == wanted)
            .map(|market| target_body(call, TARGETS + market.number(), market))
    });
    Answer::ok(&StructuredTargetResponse {
        structured_target: found.ok_or_else(ApiError::not_found)?,
    })
}

fn players<'v>(view: &View<'v>) -> impl Iterator<Item = &'v MarketState> {
    let exchange = view.exchange;
    games(view)
        .flat_map(|(_, event)| &event.markets)
        .map(move |market| exchange.market(*market))
}

fn target_body(call: &Call, number: u64, market: &MarketState) -> StructuredTarget {
    let mut details = Map::new();
    details.insert("market_ticker".to_owned(), Value::from(market.ticker().as_str()));
    StructuredTarget {
        id: Some(call.public(IdSpace::Other, number)),
        name: Some(market.spec.yes_sub_title.clone()),
        kind: Some("team".to_owned()),
        details: Some(details),
        source_id: None,
        source_ids: None,
        last_updated_ts: Some(market.created),
    }
}

/// A page of rows in ascending order of their numbers. A cursor is the public id of the last one shown.
fn take<T>(call: &Call, rows: Vec<(u64, T)>, page: &PageRequest) -> (Vec<T>, Cursor) {
    let after = page
        .cursor
        .as_deref()
        .and_then(|cursor| call.number(IdSpace::Other, cursor));
    let mut rows = rows
        .into_iter()
        .filter(|(number, _)| after.is_none_or(|after| *number > after));
    let mut shown = Vec::new();
    let mut last = 0;
    for (number, row) in rows.by_ref().take(page.limit) {
        last = number;
        shown.push(row);
    }
    let cursor = match rows.next() {
        Some(_) => Cursor::new(call.public(IdSpace::Other, last)),
        None => Cursor::LAST,
    };
    (shown, cursor)
}
