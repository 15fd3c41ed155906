"""`kalshi-sdk` on every channel of a lively exchange: its books, its fills, a lost message, a lost connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from kalshi.auth import KalshiAuth
from kalshi.config import KalshiConfig
from kalshi.ws import KalshiWebSocket

from exchange import Exchange
from member import Member, Notes
from report import Report, same

MARKETS = 12
# A market chosen now is not to close before the session is over.
LASTING = timedelta(minutes=4)


class Overheard(logging.Handler):
    """What the client says of itself."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        why = f": {record.exc_info[1]!r}" if record.exc_info else ""
        self.said.append(record.getMessage() + why)

    def count(self, text: str) -> int:
        return sum(text in line for line in self.said)


class Listener:
    """One session of the client, subscribed to everything, its queues drained as messages come."""

    def __init__(self, report: Report, exchange: Exchange, notes: Notes, frames: list[str]) -> None:
        self.report, self.exchange, self.frames = report, exchange, frames
        self.demo = Member(exchange.rest, notes, exchange.accounts["demo"])
        self.maker = Member(exchange.rest, notes, exchange.accounts["maker"])
        self.messages: dict[str, list] = {}
        self.overheard = Overheard()
        self.states: list[str] = []
        self.tasks: list[asyncio.Task] = []

    def listen(self) -> None:
        logger = logging.getLogger("kalshi.ws")
        logger.addHandler(self.overheard)
        logger.propagate = False
        try:
            asyncio.run(self.session())
        finally:
            logger.removeHandler(self.overheard)

    async def session(self) -> None:
        account = self.exchange.accounts["demo"]
        config = KalshiConfig(
            base_url=self.exchange.rest, ws_base_url=self.exchange.ws, retry_base_delay=0.05, ws_json_loads=self.hear
        )
        auth = KalshiAuth.from_key_path(account["key_id"], account["private_key_path"])
        self.ws = KalshiWebSocket(auth, config, on_state_change=self.changed)
        async with self.ws.connect():
            with self.report.check("kalshi-sdk: every channel is subscribed to"):
                await self.subscribe()
            for name, step in (
                ("its books equal the exchange's", self.compare_books),
                ("orders, fills and positions are told as they are read", self.trade),
                ("groups are told", self.groups),
                ("a lost message is noticed and healed", self.gap),
                ("a lost connection is made again", self.cut),
                ("tickers, trades and lives of markets are told", self.public_channels),
                ("nothing it was sent was malformed to it", self.nothing_malformed),
            ):
                with self.report.check(f"kalshi-sdk: {name}") as figures:
                    figures += await step() or []
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def hear(self, raw: bytes | str) -> dict:
        self.frames.append(raw if isinstance(raw, str) else raw.decode())
        return json.loads(raw)

    async def changed(self, _before: object, after: object) -> None:
        self.states.append(getattr(after, "name", str(after)))

    async def subscribe(self) -> None:
        listed = await asyncio.to_thread(self.demo.market.get_markets, limit=1000, status="open")
        # The client takes no snapshot with an empty side, though the specification leaves its key out. Books in the middle of the
        # dollar, far from their end and with much at their best prices hardly ever lose one; those that do are told apart below.
        full = [one for one in listed.markets if one.yes_bid_dollars > "0.1500" and "0" < one.yes_ask_dollars < "0.8500"]
        end = datetime.now(timezone.utc) + LASTING
        lasting = [one for one in full if one.close_time > end]
        lasting.sort(key=lambda one: min(Decimal(one.yes_bid_size_fp), Decimal(one.yes_ask_size_fp)), reverse=True)
        self.market = next(market for market in lasting if market.exchange_index == 0)
        self.tickers = [market.ticker for market in lasting[:MARKETS]]
        if self.market.ticker not in self.tickers:
            self.tickers.append(self.market.ticker)
        await self.keep("ticker", self.ws.subscribe_ticker(maxsize=100_000))
        await self.keep("trade", self.ws.subscribe_trade(maxsize=100_000))
        await self.keep("fill", self.ws.subscribe_fill())
        await self.keep("order", self.ws.subscribe_user_orders())
        await self.keep("position", self.ws.subscribe_market_positions())
        await self.keep("life", self.ws.subscribe_market_lifecycle())
        await self.keep("group", self.ws.subscribe_order_group())
        # Last: the client loses snapshots that come while it waits for the answer to another subscription.
        await self.keep("book", self.ws.subscribe_orderbook_delta(tickers=self.tickers, maxsize=100_000))

    async def keep(self, name: str, subscribing) -> None:  # noqa: ANN001 - an awaitable of a queue
        stream = await subscribing
        kept = self.messages[name] = []

        async def drain() -> None:
            async for message in stream:
                kept.append(message)

        self.tasks.append(asyncio.create_task(drain()))

    @contextlib.asynccontextmanager
    async def standing_still(self) -> AsyncIterator[None]:
        """Nothing trades inside, so that two looks at a book can be compared."""
        await asyncio.to_thread(self.exchange.admin, "/faults", {"kind": "pause"})
        await asyncio.sleep(0.5)
        try:
            yield
        finally:
            await asyncio.to_thread(self.exchange.admin, "/faults", {"kind": "resume"})

    async def compare_books(self) -> list[str]:
        await asyncio.sleep(2)
        async with self.standing_still():
            end = time.monotonic() + 15
            while True:
                try:
                    return await self.books_equal()
                except AssertionError:
                    # What is under way may take its time on a slow machine; nothing new comes.
                    if time.monotonic() > end:
                        raise
                await asyncio.sleep(0.3)

    async def books_equal(self) -> list[str]:
        levels, unread = 0, self.without_side()
        asked = await asyncio.to_thread(self.demo.market.get_market_orderbooks, self.tickers)
        compared = [one for one in asked.orderbooks if one.ticker not in unread]
        assert len(compared) > MARKETS // 2, f"the client could read no snapshot of {unread}"
        for one in compared:
            book = self.ws._orderbook_mgr.get(one.ticker)  # noqa: SLF001 - where the client keeps its books
            assert book is not None, f"the client has no book of {one.ticker}"
            for side, ours in (("yes", one.orderbook_fp.yes_dollars), ("no", one.orderbook_fp.no_dollars)):
                theirs = [(level.price, level.quantity) for level in getattr(book, side)]
                same(f"{side} of {one.ticker}", [(Decimal(price), Decimal(size)) for price, size in ours], theirs)
                levels += len(theirs)
        deltas = sum(message.type == "orderbook_delta" for message in self.messages["book"])
        return [f"{len(compared)} books", f"{levels} levels", f"{deltas} changes"]

    def without_side(self) -> set[str]:
        """Markets whose last snapshot had an empty side, which the client does not take."""
        last = {}
        for message in map(json.loads, (frame for frame in self.frames if '"orderbook_snapshot"' in frame)):
            body = message["msg"]
            last[body["market_ticker"]] = {"yes_dollars_fp", "no_dollars_fp"} <= body.keys()
        return {ticker for ticker, is_full in last.items() if not is_full}

    async def trade(self) -> list[str]:
        ticker = self.market.ticker
        words = {"ticker": ticker, "self_trade_prevention_type": "taker_at_cross"}

        def act() -> list[str]:
            step = self.market.price_ranges[-1].step
            sides = (("bid", f"{1 - Decimal(step):.4f}"), ("ask", f"{Decimal(self.market.price_ranges[0].step):.4f}"))
            made = []
            for number in range(8):
                side, price = sides[number % 2]
                made.append(self.demo.orders.create_order_v2(
                    side=side, price=price, count="1.00", time_in_force="immediate_or_cancel",
                    client_order_id=str(uuid.uuid4()), **words,
                ))
            low = f"{Decimal(self.market.price_ranges[0].step):.4f}"
            resting = self.demo.orders.create_order_v2(
                side="bid", price=low, count="5.00", time_in_force="good_till_canceled",
                client_order_id=str(uuid.uuid4()), **words,
            )
            self.demo.orders.amend_order_v2(resting.order_id, ticker=ticker, side="bid", price=low, count="4.00")
            self.demo.orders.decrease_order_v2(resting.order_id, reduce_by="1.00")
            self.demo.orders.cancel_order_v2(resting.order_id)
            return [order.order_id for order in [*made, resting]]

        orders = await asyncio.to_thread(act)
        ends = lambda: {one.msg.order_id for one in self.messages["order"] if one.msg.status in ("canceled", "executed")}  # noqa: E731
        await self.until(lambda: set(orders) <= ends(), "the end of some order was never told", 20)
        await asyncio.sleep(0.5)
        fills = (await asyncio.to_thread(self.demo.portfolio.get_fills, limit=1000)).fills
        read = {fill.trade_id: (fill.order_id, Decimal(fill.count_fp), Decimal(fill.fee_cost), fill.is_taker) for fill in fills}
        told = {
            one.msg.trade_id: (one.msg.order_id, one.msg.count, one.msg.fee_cost, one.msg.is_taker)
            for one in self.messages["fill"]
        }
        same("fills", told, read)
        assert read, "nothing filled"
        last = {one.msg.order_id: one.msg for one in self.messages["order"]}
        same("orders told", sorted(set(orders) - set(last)), [])
        for order in orders:
            status = (await asyncio.to_thread(self.demo.orders.get_order, order)).order.status.value
            same(f"status of {order}", last[order].status, status)
        rows = (await asyncio.to_thread(self.demo.portfolio.get_positions, ticker=ticker)).market_positions
        position = [one.msg for one in self.messages["position"] if one.msg.market_ticker == ticker][-1]
        same("position", position.position, Decimal(rows[0].position_fp))
        return [f"{len(read)} fills", f"{len(self.messages['order'])} messages of orders"]

    async def groups(self) -> list[str]:
        def act() -> None:
            groups = self.demo.groups
            number = groups.create_order_group(contracts_limit=10).order_group_id
            groups.update_order_group_limit(number, contracts_limit=20)
            groups.trigger_order_group(number)
            groups.reset_order_group(number)
            groups.delete_order_group(number)

        await asyncio.to_thread(act)
        await self.until(lambda: len(self.messages["group"]) >= 5, "not all five changes of the group were told", 20)
        told = [one.msg.event_type for one in self.messages["group"]]
        same("groups", told, ["created", "limit_updated", "triggered", "reset", "deleted"])
        return [f"{len(told)} messages"]

    async def gap(self) -> list[str]:
        before = self.overheard.count("Triggering resync")
        fault = {"kind": "skip_seq", "channel": "orderbook_delta"}
        await asyncio.to_thread(self.exchange.admin, "/faults", fault)
        await self.until(lambda: self.overheard.count("Triggering resync") > before, "the gap was never noticed")
        figures = await self.compare_books()
        return [f"{self.overheard.count('Triggering resync') - before} gaps noticed", *figures]

    async def cut(self) -> list[str]:
        already = len(self.states)
        await asyncio.to_thread(self.exchange.admin, "/faults", {"kind": "disconnect"})
        await self.until(lambda: "STREAMING" in self.states[already:], "the client never came back")
        figures = await self.compare_books()
        return [" ".join(self.states[already:]).lower(), *figures]

    async def public_channels(self) -> list[str]:
        wanted = {"created", "determined", "settled"}
        life = lambda: Counter(getattr(one.msg, "event_type", one.type) for one in self.messages["life"])  # noqa: E731
        with contextlib.suppress(AssertionError):
            await self.until(lambda: wanted <= set(life()), "", 60)
        assert wanted <= set(life()), f"of {wanted} only {set(life())} came"
        for name in ("ticker", "trade"):
            assert self.messages[name], f"no {name} came"
        return [f"{len(self.messages['ticker'])} tickers", f"{len(self.messages['trade'])} trades", str(dict(life()))]

    async def nothing_malformed(self) -> None:
        for text in ("malformed", "Unexpected error", "Unknown message type"):
            # It does not know event_lifecycle, which the specification puts on the channel of lives, nor empty sides of books.
            lines = [line for line in self.overheard.said if text in line and "event_lifecycle" not in line]
            lines = [line for line in lines if not ("OrderbookSnapshotMessage" in line and "Field required" in line)]
            same(f"lines with {text!r}", lines[:3], [])

    async def until(self, condition, failure: str, seconds: float = 20) -> None:  # noqa: ANN001
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, failure
            await asyncio.sleep(0.05)
