//! Milestones and structured targets: games and who plays in them, made from the sports events of the catalogue.

use std::collections::BTreeSet;

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
/// What targets are.
const KIND: &str = "team";
/// Milestones and targets looked at in one look.
const STEP: usize = 500;
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
    let (milestones, cursor) = scan(call, &page, MILESTONES, |view, number, index| {
        let event = view.exchange.events().nth(index)?;
        let milestone = is_game(view, event).then(|| body(call, view, number, event));
        Some(milestone.filter(|milestone| is_wanted(milestone, &query)))
    });
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
    let found = wanted.and_then(|number| {
        let index = usize::try_from(number.checked_sub(MILESTONES)?).ok()?;
        call.read(|view| {
            let event = view.exchange.events().nth(index)?;
            is_game(view, event).then(|| body(call, view, number, event))
        })
    });
    Answer::ok(&MilestoneResponse {
        milestone: found.ok_or_else(ApiError::not_found)?,
    })
}

/// Milestones of these events.
pub(super) fn of_events<'t>(call: &Call, events: impl Iterator<Item = &'t EventTicker>) -> Vec<Milestone> {
    let wanted: BTreeSet<&EventTicker> = events.collect();
    call.read(|view| {
        games(view)
            .filter(|(_, event)| wanted.contains(&event.spec.ticker))
            .map(|(number, event)| body(call, view, number, event))
            .collect()
    })
}

/// The sports events, with the numbers of their milestones.
fn games<'v>(view: &View<'v>) -> impl Iterator<Item = (u64, &'v EventState)> {
    let view = *view;
    (MILESTONES..)
        .zip(view.exchange.events())
        .filter(move |(_, event)| is_game(&view, event))
}

fn is_game(view: &View<'_>, event: &EventState) -> bool {
    let series = view.exchange.series_of(&event.spec.series);
    series.is_some_and(|series| series.spec.category == SPORTS)
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
    let ids: Option<BTreeSet<u64>> = (!query.ids.is_empty()).then(|| {
        let numbers = query.ids.iter();
        numbers.filter_map(|id| call.number(IdSpace::Other, id)).collect()
    });
    // All are of one kind and in no competition.
    let is_any = query.kind.as_deref().is_none_or(|kind| kind == KIND) && query.competition.is_none();
    let is_wanted = |number| is_any && ids.as_ref().is_none_or(|ids| ids.contains(&number));
    let (structured_targets, cursor) = scan(call, &page, TARGETS, |view, number, index| {
        let market = view.exchange.market_of_number(index as u64)?;
        let is_shown = is_wanted(number) && is_player(view, market);
        Some(is_shown.then(|| target_body(call, number, market)))
    });
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
    let found = wanted.and_then(|number| {
        let market = number.checked_sub(TARGETS)?;
        call.read(|view| {
            let market = view.exchange.market_of_number(market)?;
            is_player(view, market).then(|| target_body(call, number, market))
        })
    });
    Answer::ok(&StructuredTargetResponse {
        structured_target: found.ok_or_else(ApiError::not_found)?,
    })
}

fn is_player(view: &View<'_>, market: &MarketState) -> bool {
    let event = view.exchange.event(&market.spec.event);
    event.is_some_and(|event| is_game(view, event))
}

fn target_body(call: &Call, number: u64, market: &MarketState) -> StructuredTarget {
    let mut details = Map::new();
    details.insert("market_ticker".to_owned(), Value::from(market.ticker().as_str()));
    StructuredTarget {
        id: Some(call.public(IdSpace::Other, number)),
        name: Some(market.spec.yes_sub_title.clone()),
        kind: Some(KIND.to_owned()),
        details: Some(details),
        source_id: None,
        source_ids: None,
        last_updated_ts: Some(market.created),
    }
}

/// A page of what is numbered from `base` on. `row` makes one by number and index: `None` beyond the last, `Some(None)` for one
/// not wanted. It is read in short looks, between which commands may happen. A cursor is the public id of the last one shown.
fn scan<T>(
    call: &Call,
    page: &PageRequest,
    base: u64,
    row: impl Fn(&View<'_>, u64, usize) -> Option<Option<T>>,
) -> (Vec<T>, Cursor) {
    let after = page
        .cursor
        .as_deref()
        .and_then(|cursor| call.number(IdSpace::Other, cursor));
    let mut numbers = base.max(after.map_or(0, |after| after.saturating_add(1)))..;
    let (mut shown, mut last) = (Vec::new(), base);
    loop {
        let end = call.read(|view| {
            for number in numbers.by_ref().take(STEP) {
                let index = usize::try_from(number - base).unwrap_or(usize::MAX);
                match row(view, number, index) {
                    None => return Some(Cursor::LAST),
                    Some(None) => {}
                    Some(Some(_)) if shown.len() == page.limit => {
                        return Some(Cursor::new(call.public(IdSpace::Other, last)));
                    }
                    Some(Some(row)) => {
                        shown.push(row);
                        last = number;
                    }
                }
            }
            None
        });
        if let Some(cursor) = end {
            return (shown, cursor);
        }
    }
}
