"""What a fill does to an account, computed from the published rules with exact numbers; nothing is shared with the program."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

STEP = Fraction(1, 10_000)
CENT = Fraction(1, 100)
MAKER_RATES = {
    "quadratic": Fraction(0),
    "quadratic_with_maker_fees": Fraction(175, 10_000),
    "quadratic_with_combo_maker_fees": Fraction(350, 10_000),
}
TAKER_RATE = Fraction(7, 100)


def up(dollars: Fraction) -> Fraction:
    """Rounded up to $0.0001."""
    return -(-dollars // STEP) * STEP


def down(dollars: Fraction) -> Fraction:
    """Rounded down to $0.0001."""
    return dollars // STEP * STEP


@dataclass
class Account:
    """Cash of one shard, and positions: contracts, + YES, − NO."""

    cash: Fraction
    positions: dict[str, Fraction] = field(default_factory=dict)
    fees: dict[str, Fraction] = field(default_factory=dict)
    rounding: dict[str, Fraction] = field(default_factory=dict)
    rebated: Fraction = Fraction(0)

    def fill(
        self, order: str, ticker: str, side: str, yes: Fraction, count: Fraction, fees: tuple[str, Fraction], taker: bool
    ) -> Fraction:
        """Books one fill; returns what `fee_cost` must say."""
        kind, multiplier = fees
        rate = TAKER_RATE if taker else MAKER_RATES[kind]
        trade_fee = up(rate * multiplier * count * yes * (1 - yes))
        held = self.positions.get(ticker, Fraction(0))
        signed, price = (count, yes) if side == "bid" else (-count, 1 - yes)
        # Each contract bought against one held of the other side is worth $1 at once.
        closed = min(count, abs(held)) if held * signed < 0 else Fraction(0)
        revenue = closed - count * price
        change = down(revenue - trade_fee)
        rounding_fee = revenue - trade_fee - change
        self.positions[ticker] = held + signed
        fee = trade_fee + rounding_fee
        accumulated = self.rounding.get(order, Fraction(0)) + rounding_fee
        rebate = Fraction(0)
        while accumulated > CENT and fee - rebate >= CENT:
            accumulated -= CENT
            rebate += CENT
        self.rounding[order] = accumulated
        self.rebated += rebate
        self.cash += change + rebate
        self.fees[ticker] = self.fees.get(ticker, Fraction(0)) + fee - rebate
        return fee

    def settle(self, ticker: str, yes_pays: Fraction) -> Fraction:
        """Pays a position; returns the payout after what is below $0.0001 is kept."""
        held = self.positions.pop(ticker, Fraction(0))
        payout = down(held * yes_pays if held > 0 else -held * (1 - yes_pays))
        self.cash += payout
        return payout


def fee_of_purchase(price: Fraction, count: Fraction, multiplier: Fraction) -> Fraction:
    """The trade fee of a taker."""
    return up(TAKER_RATE * multiplier * count * price * (1 - price))


def rounding_of_purchase(price: Fraction, count: Fraction, multiplier: Fraction) -> Fraction:
    """What a taker pays for such a purchase, only to bring the balance to $0.0001."""
    spent = count * price + fee_of_purchase(price, count, multiplier)
    return up(spent) - spent
