/// Path under which the exchange keeps its API; listed paths may carry it or not.
const PREFIX: &str = "/trade-api/v2";

/// What one endpoint costs, as `GET /account/endpoint_costs` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointCost {
    /// HTTP method, in upper case.
    pub method: String,
    /// Route with `{name}` or `:name` for the parts that vary; with or without `/trade-api/v2` in front.
    pub path: String,
    /// Tokens a request costs, or each item of a batch.
    pub cost: u64,
}

/// Tokens that requests cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    default: u64,
    /// Routes with more fixed parts come first, so that `batched` is not taken for an order's id.
    routes: Vec<Route>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    method: String,
    parts: Vec<Part>,
    cost: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Fixed(String),
    Any,
}

impl Costs {
    /// `default` for everything but `listed`. Of two listed routes that fit a request, the one with more fixed parts counts.
    pub fn new(default: u64, listed: impl IntoIterator<Item = EndpointCost>) -> Costs {
        let listed = listed.into_iter().map(|listed| Route::new(&listed));
        // Sorting keeps the order of equals, so that what is listed wins over what is not.
        let mut routes: Vec<Route> = listed.chain(unlisted(default)).collect();
        routes.sort_by_key(|route| std::cmp::Reverse(route.fixed_parts()));
        Costs { default, routes }
    }

    /// What the documentation of autumn 2026 says: 10, but 2 for cancels, one order read and quotes, and 30 for a tier upgrade.
    pub fn known() -> Costs {
        let listed = [
            ("DELETE", "/portfolio/events/orders", 2),
            ("DELETE", "/portfolio/events/orders/batched", 2),
            ("DELETE", "/portfolio/events/orders/{order_id}", 2),
            ("GET", "/portfolio/orders/{order_id}", 2),
            ("POST", "/communications/quotes", 2),
            ("GET", "/communications/quotes/{quote_id}", 2),
            ("DELETE", "/communications/quotes/{quote_id}", 2),
            ("GET", "/communications/rfqs/{rfq_id}/quotes/{quote_id}", 2),
            ("DELETE", "/communications/rfqs/{rfq_id}/quotes/{quote_id}", 2),
            ("POST", "/account/api_usage_level/upgrade", 30),
        ];
        Costs::new(
            10,
            listed.map(|(method, path, cost)| EndpointCost {
                method: method.to_owned(),
                path: path.to_owned(),
                cost,
            }),
        )
    }

    /// What a request costs that is listed nowhere.
    pub fn default_cost(&self) -> u64 {
        self.default
    }

    /// Tokens of one request, or of one item of a batch. `path` goes without query, with or without `/trade-api/v2`.
    pub fn of(&self, method: &str, path: &str) -> u64 {
        self.routes
            .iter()
            .find(|route| route.fits(method, path))
            .map_or(self.default, |route| route.cost)
    }
}

impl Route {
    fn new(listed: &EndpointCost) -> Route {
        let part = |text: &str| {
            if text.starts_with(':') || text.starts_with('{') {
                Part::Any
            } else {
                Part::Fixed(text.to_owned())
            }
        };
        let parts = segments(&listed.path).map(part).collect();
        Route {
            method: listed.method.to_ascii_uppercase(),
            parts,
            cost: listed.cost,
        }
    }

    fn fixed_parts(&self) -> usize {
        self.parts
            .iter()
            .filter(|part| matches!(part, Part::Fixed(_)))
            .count()
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        let mut segments = segments(path);
        self.method == method
            && self.parts.iter().all(|part| match (part, segments.next()) {
                (Part::Fixed(wanted), Some(segment)) => wanted == segment,
                (Part::Any, Some(_)) => true,
                (_, None) => false,
            })
            && segments.next().is_none()
    }
}

/// Routes that cost the default, and that a listed one with a part that varies would be taken for.
fn unlisted(cost: u64) -> impl Iterator<Item = Route> {
    let queue_positions = EndpointCost {
        method: "GET".to_owned(),
        path: "/portfolio/orders/queue_positions".to_owned(),
        cost,
    };
    std::iter::once(Route::new(&queue_positions))
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix(PREFIX)
        .unwrap_or(path)
        .split('/')
        .filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Costs, EndpointCost};

    #[test]
    fn cancels_cost_two_and_creates_ten() {
        let costs = Costs::known();
        assert_eq!(
            costs.of("DELETE", "/trade-api/v2/portfolio/events/orders/6f2c"),
            2
        );
        assert_eq!(costs.of("DELETE", "/trade-api/v2/portfolio/events/orders"), 2);
        assert_eq!(costs.of("POST", "/trade-api/v2/portfolio/events/orders"), 10);
        assert_eq!(costs.of("POST", "/portfolio/events/orders/6f2c/amend"), 10);
        assert_eq!(costs.of("GET", "/portfolio/orders"), 10);
        assert_eq!(costs.of("GET", "/portfolio/orders/6f2c"), 2);
    }

    #[test]
    fn queue_positions_are_not_taken_for_an_orders_id_unless_a_listing_says_so() {
        let path = "/trade-api/v2/portfolio/orders/queue_positions";
        assert_eq!(Costs::known().of("GET", path), 10);
        let listed = EndpointCost {
            method: "GET".to_owned(),
            path: path.to_owned(),
            cost: 4,
        };
        assert_eq!(Costs::new(10, [listed]).of("GET", path), 4);
    }

    #[test]
    fn a_fixed_part_counts_before_one_that_varies() {
        let cost = |path: &str, cost| EndpointCost {
            method: "GET".to_owned(),
            path: path.to_owned(),
            cost,
        };
        let costs = Costs::new(
            10,
            [
                cost("/trade-api/v2/a/:id", 1),
                cost("/a/fixed", 5),
                cost("/{x}/{y}", 7),
            ],
        );
        assert_eq!(costs.of("GET", "/a/fixed"), 5);
        assert_eq!(costs.of("GET", "/a/other"), 1);
        assert_eq!(costs.of("GET", "/b/other"), 7);
        assert_eq!(costs.of("GET", "/b"), 10);
        assert_eq!(costs.of("PUT", "/a/fixed"), 10);
    }
}
