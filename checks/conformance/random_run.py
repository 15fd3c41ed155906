"""A long random run of both members in a lively exchange, for the specification to judge what was answered and told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
import time
import uuid
from decimal import Decimal

import websockets
from kalshi_python_sync.auth import KalshiAuth
from kalshi_python_sync.exceptions import ApiException

from exchange import Exchange
from member import Member, Notes
from report import Report

CHANNELS = (
    "orderbook_delta", "ticker", "trade", "fill", "user_orders", "market_positions", "market_lifecycle_v2",
    "order_group_updates",
)
# Messages without which a run has shown too little.
WANTED = {
    "orderbook_snapshot", "orderbook_delta", "ticker", "trade", "fill", "user_order", "market_position",
    "market_lifecycle_v2", "subscribed", "unsubscribed", "ok", "error",
}


class Ears(threading.Thread):
    """Raw streams of one account on all channels, in a thread of its own."""

    def __init__(self, exchange: Exchange, name: str, tickers: list[str], frames: list[str]) -> None:
        super().__init__(daemon=True)
        self.exchange, self.account, self.tickers, self.frames = exchange, exchange.accounts[name], tickers, frames
        self.ended = threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            asyncio.run(self.listen())
        except Exception as error:  # noqa: BLE001 - told by the check that joins
            self.failure = error

    async def listen(self) -> None:
        with open(self.account["private_key_path"]) as file:
            auth = KalshiAuth(self.account["key_id"], file.read())
        headers = auth.create_auth_headers("GET", "/trade-api/ws/v2")
        async with websockets.connect(self.exchange.ws, additional_headers=headers, max_size=None) as socket:
            commands = [
                {"cmd": "subscribe", "params": {"channels": ["orderbook_delta"], "market_tickers": self.tickers[:20], "use_yes_price": True}},
                *({"cmd": "subscribe", "params": {"channels": [channel]}} for channel in CHANNELS[1:]),
                {"cmd": "list_subscriptions"},
                {"cmd": "update_subscription", "params": {"sids": [1], "action": "add_markets", "market_tickers": self.tickers[20:40]}},
                {"cmd": "update_subscription", "params": {"sids": [1], "action": "get_snapshot", "market_tickers": self.tickers[:3]}},
                {"cmd": "update_subscription", "params": {"sids": [1], "action": "delete_markets", "market_tickers": self.tickers[:3]}},
                {"cmd": "subscribe", "params": {"channels": ["no_such_channel"]}},
                {"cmd": "nonsense"},
            ]
            for number, command in enumerate(commands, 1):
                await socket.send(json.dumps({"id": number} | command))
            while not self.ended.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        self.frames.append(await socket.recv(decode=True))
            await socket.send(json.dumps({"id": 99, "cmd": "unsubscribe", "params": {"sids": [2]}}))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while True:
                        self.frames.append(await socket.recv(decode=True))


class RandomRun:
    """Orders, changes, cancels and reads, drawn from a seed."""

    def __init__(self, report: Report, exchange: Exchange, notes: Notes, frames: list[str], seed: int) -> None:
        self.report, self.exchange, self.notes, self.frames = report, exchange, notes, frames
        self.chance = random.Random(seed)
        self.members = [Member(exchange.rest, notes, exchange.accounts[name]) for name in ("demo", "maker")]
        self.resting: list[tuple[Member, str, str, str]] = []
        self.refused = 0

    def run(self, acts: int) -> None:
        with self.report.check("random run: both members trade, all streams open") as figures:
            heard = len(self.frames)
            self.markets = self.members[0].market.get_markets(limit=1000, status="open").markets
            tickers = [market.ticker for market in self.markets]
            ears = [Ears(self.exchange, name, tickers, self.frames) for name in ("demo", "maker")]
            for ear in ears:
                ear.start()
            for number in range(acts):
                if number % 400 == 399:
                    self.markets = self.members[0].market.get_markets(limit=1000, status="open").markets
                self.act()
            self.settle_one(heard)
            for ear in ears:
                ear.ended.set()
                ear.join(30)
                if ear.failure is not None:
                    raise ear.failure
            kinds = {json.loads(frame)["type"] for frame in self.frames[heard:]}
            assert kinds >= WANTED, f"no message {sorted(WANTED - kinds)} came"
            ledger = self.exchange.admin("/ledger")
            assert ledger["total"] == ledger["deposits"], ledger
            figures += [f"{acts:,} acts", f"{self.refused:,} refused", f"{len(self.frames):,} messages"]

    def settle_one(self, heard: int) -> None:
        """A quick machine may be through before any market's life goes on by itself: one is helped along."""
        market = self.members[0].market.get_markets(limit=1000, status="open").markets[0]
        self.exchange.admin("/settle", {"ticker": market.ticker, "result": "no"})
        end = time.monotonic() + 20
        while not any('"market_lifecycle_v2"' in frame for frame in self.frames[heard:]) and time.monotonic() < end:
            time.sleep(0.1)

    def act(self) -> None:
        member = self.chance.choice(self.members)
        kinds = (self.order, self.order, self.order, self.cancel, self.amend, self.decrease, self.batch, self.read)
        try:
            self.chance.choices(kinds, (30, 10, 10, 12, 8, 8, 4, 18))[0](member)
        except ApiException as error:
            if error.status >= 500 or error.status == 401:
                raise
            self.refused += 1

    def body(self) -> dict:
        market = self.chance.choice(self.markets)
        part = self.chance.choice(market.price_ranges)
        start, end, step = (Decimal(text) for text in (part.start, part.end, part.step))
        price = start + step * self.chance.randint(0, int((end - start) / step))
        if self.chance.random() < 0.5:
            price = Decimal(self.chance.choice((market.yes_bid_dollars, market.yes_ask_dollars)))
        body = {
            "ticker": market.ticker,
            "side": self.chance.choice(("bid", "ask")),
            "price": f"{min(max(price, step), 1 - step):.4f}",
            "count": f"{self.chance.choice((1, 5, 0.37, 12.34, 40, 100)):.2f}",
            "time_in_force": self.chance.choices(
                ("good_till_canceled", "immediate_or_cancel", "fill_or_kill"), (6, 3, 1)
            )[0],
            "self_trade_prevention_type": self.chance.choice(("taker_at_cross", "maker")),
        }
        if self.chance.random() < 0.7:
            body["client_order_id"] = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        if self.chance.random() < 0.1:
            body["post_only"] = True
        return body

    def order(self, member: Member) -> None:
        body = self.body()
        made = member.orders.create_order_v2(**body)
        if Decimal(made.remaining_count) > 0:
            self.resting.append((member, made.order_id, body["ticker"], body["side"]))

    def pick(self) -> tuple[Member, str, str, str] | None:
        if not self.resting:
            return None
        return self.resting[self.chance.randrange(len(self.resting))]

    def cancel(self, _: Member) -> None:
        if (picked := self.pick()) is not None:
            self.resting.remove(picked)
            picked[0].orders.cancel_order_v2(picked[1], market_ticker=picked[2])

    def amend(self, _: Member) -> None:
        if (picked := self.pick()) is not None:
            price, count = self.chance.choice(("0.0500", "0.5000", "0.9000")), self.chance.choice(("3.00", "50.00"))
            picked[0].orders.amend_order_v2(picked[1], ticker=picked[2], side=picked[3], price=price, count=count)

    def decrease(self, _: Member) -> None:
        if (picked := self.pick()) is not None:
            picked[0].orders.decrease_order_v2(picked[1], reduce_by="0.50", market_ticker=picked[2])

    def batch(self, member: Member) -> None:
        made = member.orders.batch_create_orders_v2(orders=[self.body() for _ in range(5)]).orders
        member.orders.batch_cancel_orders_v2(orders=[{"order_id": one.order_id} for one in made if one.order_id])

    def read(self, member: Member) -> None:
        market = self.chance.choice(self.markets)
        self.chance.choice((
            lambda: member.orders.get_orders(limit=50),
            lambda: member.portfolio.get_fills(limit=50),
            lambda: member.portfolio.get_positions(settlement_status="all"),
            lambda: member.portfolio.get_settlements(),
            lambda: member.orders.get_order_queue_positions(),
            lambda: member.market.get_market(market.ticker),
            lambda: member.market.get_market_orderbook(market.ticker),
            lambda: member.market.get_trades(limit=100, ticker=market.ticker),
            lambda: member.events.get_event(market.event_ticker, with_nested_markets=True),
            lambda: member.market.get_markets(limit=20, status=self.chance.choice(("closed", "settled"))),
        ))()
