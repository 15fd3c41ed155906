"""The official client drives every endpoint that exists on both sides; its strict models must accept every answer."""

from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta, timezone
from fractions import Fraction

from exchange import Exchange
from member import Member, Notes, Operation, operations, refusal
from money import Account, fee_of_purchase, rounding_of_purchase
from report import Report, same

REST_WORDS = {"time_in_force": "good_till_canceled", "self_trade_prevention_type": "taker_at_cross"}
# A market chosen now must not close before the scenario is over, on the slowest machine.
LASTING = timedelta(minutes=20)
# Contracts of the fill that gives the cent back.
LAST_FILL = 200
# Answered with 404 while nothing is three months old.
WITHOUT_HISTORY = {"get_historical_market", "get_market_candlesticks_historical"}


class Scenario:
    """Two members in a quiet exchange: nobody else acts, so every cent can be told."""

    def __init__(self, report: Report, exchange: Exchange, notes: Notes) -> None:
        self.report, self.exchange, self.notes = report, exchange, notes
        self.public = Member(exchange.rest, notes)
        self.demo = Member(exchange.rest, notes, exchange.accounts["demo"])
        self.maker = Member(exchange.rest, notes, exchange.accounts["maker"])
        self.members = {"demo": self.demo, "maker": self.maker}
        self.books = {name: Account(Fraction(account["balance"])) for name, account in exchange.accounts.items()}
        self.last_look: dict[str, float] = {}

    def run(self) -> None:
        for name, step in (
            ("reads of every kind", self.reads),
            ("markets and balances", self.look_around),
            ("accounts, keys, subaccounts, transfers", self.accounts),
            ("place, partial fill, amend, decrease, cancel", self.trade),
            ("a maker who pays fees, fractions, many small fills", self.fractions),
            ("rounding fees of one order come back by the cent", self.rebates),
            ("orders in batches, cancel all", self.batches),
            ("order groups", self.order_groups),
            ("an exclusive event gives collateral back", self.netting),
            ("refusals: status and code", self.refusals),
            ("refusals of who may not ask", self.strangers),
            ("settlement by the admin door", self.settlement),
            ("reads of every kind, after trading", self.reads),
        ):
            with self.report.check(f"official client: {name}") as figures:
                before = len(self.notes.answers)
                figures += step() or []
                figures.append(f"{len(self.notes.answers) - before} requests")
        self.coverage()

    # Looking

    def reads(self) -> None:
        public, demo, now = self.public, self.demo, int(time.time())
        public.exchange.get_exchange_status()
        public.exchange.get_exchange_schedule()
        public.exchange.get_user_data_timestamp()
        public.exchange.get_series_fee_changes(show_historical=True)
        series = public.market.get_series_list(include_product_metadata=True, include_volume=True).series
        for one in series:
            same("series", public.market.get_series(one.ticker, include_volume=True).series.ticker, one.ticker)
        self.fees = {one.ticker: (one.fee_type.value, Fraction(str(one.fee_multiplier))) for one in series}
        events = public.events.get_events(limit=200, with_nested_markets=True, with_milestones=True).events
        self.series_of = {event.event_ticker: event.series_ticker for event in events}
        for event in events[:5]:
            public.events.get_event(event.event_ticker, with_nested_markets=True)
            public.events.get_event(event.event_ticker)
            public.events.get_event_metadata(event.event_ticker)
            public.events.get_market_candlesticks_by_event(
                event.event_ticker, event.series_ticker, now - 7_200, now + 60, 1
            )
        public.events.get_event_fee_changes()
        public.events.get_multivariate_events()
        public.multivariate.get_multivariate_event_collections()
        everything = self.in_pages_and_at_once()
        for status in ("unopened", "open", "paused", "closed", "settled"):
            public.market.get_markets(status=status)
            public.events.get_events(status=status) if status != "paused" else None
        tickers = [one.ticker for one in everything]
        for market in everything[:4]:
            same("market", public.market.get_market(market.ticker).market.ticker, market.ticker)
            public.market.get_market_orderbook(market.ticker, depth=3)
            for minutes in (1, 60, 1_440):
                public.market.get_market_candlesticks(
                    self.series_of[market.event_ticker], market.ticker, now - 86_400, now + 60, minutes,
                    include_latest_before_start=True,
                )
            refusal(public.historical.get_historical_market, market.ticker)
            refusal(public.historical.get_market_candlesticks_historical, market.ticker, now - 7_200, now, 60)
        public.market.get_market_orderbooks(tickers[:100])
        public.market.batch_get_market_candlesticks(",".join(tickers[:100]), now - 3_600, now + 60, 1)
        public.market.get_trades(limit=1000)
        public.historical.get_historical_cutoff()
        public.historical.get_historical_markets()
        public.historical.get_trades_historical()
        demo.historical.get_historical_orders()
        demo.historical.get_fills_historical()
        demo.historical.get_historical_positions()
        public.incentives.get_incentive_programs()
        for milestone in public.milestones.get_milestones(limit=10).milestones[:2]:
            public.milestones.get_milestone(milestone.id)
        for target in public.targets.get_structured_targets().structured_targets[:2]:
            public.targets.get_structured_target(target.id)
        public.search.get_tags_for_series_categories()
        public.search.get_filters_for_sports()
        for member in self.members.values():
            member.account.get_account_api_limits()
            member.account.get_account_api_usage_level_volume_progress()
            member.communications.get_communications_id()
            member.portfolio.get_deposits()
            member.portfolio.get_withdrawals()
            member.portfolio.get_fills(limit=1000)
            member.portfolio.get_settlements()
            for status in ("unsettled", "settled", "all"):
                member.portfolio.get_positions(settlement_status=status)
            member.portfolio.get_portfolio_resting_order_total_value()
            member.orders.get_orders(limit=1000)
            member.orders.get_order_queue_positions()
            member.groups.get_order_groups()
        public.account.get_account_endpoint_costs()

    def in_pages_and_at_once(self) -> list:
        """All markets; read page by page they are the same, unless one is listed in between, as some are at every quarter-hour."""
        before, at_once = None, [one.ticker for one in self.public.market.get_markets(limit=1000).markets]
        while before != at_once:
            paged, cursor = [], None
            while cursor != "":
                page = self.public.market.get_markets(limit=30, cursor=cursor)
                paged, cursor = paged + page.markets, page.cursor
            before, at_once = at_once, [one.ticker for one in self.public.market.get_markets(limit=1000).markets]
        same("markets in pages", sorted(one.ticker for one in paged), sorted(at_once))
        return paged

    def open_markets(self, shard: int) -> list:
        """Those that will still be open when the scenario is over."""
        end = datetime.now(timezone.utc) + LASTING
        markets = self.public.market.get_markets(limit=1000, status="open").markets
        return [market for market in markets if market.exchange_index == shard and market.close_time > end]

    def look_around(self) -> list[str]:
        """The markets of the scenario: room inside the spread, on the first shard, each in an event of its own."""
        self.markets = []
        seen = set()
        for market in self.open_markets(0):
            if market.event_ticker not in seen and room(market) is not None:
                seen.add(market.event_ticker)
                self.markets.append(market)
        assert len(self.markets) >= 4, f"only {len(self.markets)} markets have room inside their spread"
        self.balances_hold()
        return [f"{len(self.markets)} markets with room"]

    def fees_of(self, market) -> tuple[str, Fraction]:  # noqa: ANN001 - a model of the client
        return self.fees[self.series_of[market.event_ticker]]

    def balances_hold(self) -> None:
        """What the exchange says of cash is what was computed, to $0.0001."""
        for name, member in self.members.items():
            # The bucket of the balance refills five times a second and holds one.
            time.sleep(max(0.0, self.last_look.get(name, 0.0) + 0.25 - time.monotonic()))
            balance = member.portfolio.get_balance()
            self.last_look[name] = time.monotonic()
            cash = next(Fraction(one.balance) for one in balance.balance_breakdown if one.exchange_index == 0)
            same(f"cash of {name}", cash, self.books[name].cash)
            total = sum(Fraction(one.balance) for one in balance.balance_breakdown)
            same(f"balance of {name}", Fraction(balance.balance_dollars), total)
            same(f"cents of {name}", balance.balance, int(total * 100))

    # Trading

    def place(self, name: str, ticker: str, side: str, price: object, count: object, **more: object):  # noqa: ANN201
        words = REST_WORDS | {"client_order_id": str(uuid.uuid4())} | more
        order = self.members[name].orders.create_order_v2(
            ticker=ticker, side=side, price=text(price), count=f"{Fraction(count).__float__():.2f}", **words
        )
        same("client_order_id", order.client_order_id, words["client_order_id"])
        return order

    def book_fills(self, market, since: set[str]) -> set[str]:  # noqa: ANN001
        """Books all fills not in `since` in both accounts, oldest first, checks each fee, and names all."""
        known = set(since)
        for name, member in self.members.items():
            fills = member.portfolio.get_fills(ticker=market.ticker, limit=1000).fills
            for fill in reversed(fills):
                key = f"{name} {fill.fill_id} {fill.order_id}"
                if key in since:
                    continue
                known.add(key)
                fee = self.books[name].fill(
                    fill.order_id, market.ticker, fill.book_side.value, Fraction(fill.yes_price_dollars),
                    Fraction(fill.count_fp), self.fees_of(market), fill.is_taker,
                )
                same(f"fee_cost of {fill.count_fp} at {fill.yes_price_dollars}", Fraction(fill.fee_cost), fee)
        self.balances_hold()
        self.positions_hold(market.ticker)
        return known

    def positions_hold(self, ticker: str) -> None:
        for name, member in self.members.items():
            rows = member.portfolio.get_positions(ticker=ticker).market_positions
            position = Fraction(rows[0].position_fp) if rows else Fraction(0)
            same(f"position of {name}", position, self.books[name].positions.get(ticker, Fraction(0)))
            fees = Fraction(rows[0].fees_paid_dollars) if rows else Fraction(0)
            same(f"fees of {name}", fees, self.books[name].fees.get(ticker, Fraction(0)))

    def trade(self) -> list[str]:
        market = self.markets[0]
        low, middle, high = room(market)
        demo, maker = self.demo.orders, self.maker.orders
        bid = self.place("maker", market.ticker, "bid", middle, 10)
        same("nothing filled", (bid.fill_count, bid.remaining_count), ("0.00", "10.00"))
        same("queue", maker.get_order_queue_position(bid.order_id).queue_position_fp, "0.00")
        behind = self.place("demo", market.ticker, "bid", middle, 5)
        same("queue", demo.get_order_queue_position(behind.order_id).queue_position_fp, "10.00")
        same("queues", len(demo.get_order_queue_positions(market_tickers=market.ticker).queue_positions), 1)
        same("canceled", demo.cancel_order_v2(behind.order_id).reduced_by, "5.00")
        sale = self.place("demo", market.ticker, "ask", middle, 4, time_in_force="immediate_or_cancel")
        same("filled", (sale.fill_count, sale.remaining_count), ("4.00", "0.00"))
        same("average", Fraction(sale.average_fill_price), middle)
        fills = self.book_fills(market, set())
        order = maker.get_order(bid.order_id).order
        same("partly filled", (order.status.value, order.fill_count_fp, order.remaining_count_fp), ("resting", "4.00", "6.00"))
        amended = maker.amend_order_v2(bid.order_id, ticker=market.ticker, side="bid", price=text(low), count="12.00")
        same("amended: a total of 12 leaves 8", amended.remaining_count, "8.00")
        same("decreased", maker.decrease_order_v2(bid.order_id, reduce_by="3.00").remaining_count, "5.00")
        same("decreased", maker.decrease_order_v2(bid.order_id, reduce_to="2.00").remaining_count, "2.00")
        book = self.public.market.get_market_orderbook(market.ticker).orderbook_fp
        same("best bid", [Fraction(part) for part in book.yes_dollars[-1]], [low, Fraction(2)])
        same("canceled", maker.cancel_order_v2(bid.order_id).reduced_by, "2.00")
        same("status", maker.get_order(bid.order_id).order.status.value, "canceled")
        same("gone", refusal(maker.cancel_order_v2, bid.order_id)[0], 404)
        # Back again at another price: both close what they hold and part with what it brought.
        ask = self.place("maker", market.ticker, "ask", high, 4)
        back = self.place("demo", market.ticker, "bid", high, 4, time_in_force="fill_or_kill")
        same("closed", (back.fill_count, maker.get_order(ask.order_id).order.status.value), ("4.00", "executed"))
        fills = self.book_fills(market, fills)
        return [market.ticker, f"{len(fills)} fills"]

    def fractions(self) -> list[str]:
        told = []
        kinds = {}
        for market in self.markets[1:]:
            kinds.setdefault((self.fees_of(market), market.price_level_structure), market)
        for (fees, structure), market in list(kinds.items())[:5]:
            _, middle, _ = room(market)
            self.place("maker", market.ticker, "ask", middle, "40.07")
            known: set[str] = set()
            for count in ("0.01", "1.37", "7.77", "12.34", "0.03"):
                self.place("demo", market.ticker, "bid", middle, Fraction(count), time_in_force="immediate_or_cancel")
            known = self.book_fills(market, known)
            # One order of the taker, filled by many small ones: its rounding fees come back by the cent.
            self.maker.orders.cancel_all_orders()
            for _ in range(12):
                self.place("maker", market.ticker, "ask", middle, "1.23")
            self.place("demo", market.ticker, "bid", middle, "14.76")
            known = self.book_fills(market, known)
            self.cancel_everything()
            told.append(f"{fees[0]} x{float(fees[1])} {structure}: {len(known)} fills")
        return told

    def rebates(self) -> list[str]:
        """So many small fills that their rounding fees exceed a cent, and a last one that can give it back."""
        best = (Fraction(0), None, Fraction(0), Fraction(0))
        for market in self.markets[1:]:
            multiplier = self.fees_of(market)[1]
            for price in room(market):
                # A rebate is at most the fee of its fill, and near 0 and 1 the fee of the last one may be under a cent.
                if fee_of_purchase(price, LAST_FILL, multiplier) < Fraction(2, 100):
                    continue
                for hundredths in range(1, 40):
                    count = Fraction(hundredths, 100)
                    rounding = rounding_of_purchase(price, count, multiplier)
                    if rounding > best[0]:
                        best = (rounding, market, price, count)
        rounding, market, price, count = best
        assert market is not None, "no market inside whose spread a purchase is rounded"
        number = int(Fraction(1, 100) / rounding) + 2
        words = {"ticker": market.ticker, "side": "ask", "price": text(price)} | REST_WORDS
        orders = [words | {"count": f"{float(count):.2f}"}] * number + [words | {"count": f"{LAST_FILL}.00"}]
        same("errors", [one.error for one in self.maker.orders.batch_create_orders_v2(orders=orders).orders], [None] * (number + 1))
        known = {
            f"{name} {fill.fill_id} {fill.order_id}"
            for name, member in self.members.items()
            for fill in member.portfolio.get_fills(ticker=market.ticker, limit=1000).fills
        }
        before = self.books["demo"].rebated
        self.place("demo", market.ticker, "bid", price, count * number + LAST_FILL, time_in_force="fill_or_kill")
        self.book_fills(market, known)
        rebate = self.books["demo"].rebated - before
        same(f"a cent came back after {number + 1} fills at {text(price)}", rebate, Fraction(1, 100))
        return [f"{number + 1} fills at {text(price)}"]

    def cancel_everything(self) -> None:
        for member in self.members.values():
            member.orders.cancel_all_orders()
            same("resting", member.orders.get_orders(status="resting").orders, [])

    def batches(self) -> None:
        market = self.markets[0]
        low, _, high = room(market)
        first = {"ticker": market.ticker, "side": "bid", "price": text(low), "count": "1.00"} | REST_WORDS
        second = first | {"side": "ask", "price": text(high), "client_order_id": str(uuid.uuid4())}
        wrong = first | {"count": "1000000.00", "side": "bid"}
        made = self.demo.orders.batch_create_orders_v2(orders=[first, second, wrong]).orders
        same("errors", [one.error is not None for one in made], [False, False, True])
        same("code", made[2].error.code, "insufficient_balance")
        ids = [one.order_id for one in made[:2]]
        gone = self.demo.orders.batch_cancel_orders_v2(orders=[{"order_id": one} for one in [*ids, str(uuid.uuid4())]])
        same("errors", [one.error is not None for one in gone.orders], [False, False, True])
        same("reduced", [one.reduced_by for one in gone.orders[:2]], ["1.00", "1.00"])
        for _ in range(3):
            self.place("demo", market.ticker, "bid", low, 1)
        resting = self.demo.portfolio.get_portfolio_resting_order_total_value().total_resting_order_value
        same("cents of resting orders", resting, int(3 * low * 100))
        same("resting", len(self.demo.orders.get_orders(status="resting").orders), 3)
        self.cancel_everything()
        self.balances_hold()

    def order_groups(self) -> None:
        market, groups = self.markets[0], self.demo.groups
        low, middle, _ = room(market)
        group = groups.create_order_group(contracts_limit=10).order_group_id
        order = self.place("demo", market.ticker, "bid", low, 5, order_group_id=group)
        same("orders", groups.get_order_group(group).orders, [order.order_id])
        groups.update_order_group_limit(group, contracts_limit=20)
        same("limit", groups.get_order_group(group).contracts_limit_fp, "20.00")
        groups.trigger_order_group(group)
        same("canceled", self.demo.orders.get_order(order.order_id).order.status.value, "canceled")
        words = REST_WORDS | {"ticker": market.ticker, "side": "bid", "price": text(low), "count": "1.00"}
        same("refused", refusal(self.demo.orders.create_order_v2, order_group_id=group, **words)[0], 400)
        groups.reset_order_group(group)
        again = self.place("demo", market.ticker, "bid", low, 5, order_group_id=group)
        same("groups", group in [one.id for one in groups.get_order_groups().order_groups], True)
        groups.delete_order_group(group)
        same("canceled", self.demo.orders.get_order(again.order_id).order.status.value, "canceled")
        same("gone", refusal(groups.get_order_group, group)[0], 404)

    def netting(self) -> list[str]:
        """NO in two markets of an exclusive event: one of the two pays for certain, so a dollar a pair comes back."""
        used = {market.event_ticker for market in self.markets[:6]}
        by_event: dict[str, list] = {}
        for market in self.open_markets(0):
            if market.event_ticker not in used:
                by_event.setdefault(market.event_ticker, []).append(market)
        for event, markets in by_event.items():
            kind = self.public.events.get_event(event).event.collateral_return_type
            wide = [market for market in markets if room(market) is not None][:2]
            if kind == "MECNET" and len(wide) == 2:
                break
        else:
            wide = []
            for event in used:
                markets = [market for market in self.open_markets(0) if market.event_ticker == event]
                kind = self.public.events.get_event(event).event.collateral_return_type
                untouched = [m for m in markets if room(m) and m.ticker not in self.books["demo"].positions]
                if kind == "MECNET" and len(untouched) >= 2 and all(
                    not self.books[name].positions.get(m.ticker) for name in self.books for m in markets
                ):
                    wide = untouched[:2]
                    break
            assert wide, "no exclusive event has two markets with room"
        self.maker.portfolio.update_subaccount_netting(subaccount_number=0, enabled=False)
        for market in wide:
            _, middle, _ = room(market)
            self.place("maker", market.ticker, "bid", middle, 3)
            self.place("demo", market.ticker, "ask", middle, 3, time_in_force="fill_or_kill")
            if market is wide[1]:
                self.books["demo"].cash += 3
            self.book_fills(market, set())
        return [wide[0].event_ticker]

    # Accounts

    def accounts(self) -> None:
        demo, portfolio = self.demo, self.demo.portfolio
        same("key", [key.api_key_id for key in demo.keys.get_api_keys().api_keys],
             [self.exchange.accounts["demo"]["key_id"]])
        generated = demo.keys.generate_api_key(name="reads only", key_type="ed25519", scopes=["read"])
        reader = demo.with_key(generated.api_key_id, generated.private_key)
        same("reads", reader.orders.get_orders().orders, [])
        same("may not write", refusal(reader.orders.cancel_all_orders)[0], 403)
        demo.keys.delete_api_key(generated.api_key_id)
        same("deleted", refusal(reader.orders.get_orders)[0], 401)
        rsa = demo.keys.generate_api_key(name="rsa")
        same("rsa signs", demo.with_key(rsa.api_key_id, rsa.private_key).orders.get_orders().orders, [])
        private, public = own_key()
        mine = demo.keys.create_api_key(name="my own", public_key=public)
        same("own key signs", demo.with_key(mine.api_key_id, private).orders.get_orders().orders, [])
        number = portfolio.create_subaccount().subaccount_number
        same("subaccount", number, 1)
        once = str(uuid.uuid4())
        words = {"client_transfer_id": once, "from_subaccount": 0, "to_subaccount": number, "amount_cents": 12_345}
        portfolio.apply_subaccount_transfer(**words)
        same("transferred once", refusal(portfolio.apply_subaccount_transfer, **words)[0], 409)
        self.books["demo"].cash -= Fraction(12_345, 100)
        balances = {one.subaccount_number: Fraction(one.balance) for one in portfolio.get_subaccount_balances().subaccount_balances}
        same("subaccount balances", balances, {0: self.books["demo"].cash, 1: Fraction(12_345, 100)})
        same("transfers", len(portfolio.get_subaccount_transfers().transfers), 1)
        portfolio.update_subaccount_netting(subaccount_number=number, enabled=False)
        netting = {one.subaccount_number: one.enabled for one in portfolio.get_subaccount_netting().netting_configs}
        same("netting", netting, {0: True, 1: False})
        # Centi-cents, asynchronous.
        moved = portfolio.intra_exchange_instance_transfer(
            source="event_contract", destination="event_contract", amount=1_000_000,
            source_exchange_shard=0, destination_exchange_shard=2,
        ).transfer_id
        self.books["demo"].cash -= 100
        for _ in range(40):
            transfer = portfolio.get_intra_exchange_instance_transfer(moved).transfer
            if transfer.status.value not in ("pending", "processing", "initiated"):
                break
            time.sleep(0.1)
        same("transfers", [one.transfer_id for one in portfolio.get_intra_exchange_instance_transfers().transfers], [moved])
        time.sleep(0.3)
        shards = {one.exchange_index: Fraction(one.balance) for one in portfolio.get_balance().balance_breakdown}
        self.last_look["demo"] = time.monotonic()
        same("second shard", shards[2], Fraction(100))

    # Refusals

    def refusals(self) -> None:
        market = self.markets[0]
        low, middle, high = room(market)
        good = REST_WORDS | {"ticker": market.ticker, "side": "bid", "price": text(low), "count": "1.00"}
        write = lambda **changed: self.demo.raw("POST", "/portfolio/events/orders", good | changed)  # noqa: E731
        once = str(uuid.uuid4())
        same("first", write(client_order_id=once)[0], 201)
        expect("duplicate", write(client_order_id=once), 409, "order_already_exists")
        self.cancel_everything()
        expect("duplicate after its end", write(client_order_id=once), 409, "order_already_exists")
        expect("off the grid", write(price=off_grid(market)), 400, "invalid_price")
        ask = self.place("maker", market.ticker, "ask", middle, 1)
        expect("post only", write(post_only=True, price=text(middle)), 400, "invalid_order", "post only cross")
        self.maker.orders.cancel_order_v2(ask.order_id)
        expect("too dear", write(count="1000000.00"), 400, "insufficient_balance")
        expect("no size", write(count="0.00"), 400, "invalid_order_size")
        expect("no such market", write(ticker="KXNOSUCH-26"), 404, "not_found")
        elsewhere = self.open_markets(3)[0]
        grid = Fraction(elsewhere.price_ranges[0].step) + Fraction(elsewhere.price_ranges[0].start)
        expect("no money on that shard", write(ticker=elsewhere.ticker, price=text(grid)), 400, "insufficient_balance")
        for changed in ({"count": 1}, {"price": 0.5}, {"side": "yes"}, {"time_in_force": "day"}):
            expect_flat(str(changed), write(**changed), 400, "bad_request")
        for body in ("{", "", "[]", "null", '{"ticker":1}'):
            status, said = self.demo.raw("POST", "/portfolio/events/orders", body)
            expect_flat(repr(body), (status, said), 400, "bad_request")
        for path, name in (("/markets", "GetMarkets"), ("/events", "GetEvents"), ("/markets/trades", "GetTrades")):
            status, said = self.public.raw("GET", path, query="?limit=1001")
            same(f"{path}?limit=1001", (status, list(said)), (400, ["msg"]))
            assert said["msg"].startswith(f"Parameter validation failed for {name}: "), said
        same("a filter that is none", self.public.raw("GET", "/markets", query="?status=active")[0], 400)
        same("garbage cursor", self.public.raw("GET", "/markets", query="?cursor=garbage")[0], 200)
        order = self.place("demo", market.ticker, "bid", low, 2)
        amend = lambda **changed: self.demo.raw(  # noqa: E731
            "POST", f"/portfolio/events/orders/{order.order_id}/amend",
            {"ticker": market.ticker, "side": "bid", "price": text(low), "count": "1.00"} | changed,
        )
        expect("amend the side", amend(side="ask"), 400, "order_side_mismatch")
        expect("amend the market", amend(ticker=self.markets[1].ticker), 400, "order_ticker_mismatch")
        expect("amend another's id", amend(client_order_id="other"), 400, "order_id_and_client_order_id_mismatch")
        both = self.demo.raw("POST", f"/portfolio/events/orders/{order.order_id}/decrease", {"reduce_by": "1", "reduce_to": "1"})
        expect("decrease by and to", both, 400, "invalid_parameters")
        stolen = self.maker.raw("DELETE", f"/portfolio/events/orders/{order.order_id}")
        expect("another's order", stolen, 404, "not_found")
        self.cancel_everything()
        for method, path in (
            ("POST", "/portfolio/orders"), ("DELETE", f"/portfolio/orders/{order.order_id}"),
            ("POST", "/portfolio/orders/batched"), ("POST", f"/portfolio/orders/{order.order_id}/amend"),
        ):
            expect(f"{method} {path}", self.demo.raw(method, path, {}), 410, "deprecated_v1_order_endpoint")
        # A taker meets its own order and stops.
        self.place("demo", market.ticker, "bid", middle, 1)
        own = self.place("demo", market.ticker, "ask", middle, 1)
        same("self trade", (own.fill_count, own.remaining_count), ("0.00", "0.00"))
        self.cancel_everything()
        self.demo.account.upgrade_account_api_usage_level()
        self.exchange.admin("/faults", {"kind": "pause"})
        expect("paused", write(), 400, "EXCHANGE_PAUSED")
        self.exchange.admin("/faults", {"kind": "resume"})
        same("goes on", write()[0], 201)
        self.cancel_everything()

    def strangers(self) -> None:
        path = "/portfolio/orders"
        signed = self.demo.client.kalshi_auth.create_auth_headers("GET", self.exchange.rest + path)
        wrong = dict(signed) | {"KALSHI-ACCESS-SIGNATURE": "AAAA" + signed["KALSHI-ACCESS-SIGNATURE"][4:]}
        expect("bad signature", self.public.raw("GET", path, headers=wrong), 401, "authentication_error", "INCORRECT_API_KEY_SIGNATURE")
        unknown = dict(signed) | {"KALSHI-ACCESS-KEY": str(uuid.uuid4())}
        expect("unknown key", self.public.raw("GET", path, headers=unknown), 401, "authentication_error", "NOT_FOUND")
        status, said = self.public.raw("GET", path)
        same("no headers", status, 401)
        for missing in signed:
            part = {name: value for name, value in signed.items() if name != missing}
            same(f"without {missing}", self.public.raw("GET", path, headers=part)[0], 401)
        for seconds in (-40, 60):
            late = self.demo.sign_at("GET", path, seconds)
            expect(f"{seconds} s off", self.public.raw("GET", path, headers=late), 401, "header_timestamp_expired")
        for seconds in (-5, 5, 10):
            same(f"{seconds} s off", self.public.raw("GET", path, headers=self.demo.sign_at("GET", path, seconds))[0], 200)

    # The end

    def settlement(self) -> list[str]:
        for member in self.members.values():
            member.orders.cancel_all_orders()
        held = sorted({ticker for book in self.books.values() for ticker, count in book.positions.items() if count})
        assert len(held) >= 3, "too few positions to settle"
        events = {}
        for ticker in held:
            events.setdefault(self.public.market.get_market(ticker).market.event_ticker, []).append(ticker)
        results = iter(["yes", "no", "0.3700", "yes", "no", "0.6550"] * 10)
        paid = 0
        for tickers in events.values():
            if len(tickers) > 1:
                # The dollar a pair was given back already; one of the two wins and the other loses.
                self.books["demo"].cash -= 3
                plan = dict(zip(tickers, ("yes", "no"), strict=True))
            else:
                plan = {tickers[0]: next(results)}
            for ticker, result in plan.items():
                self.exchange.admin("/settle", {"ticker": ticker, "result": result})
                pays = {"yes": Fraction(1), "no": Fraction(0)}.get(result) if result in ("yes", "no") else Fraction(result)
                for name, book in self.books.items():
                    position, payout = book.positions.get(ticker, Fraction(0)), book.settle(ticker, pays)
                    rows = self.members[name].portfolio.get_settlements(ticker=ticker).settlements
                    if not position:
                        continue
                    paid += 1
                    row = rows[0]
                    same("result", row.market_result, result if result in ("yes", "no") else "scalar")
                    same("revenue", row.revenue, int(payout * 100))
                    counts = (Fraction(row.yes_count_fp), Fraction(row.no_count_fp))
                    same("counts", counts, (max(position, Fraction(0)), max(-position, Fraction(0))))
            if len(tickers) > 1 or len(events) < 8:
                self.balances_hold()
        self.balances_hold()
        ledger = self.exchange.admin("/ledger")
        same("ledger", ledger["total"], ledger["deposits"])
        return [f"{len(held)} markets", f"{paid} positions paid"]

    def coverage(self) -> None:
        """Each operation of the client was answered well, or is not simulated and says so."""
        known = operations()
        accepted = self.notes.calls(known)
        print(f"{'operation':<50} accepted")
        for operation in known:
            if accepted[operation.name]:
                print(f"{operation.name:<50} {accepted[operation.name]:>8}")
        with self.report.check("official client: no simulated operation was left out") as figures:
            absent = [operation for operation in known if not accepted[operation.name]]
            simulated = [one.name for one in absent if one.name not in WITHOUT_HISTORY and not self.is_absent(one)]
            same("never called", simulated, [])
            figures += [f"{len(known) - len(absent)} called", f"{len(absent) - len(WITHOUT_HISTORY)} answer 501"]

    def is_absent(self, operation: Operation) -> bool:
        path = operation.path
        while "{" in path:
            path = path[: path.index("{")] + "x" + path[path.index("}") + 1 :]
        status, said = self.demo.raw(operation.method, path, None if operation.method in ("GET", "DELETE") else {})
        return status == 501 and said["error"]["code"] == "not_simulated"


