"""A member of the exchange who speaks through the official client, every answer noted."""

from __future__ import annotations

import base64
import inspect
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kalshi_python_sync as official
import kalshi_python_sync.api as official_apis
from kalshi_python_sync.auth import KalshiAuth
from kalshi_python_sync.exceptions import ApiException

BASE = "/trade-api/v2"


@dataclass(frozen=True)
class Operation:
    """An operation the official client knows."""

    api: str
    name: str
    method: str
    path: str

    def matches(self, method: str, path: str) -> bool:
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(self.path))
        return method == self.method and re.fullmatch(pattern, path) is not None


def operations() -> list[Operation]:
    """All of them, fixed paths before those with parameters, so that the first match is the right one."""
    found = []
    for api_name, api in inspect.getmembers(official_apis, inspect.ismodule):
        for class_name, kind in inspect.getmembers(api, inspect.isclass):
            if not class_name.endswith("Api"):
                continue
            for name, function in inspect.getmembers(kind, inspect.isfunction):
                if not name.endswith("_serialize"):
                    continue
                source = inspect.getsource(function)
                method = re.search(r"method='([A-Z]+)'", source)
                path = re.search(r"resource_path='([^']+)'", source)
                if method and path:
                    called = name.removeprefix("_").removesuffix("_serialize")
                    found.append(Operation(api_name, called, method[1], path[1]))
    return sorted(found, key=lambda operation: (operation.path.count("{"), operation.path, operation.method))


@dataclass(frozen=True)
class Exchanged:
    """One request and its answer."""

    method: str
    path: str
    status: int
    body: bytes


@dataclass
class Notes:
    """What all members were answered."""

    answers: list[Exchanged] = field(default_factory=list)

    def add(self, method: str, path: str, status: int, body: bytes) -> None:
        self.answers.append(Exchanged(method, path, status, body))

    def calls(self, known: list[Operation]) -> Counter[str]:
        """Successful calls of each operation."""
        counts: Counter[str] = Counter()
        for answer in self.answers:
            if 200 <= answer.status < 300:
                operation = next((one for one in known if one.matches(answer.method, answer.path)), None)
                if operation is not None:
                    counts[operation.name] += 1
        return counts


class NotingClient(official.ApiClient):
    """The official client, its HTTP layer overheard."""

    def __init__(self, configuration: official.Configuration, notes: Notes) -> None:
        super().__init__(configuration)
        self.notes = notes

    def call_api(self, method, url, *arguments, **named):  # noqa: ANN001, ANN002, ANN003, ANN201 - as in the official client
        answer = super().call_api(method, url, *arguments, **named)
        path = url.split("?")[0].split(BASE, 1)[1]
        self.notes.add(method, path, answer.status, answer.read())
        return answer


class Member:
    """Calls as `member.orders.create_order_v2(…)`, `member.portfolio.get_balance()`."""

    def __init__(self, rest: str, notes: Notes, account: dict | None = None) -> None:
        configuration = official.Configuration(host=rest)
        configuration.retries = False
        self.rest = rest
        self.client = NotingClient(configuration, notes)
        if account is not None:
            pem = Path(account["private_key_path"]).read_text()
            self.client.kalshi_auth = KalshiAuth(account["key_id"], pem)
        self.account = official.AccountApi(self.client)
        self.keys = official.ApiKeysApi(self.client)
        self.communications = official.CommunicationsApi(self.client)
        self.events = official.EventsApi(self.client)
        self.exchange = official.ExchangeApi(self.client)
        self.historical = official.HistoricalApi(self.client)
        self.incentives = official.IncentiveProgramsApi(self.client)
        self.live_data = official.LiveDataApi(self.client)
        self.market = official.MarketApi(self.client)
        self.milestones = official.MilestoneApi(self.client)
        self.multivariate = official.MultivariateApi(self.client)
        self.groups = official.OrderGroupsApi(self.client)
        self.orders = official.OrdersApi(self.client)
        self.portfolio = official.PortfolioApi(self.client)
        self.search = official.SearchApi(self.client)
        self.targets = official.StructuredTargetsApi(self.client)

    def with_key(self, key_id: str, pem: str) -> Member:
        """The same with another key."""
        other = Member(self.rest, self.client.notes)
        other.client.kalshi_auth = KalshiAuth(key_id, pem)
        return other

    def sign_at(self, method: str, path: str, seconds: int) -> dict[str, str]:
        """Headers signed by a clock that is off by so much."""
        stamp = str(int((time.time() + seconds) * 1_000))
        signature = self.client.kalshi_auth.sign(f"{stamp}{method}{BASE}{path}".encode())
        return {
            "KALSHI-ACCESS-KEY": self.client.kalshi_auth.key_id,
            "KALSHI-ACCESS-SIGNATURE": base64.b64encode(signature).decode(),
            "KALSHI-ACCESS-TIMESTAMP": stamp,
        }

    def raw(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: str = "",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Status and decoded body of a request the client would not make; `body` may be text that is no JSON."""
        url = self.rest + path
        signed = {} if self.client.kalshi_auth is None else self.client.kalshi_auth.create_auth_headers(method, url)
        signed |= headers or {}
        data = None
        if body is not None:
            data = body if isinstance(body, (bytes, str)) else json.dumps(body)
            signed["Content-Type"] = "application/json"
        pool = self.client.rest_client.pool_manager
        answer = pool.request(method, url + query, body=data, headers=signed, retries=False)
        self.client.notes.add(method, path, answer.status, answer.data)
        return answer.status, json.loads(answer.data) if answer.data else None


def refusal(call, *arguments, **named) -> tuple[int, Any]:  # noqa: ANN001, ANN002, ANN003 - any call
    """Status and body of a call that must be refused."""
    try:
        answer = call(*arguments, **named)
    except ApiException as error:
        return error.status, json.loads(error.body) if error.body else None
    raise AssertionError(f"{getattr(call, '__name__', call)} was not refused: {answer}")
