//! Calls about what is traded, save the markets: series, events, and what they are about.

use futures::Stream;
use kmi_domain::{EventTicker, SeriesTicker};

use super::{Auth, Client, Error, MAX_PAGES};
use crate::api::event::{
    Event, EventFeeChange, EventFeeChangesPage, EventFeeChangesQuery, EventMetadata, EventQuery,
    EventResponse, EventsPage, EventsQuery, MultivariateEventsPage, MultivariateEventsQuery,
};
use crate::api::incentive::{IncentiveProgram, IncentivesPage, IncentivesQuery};
use crate::api::milestone::{Milestone, MilestoneResponse, MilestonesPage, MilestonesQuery};
use crate::api::search::{FiltersBySport, TagsByCategories};
use crate::api::series::{
    Series, SeriesFeeChange, SeriesFeeChangesQuery, SeriesFeeChangesResponse, SeriesListQuery,
    SeriesListResponse, SeriesQuery, SeriesResponse,
};
use crate::api::structured_target::{
    StructuredTarget, StructuredTargetResponse, StructuredTargetsPage, StructuredTargetsQuery,
};

/// Series.
impl Client {
    /// One series: `GET /series/{series_ticker}`, public.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for a series that is none.
    pub async fn series(&self, ticker: &SeriesTicker, query: &SeriesQuery) -> Result<Series, Error> {
        let request = self.get(Auth::Public, &["series", ticker.as_str()]);
        let answer: SeriesResponse = request.query(query).send().await?;
        Ok(answer.series)
    }

    /// All series that `query` lets through, in one answer: `GET /series`, public.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn series_list(&self, query: &SeriesListQuery) -> Result<Vec<Series>, Error> {
        let answer: SeriesListResponse = self.get(Auth::Public, &["series"]).query(query).send().await?;
        Ok(answer.series)
    }

    /// Changes of what series charge, to come and on request past: `GET /series/fee_changes`, public.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn series_fee_changes(
        &self,
        query: &SeriesFeeChangesQuery,
    ) -> Result<Vec<SeriesFeeChange>, Error> {
        let request = self.get(Auth::Public, &["series", "fee_changes"]);
        let answer: SeriesFeeChangesResponse = request.query(query).send().await?;
        Ok(answer.series_fee_change_arr)
    }
}

/// Events.
impl Client {
    /// One event with its markets, beside it or in it as `query` says: `GET /events/{event_ticker}`, public.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for an event that is none.
    pub async fn event(&self, ticker: &EventTicker, query: &EventQuery) -> Result<EventResponse, Error> {
        let request = self.get(Auth::Public, &["events", ticker.as_str()]);
        request.query(query).send().await
    }

    /// How an event is shown: `GET /events/{event_ticker}/metadata`, public.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for an event that is none.
    pub async fn event_metadata(&self, ticker: &EventTicker) -> Result<EventMetadata, Error> {
        let path = ["events", ticker.as_str(), "metadata"];
        self.get(Auth::Public, &path).send().await
    }

    /// One page of events, those of combos excepted: `GET /events`, public.
    ///
    /// # Errors
    /// See [`Error`]; 400 for more than [`EventsQuery::LIMITS`] allow.
    pub async fn events_page(&self, query: &EventsQuery) -> Result<EventsPage, Error> {
        self.get(Auth::Public, &["events"]).query(query).send().await
    }

    /// Every event that `query` lets through, page after page, the largest pages unless it says otherwise.
    ///
    /// # Errors
    /// Those of [`Client::events_page`], as the stream's last item.
    pub fn events(&self, mut query: EventsQuery) -> impl Stream<Item = Result<Event, Error>> + Send + use<> {
        query.limit.get_or_insert(EventsQuery::LIMITS.max);
        self.get(Auth::Public, &["events"]).list(query, MAX_PAGES)
    }

    /// One page of events of combos: `GET /events/multivariate`, public.
    ///
    /// # Errors
    /// See [`Error`]; 400 for a series and a collection together.
    pub async fn multivariate_events_page(
        &self,
        query: &MultivariateEventsQuery,
    ) -> Result<MultivariateEventsPage, Error> {
        let request = self.get(Auth::Public, &["events", "multivariate"]);
        request.query(query).send().await
    }

    /// Every event of combos that `query` lets through, page after page, the largest pages unless it says otherwise.
    ///
    /// # Errors
    /// Those of [`Client::multivariate_events_page`], as the stream's last item.
    pub fn multivariate_events(
        &self,
        mut query: MultivariateEventsQuery,
    ) -> impl Stream<Item = Result<Event, Error>> + Send + use<> {
        query.limit.get_or_insert(MultivariateEventsQuery::LIMITS.max);
        self.get(Auth::Public, &["events", "multivariate"])
            .list(query, MAX_PAGES)
    }

    /// One page of changes of what events charge: `GET /events/fee_changes`, public.
    ///
    /// # Errors
    /// See [`Error`]; 400 for more than [`EventFeeChangesQuery::LIMITS`] allow.
    pub async fn event_fee_changes_page(
        &self,
        query: &EventFeeChangesQuery,
    ) -> Result<EventFeeChangesPage, Error> {
        let request = self.get(Auth::Public, &["events", "fee_changes"]);
        request.query(query).send().await
    }

