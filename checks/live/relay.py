"""The official client and `kalshi-sdk` on the relay: it answers and tells what the exchange answers and tells."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import Counter
from decimal import Decimal
from typing import Any

import websockets
from kalshi.auth import KalshiAuth
from kalshi.config import KalshiConfig
from kalshi.ws import KalshiWebSocket
from kalshi_python_sync.exceptions import ApiException

from exchange import Exchange
from member import Member, Notes, operations
from programs import Server, until
from report import Report, same
from streams import Overheard

MARKETS = 8
# Change by themselves from one look to the next, or say when the answer was made.
MOVING = {"as_of_time", "volume_24h_fp", "updated_time", "sending_ts_ms"}
PRIVATE_CHANNELS = ("fill", "user_orders", "market_positions", "order_group_updates", "communications")


def check(report: Report, exchange: Exchange, server: Server, notes: Notes, frames: list[str]) -> None:
    """`notes` and `frames` collect what the relay said, for the specification to judge."""
    theirs, ours = Member(exchange.rest, Notes()), Member(server.relay, notes)
    with report.check("relay: the official client reads every public route, and the exchange says the same") as figures:
        figures += reads(exchange, theirs, ours)
    with report.check("relay: what is private is refused as the exchange refuses it") as figures:
        figures += refusals(theirs, Member(server.relay, Notes()))
    with report.check("relay: private channels are refused") as figures:
        figures += asyncio.run(private_channels(server, frames))
    Ears(report, exchange, server, frames).listen()


class Calls:
    """The same call of both sides, until they agree: what is cached becomes old, what moves is left out."""

    def __init__(self, exchange: Exchange, theirs: Member, ours: Member) -> None:
        self.exchange, self.theirs, self.ours = exchange, theirs, ours
        self.compared: Counter[str] = Counter()

    def same(self, api: str, name: str, *arguments: object, **named: object) -> Any:
        """What the exchange answered, as the client's model."""
        answers: list[Any] = []

        def look() -> bool:
            answers[:] = [self.call(member, api, name, *arguments, **named) for member in (self.theirs, self.ours)]
            bodies = [settled(json.loads(member.client.notes.answers[-1].body)) for member in (self.theirs, self.ours)]
            same(f"{name}{arguments}", shown(*bodies), None)
            return True

        until(look, f"{name} never agreed", 30, 0.7)
        self.compared[name] += 1
        return answers[0]

    def call(self, member: Member, api: str, name: str, *arguments: object, **named: object) -> Any:
        """Calls again while the relay's budget of questions to the exchange is spent."""
        end = time.monotonic() + 30
        while True:
            try:
                return getattr(getattr(member, api), name)(*arguments, **named)
            except ApiException as error:
                if error.status != 429 or time.monotonic() > end:
                    raise
                time.sleep(0.6)


def settled(body: Any) -> Any:
    """Without what moves, and lists of what has names in the order of those: no other is promised."""
    if isinstance(body, dict):
        return {key: settled(value) for key, value in body.items() if key not in MOVING}
    if isinstance(body, list):
        return sorted((settled(one) for one in body), key=name_of)
    return body


def name_of(one: Any) -> str:
    names = ("ticker", "event_ticker", "id", "market_ticker", "trade_id")
    return next((str(one[name]) for name in names if name in one), "") if isinstance(one, dict) else ""


