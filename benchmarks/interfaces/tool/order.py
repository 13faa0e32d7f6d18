"""A function of a dataclass, as its author would write it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Item:
    """What is ordered."""

    name: str
    price: float
    count: int = 1


@dataclass
class Order:
    """What somebody orders."""

    customer: str
    items: list[Item]
    notes: list[str] = field(default_factory=list)
    urgent: bool = False


@dataclass
class Total:
    """What it costs."""

    customer: str
    total: float
    count: int


def total(order: Order) -> Total:
    """Sum an order up."""
    count = sum(item.count for item in order.items)
    return Total(order.customer, sum(item.price * item.count for item in order.items), count)
