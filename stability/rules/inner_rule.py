"""Rules around another one: which one that is, and whose step size counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import InputTypeError
from .rule import WRAPPED, Rule, check_lr, is_transformation
from .simultaneous import Simultaneous


def take_inner(rule: Any) -> None:
    """Settles the inner rule and the one step size of a frozen rule around another one.

    The inner rule is simultaneous if none is given; the step size is the outer rule's if it was given one,
    else the inner one's.
    """
    inner = rule.inner
    if inner is None:
        inner = Simultaneous()
    check_inner(inner, f"{rule.name} goes round a rule")
    lr = inner.lr if rule.lr is None else rule.lr
    if isinstance(lr, Mapping) and lr.get("", 1) is None:
        lr = {**lr, "": inner.lr}
    if lr is not None:
        check_lr(rule.name, lr)
    if inner.lr is not None and inner.lr is not lr:
        inner = replace(inner, lr=lr)  # pyright: ignore[reportArgumentType]
    object.__setattr__(rule, "lr", lr)
    object.__setattr__(rule, "inner", inner)


def check_inner(inner: Any, expected: str) -> None:
    """Raises InputTypeError unless `inner` is a rule; the message begins with `expected`."""
    if is_transformation(inner):
        raise InputTypeError(f"{expected}; {WRAPPED}")
    if not isinstance(inner, Rule):
        raise InputTypeError(f"{expected} such as Extragradient(lr=0.1), not {inner!r}")