def shown(theirs: Any, ours: Any, path: str = "") -> str | None:
    """The first place where two bodies differ."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            if key not in ours or key not in theirs:
                return f"{path}.{key} is only {'theirs' if key in theirs else 'ours'}"
            if found := shown(theirs[key], ours[key], f"{path}.{key}"):
                return found
        return None
    if isinstance(theirs, list) and isinstance(ours, list):
        if len(theirs) != len(ours):
            return f"{path} has {len(theirs)} of theirs and {len(ours)} of ours"
        return next((found for number, pair in enumerate(zip(theirs, ours)) if (found := shown(*pair, f"{path}[{number}]"))), None)
    return None if theirs == ours else f"{path} is {theirs!r} of theirs and {ours!r} of ours"


def reads(exchange: Exchange, theirs: Member, ours: Member) -> list[str]:
    exchange.admin("/faults", {"kind": "pause"})
    try:
        calls, now = Calls(exchange, theirs, ours), int(time.time()) // 60 * 60
        calls.same("exchange", "get_exchange_status")
        calls.same("exchange", "get_exchange_schedule")
        calls.same("exchange", "get_series_fee_changes", show_historical=True)
        calls.call(ours, "exchange", "get_user_data_timestamp")
        series = calls.same("market", "get_series_list").series
        for one in series[:3]:
            calls.same("market", "get_series", one.ticker)
        events = calls.same("events", "get_events", limit=200, with_nested_markets=True).events
        calls.same("events", "get_events", limit=200, status="open")
        series_of = {event.event_ticker: event.series_ticker for event in events}
        for event in events[:2]:
            calls.same("events", "get_event", event.event_ticker, with_nested_markets=True)
            calls.same("events", "get_event", event.event_ticker)
            calls.same("events", "get_event_metadata", event.event_ticker)
            calls.same("events", "get_market_candlesticks_by_event", event.event_ticker, event.series_ticker, now - 7_200, now, 60)
        calls.same("events", "get_event_fee_changes")
        calls.same("events", "get_multivariate_events")
        calls.same("multivariate", "get_multivariate_event_collections")
        markets = calls.same("market", "get_markets", limit=1000, status="open").markets
        paged, cursor = [], None
        while cursor != "":
            page = calls.call(ours, "market", "get_markets", limit=30, cursor=cursor, status="open")
            paged, cursor = paged + [one.ticker for one in page.markets], page.cursor
        same("markets in pages", sorted(paged), sorted(one.ticker for one in markets))
        tickers = [one.ticker for one in markets]
        calls.same("market", "get_markets", tickers=",".join(tickers[:5]))
        calls.same("market", "get_markets", event_ticker=markets[0].event_ticker)
        for market in markets[:3]:
            calls.same("market", "get_market", market.ticker)
            calls.same("market", "get_market_orderbook", market.ticker)
            calls.same("market", "get_market_orderbook", market.ticker, depth=2)
        market = markets[0]
        calls.same("market", "get_market_candlesticks", series_of[market.event_ticker], market.ticker, now - 3_600, now, 1)
        calls.same("market", "get_market_orderbooks", tickers[:20])
        calls.same("market", "batch_get_market_candlesticks", ",".join(tickers[:3]), now - 3_600, now, 60)
        calls.same("market", "get_trades", limit=20, ticker=market.ticker)
        calls.same("market", "get_trades", limit=50)
        calls.call(ours, "historical", "get_historical_cutoff")
        calls.same("historical", "get_historical_markets")
        calls.same("historical", "get_trades_historical")
        calls.same("incentives", "get_incentive_programs")
        for milestone in calls.same("milestones", "get_milestones", limit=10).milestones[:1]:
            calls.same("milestones", "get_milestone", milestone.id)
        for target in calls.same("targets", "get_structured_targets").structured_targets[:1]:
            calls.same("targets", "get_structured_target", target.id)
        calls.same("search", "get_tags_for_series_categories")
        calls.same("search", "get_filters_for_sports")
        calls.same("account", "get_account_endpoint_costs")
    finally:
        exchange.admin("/faults", {"kind": "resume"})
    return [f"{len(calls.compared)} operations", f"{calls.compared.total()} answers equal"]


def refusals(theirs: Member, ours: Member) -> list[str]:
    """Unsigned calls of every operation: where the exchange wants a signature, the relay says the same."""
    count = 0
    for operation in operations():
        path = operation.path
        while "{" in path:
            path = path[: path.index("{")] + "x" + path[path.index("}") + 1 :]
        body = None if operation.method in ("GET", "DELETE") else {}
        status, said = theirs.raw(operation.method, path, body)
        if status not in (401, 403):
            continue
        told = ours.raw(operation.method, path, body)
        # What stands in `details` is nowhere promised.
        same(f"{operation.method} {operation.path}", (told[0], told[1]["error"]["code"]), (status, said["error"]["code"]))
        count += 1
    assert count > 30, f"only {count} private operations"
    return [f"{count} operations refused alike"]


async def private_channels(server: Server, frames: list[str]) -> list[str]:
    codes = {}
    async with websockets.connect(server.relay_ws, max_size=None) as socket:
        for number, channel in enumerate(PRIVATE_CHANNELS, 1):
            await socket.send(json.dumps({"id": number, "cmd": "subscribe", "params": {"channels": [channel]}}))
        while len(codes) < len(PRIVATE_CHANNELS):
            frames.append(await asyncio.wait_for(socket.recv(decode=True), 20))
            message = json.loads(frames[-1])
            same("type", message["type"], "error")
            codes[PRIVATE_CHANNELS[message["id"] - 1]] = message["msg"]["code"]
    # 8: no such channel; 9: needs an account.
    same("channels that were not refused", [name for name, code in codes.items() if code not in (8, 9)], [])
    return [f"{name} {code}" for name, code in codes.items()]


class Ears:
    """`kalshi-sdk` on the relay, through a lost message and a lost connection of the exchange."""

    def __init__(self, report: Report, exchange: Exchange, server: Server, frames: list[str]) -> None:
        self.report, self.exchange, self.server, self.frames = report, exchange, server, frames
        self.truth = Member(exchange.rest, Notes())
        self.messages: dict[str, list] = {}
        self.overheard = Overheard()
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
        # The client always signs; the relay does not ask.
        account = self.exchange.accounts["demo"]
        auth = KalshiAuth.from_key_path(account["key_id"], account["private_key_path"])
        config = KalshiConfig(
            base_url=self.server.relay, ws_base_url=self.server.relay_ws, retry_base_delay=0.05, ws_json_loads=self.hear
        )
        self.ws = KalshiWebSocket(auth, config)
        async with self.ws.connect():
            with self.report.check("relay: kalshi-sdk subscribes to all public channels"):
                await self.subscribe()
            for name, fault in (
                ("its books equal the exchange's after trading", None),
                ("its books equal the exchange's after the relay lost a message", {"kind": "skip_seq", "channel": "orderbook_delta", "count": 3}),
                ("its books equal the exchange's after the relay lost its connection", {"kind": "disconnect"}),
            ):
                with self.report.check(f"relay: {name}") as figures:
                    figures += await self.after(fault)
            with self.report.check("relay: tickers, trades and lives of markets are told as the exchange has them") as figures:
                figures += await self.told()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def hear(self, raw: bytes | str) -> dict:
        self.frames.append(raw if isinstance(raw, str) else raw.decode())
        return json.loads(raw)

    async def subscribe(self) -> None:
        listed = await asyncio.to_thread(self.truth.market.get_markets, limit=1000, status="open")
        # The client takes no snapshot with an empty side: only full books, of which those with much at the best prices stay so.
        full = [one for one in listed.markets if one.yes_bid_dollars > "0.1500" and "0" < one.yes_ask_dollars < "0.8500"]
        far = sorted(full, key=lambda one: one.close_time, reverse=True)[: 3 * MARKETS]
        far.sort(key=lambda one: min(Decimal(one.yes_bid_size_fp), Decimal(one.yes_ask_size_fp)), reverse=True)
        self.tickers = [market.ticker for market in far[:MARKETS]]
        await self.keep("ticker", self.ws.subscribe_ticker(maxsize=100_000))
        await self.keep("trade", self.ws.subscribe_trade(maxsize=100_000))
        await self.keep("life", self.ws.subscribe_market_lifecycle())
        await self.keep("book", self.ws.subscribe_orderbook_delta(tickers=self.tickers, maxsize=100_000))

    async def keep(self, name: str, subscribing) -> None:  # noqa: ANN001 - an awaitable of a queue
        stream = await subscribing
        kept = self.messages[name] = []

        async def drain() -> None:
            async for message in stream:
                kept.append(message)

        self.tasks.append(asyncio.create_task(drain()))

    @contextlib.asynccontextmanager
    async def standing_still(self):  # noqa: ANN201
        await asyncio.to_thread(self.exchange.admin, "/faults", {"kind": "pause"})
        try:
            yield
        finally:
            await asyncio.to_thread(self.exchange.admin, "/faults", {"kind": "resume"})

    async def after(self, fault: dict | None) -> list[str]:
        if fault is not None:
            await asyncio.to_thread(self.exchange.admin, "/faults", fault)
        await asyncio.sleep(2)
        async with self.standing_still():
            end = time.monotonic() + 45
            while True:
                try:
                    return await self.books_equal()
                except AssertionError:
                    if time.monotonic() > end:
                        raise
                await asyncio.sleep(0.5)

    async def books_equal(self) -> list[str]:
        levels, unread = 0, self.without_side()
        asked = await asyncio.to_thread(self.truth.market.get_market_orderbooks, self.tickers)
        compared = [one for one in asked.orderbooks if one.ticker not in unread]
        assert len(compared) > len(self.tickers) // 2, f"the client could read no snapshot of {unread}"
        for one in compared:
            book = self.ws._orderbook_mgr.get(one.ticker)  # noqa: SLF001 - where the client keeps its books
            assert book is not None, f"the client has no book of {one.ticker}"
            for side, ours in (("yes", one.orderbook_fp.yes_dollars), ("no", one.orderbook_fp.no_dollars)):
                theirs = [(level.price, level.quantity) for level in getattr(book, side)]
                same(f"{side} of {one.ticker}", theirs, [(Decimal(price), Decimal(size)) for price, size in ours])
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

    async def told(self) -> list[str]:
        async with self.standing_still():
            end = time.monotonic() + 30
            while True:
                trades = (await asyncio.to_thread(self.truth.market.get_trades, limit=1000)).trades
                told = Counter(one.msg.trade_id for one in self.messages["trade"])
                # Those before the subscription were not told, those between are; each once, whatever was lost in between.
                heard = [one.trade_id for one in trades if one.trade_id in told]
                newest = [one.trade_id for one in trades[: len(heard)]]
                if heard == newest or time.monotonic() > end:
                    break
                await asyncio.sleep(0.5)
        same("trades told twice", [trade for trade, count in told.items() if count > 1][:3], [])
        missing = [trade for trade in newest if trade not in told]
        figures = [f"{len(told)} trades told", f"{len(missing)} missed while the connection was lost"]
        for name in ("ticker", "trade"):
            assert self.messages[name], f"no {name} came"
        return [*figures, f"{len(self.messages['ticker'])} tickers", f"{len(self.messages['life'])} lives"]