def text(price: object) -> str:
    return f"{float(Fraction(str(price)) if not isinstance(price, Fraction) else price):.4f}"


def steps(market) -> list[Fraction]:  # noqa: ANN001
    """All prices of the market's grid."""
    grid = set()
    for part in market.price_ranges:
        start, end, step = Fraction(part.start), Fraction(part.end), Fraction(part.step)
        grid |= {start + step * number for number in range(int((end - start) / step) + 1)}
    return sorted(price for price in grid if 0 < price < 1)


def room(market) -> tuple[Fraction, Fraction, Fraction] | None:  # noqa: ANN001
    """Three prices inside the spread, ascending; None where the spread is narrower."""
    bid, ask = Fraction(market.yes_bid_dollars), Fraction(market.yes_ask_dollars)
    inside = [price for price in steps(market) if bid < price < ask]
    if len(inside) < 3 or bid == 0 or ask == 1:
        return None
    return inside[0], inside[len(inside) // 2], inside[-1]


def off_grid(market) -> str:  # noqa: ANN001
    grid = set(steps(market))
    return next(text(Fraction(units, 10_000)) for units in range(5_001, 5_100) if Fraction(units, 10_000) not in grid)


def expect(what: str, answer: tuple[int, object], status: int, code: str, details: str | None = None) -> None:
    """Refused with an `error` object of this code."""
    said = answer[1]
    got = (answer[0], said.get("error", {}).get("code") if isinstance(said, dict) else said)
    same(what, got, (status, code))
    if details is not None:
        same(what, said["error"].get("details"), details)


def expect_flat(what: str, answer: tuple[int, object], status: int, code: str) -> None:
    """Refused with the code on the top level, as what cannot be decoded is."""
    said = answer[1]
    same(what, (answer[0], said.get("code") if isinstance(said, dict) else said), (status, code))


def own_key() -> tuple[str, str]:
    """A new RSA key: private and public PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()