    /// Every change that `query` lets through, page after page, the largest pages unless it says otherwise.
    ///
    /// # Errors
    /// Those of [`Client::event_fee_changes_page`], as the stream's last item.
    pub fn event_fee_changes(
        &self,
        mut query: EventFeeChangesQuery,
    ) -> impl Stream<Item = Result<EventFeeChange, Error>> + Send + use<> {
        query.limit.get_or_insert(EventFeeChangesQuery::LIMITS.max);
        self.get(Auth::Public, &["events", "fee_changes"])
            .list(query, MAX_PAGES)
    }
}

/// Milestones and structured targets.
impl Client {
    /// One milestone: `GET /milestones/{milestone_id}`, public.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for a milestone that is none.
    pub async fn milestone(&self, id: &str) -> Result<Milestone, Error> {
        let answer: MilestoneResponse = self.get(Auth::Public, &["milestones", id]).send().await?;
        Ok(answer.milestone)
    }

    /// One page of milestones: `GET /milestones`, public. The exchange requires a limit; a query without one gets the default
    /// of [`MilestonesQuery::LIMITS`].
    ///
    /// # Errors
    /// See [`Error`]; 400 for more than the limits allow.
    pub async fn milestones_page(&self, query: &MilestonesQuery) -> Result<MilestonesPage, Error> {
        let mut query = query.clone();
        query.limit.get_or_insert(MilestonesQuery::LIMITS.default);
        self.get(Auth::Public, &["milestones"]).query(&query).send().await
    }

    /// Every milestone that `query` lets through, page after page, the largest pages unless it says otherwise.
    ///
    /// # Errors
    /// Those of [`Client::milestones_page`], as the stream's last item.
    pub fn milestones(
        &self,
        mut query: MilestonesQuery,
    ) -> impl Stream<Item = Result<Milestone, Error>> + Send + use<> {
        query.limit.get_or_insert(MilestonesQuery::LIMITS.max);
        self.get(Auth::Public, &["milestones"]).list(query, MAX_PAGES)
    }

    /// One structured target: `GET /structured_targets/{structured_target_id}`, public.
    ///
    /// # Errors
    /// See [`Error`]; 404 `not_found` for a target that is none.
    pub async fn structured_target(&self, id: &str) -> Result<StructuredTarget, Error> {
        let request = self.get(Auth::Public, &["structured_targets", id]);
        let answer: StructuredTargetResponse = request.send().await?;
        Ok(answer.structured_target)
    }

    /// One page of structured targets: `GET /structured_targets`, public.
    ///
    /// # Errors
    /// See [`Error`]; 400 for more than [`StructuredTargetsQuery::LIMITS`] allow.
    pub async fn structured_targets_page(
        &self,
        query: &StructuredTargetsQuery,
    ) -> Result<StructuredTargetsPage, Error> {
        let request = self.get(Auth::Public, &["structured_targets"]);
        request.query(query).send().await
    }

    /// Every structured target that `query` lets through, page after page, the largest pages unless it says otherwise.
    ///
    /// # Errors
    /// Those of [`Client::structured_targets_page`], as the stream's last item.
    pub fn structured_targets(
        &self,
        mut query: StructuredTargetsQuery,
    ) -> impl Stream<Item = Result<StructuredTarget, Error>> + Send + use<> {
        query.page_size.get_or_insert(StructuredTargetsQuery::LIMITS.max);
        self.get(Auth::Public, &["structured_targets"])
            .list(query, MAX_PAGES)
    }
}

/// Search and incentives.
impl Client {
    /// Tags of each category of series: `GET /search/tags_by_categories`, public.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn tags_by_categories(&self) -> Result<TagsByCategories, Error> {
        self.get(Auth::Public, &["search", "tags_by_categories"])
            .send()
            .await
    }

    /// Filters of each sport: `GET /search/filters_by_sport`, public.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn filters_by_sport(&self) -> Result<FiltersBySport, Error> {
        self.get(Auth::Public, &["search", "filters_by_sport"])
            .send()
            .await
    }

    /// One page of incentive programs: `GET /incentive_programs`, public.
    ///
    /// # Errors
    /// See [`Error`]; 400 for more than [`IncentivesQuery::LIMITS`] allow.
    pub async fn incentive_programs_page(&self, query: &IncentivesQuery) -> Result<IncentivesPage, Error> {
        self.get(Auth::Public, &["incentive_programs"])
            .query(query)
            .send()
            .await
    }

    /// Every incentive program that `query` lets through, page after page, the largest pages unless it says otherwise.
    ///
    /// # Errors
    /// Those of [`Client::incentive_programs_page`], as the stream's last item.
    pub fn incentive_programs(
        &self,
        mut query: IncentivesQuery,
    ) -> impl Stream<Item = Result<IncentiveProgram, Error>> + Send + use<> {
        query.limit.get_or_insert(IncentivesQuery::LIMITS.max);
        self.get(Auth::Public, &["incentive_programs"])
            .list(query, MAX_PAGES)
    }
}
