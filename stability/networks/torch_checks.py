"""What in PyTorch modules and losses would not stand still: found, named and refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch  # pyright: ignore[reportMissingImports]

from ..dynamics.true_derivatives import differs
from ..errors import InputError, InputTypeError
from .torch_losses import Parts, TorchLosses, graph, trainable
from .torch_primitive import WHOLE


def check_modules(losses: Mapping[str, Any], modules: Mapping[str, Any]) -> tuple[str, ...]:
    """The players in order. Raises InputError or InputTypeError if the modules cannot be theirs."""
    if not isinstance(losses, Mapping) or not isinstance(modules, Mapping) or not losses:
        raise InputTypeError("losses and modules are mappings from player names")
    if set(losses) != set(modules):
        raise InputError(
            f"losses names the players {', '.join(map(str, losses))}, "
            f"modules {', '.join(map(str, modules))}; they have to be the same"
        )
    owners: dict[int, str] = {}
    for player, module in modules.items():
        if not isinstance(module, torch.nn.Module):
            raise InputTypeError(f"player {player!r} has no torch.nn.Module but {module!r}")
        if not callable(losses[player]):
            raise InputTypeError(f"the loss of player {player!r} is no function")
        for name, own in module.named_modules():
            if isinstance(own, torch.nn.modules.batchnorm._NormBase) and _uses_batch(own):
                raise InputError(
                    f"{name or 'the module'!r} of player {player!r} normalises by the statistics "
                    "of the batch; give it stored ones (track_running_stats=True)"
                )
        for name, parameter in module.named_parameters():
            if owners.setdefault(id(parameter), player) != player:
                raise InputError(
                    f"players {owners[id(parameter)]!r} and {player!r} share the parameter {name!r}"
                )
        if not trainable(module):
            raise InputError(f"the module of player {player!r} has no parameters to train")
    devices = {p.device for module in modules.values() for p in trainable(module).values()}
    if len(devices) > 1:
        raise InputError("the players' parameters lie on several devices; move them to one")
    return tuple(losses)


def check_losses(losses: TorchLosses) -> None:
    """Raises InputError or InputTypeError unless the losses are finite scalars that change nothing.

    They also have to be differentiable twice, and to hide from PyTorch no player on whom they depend.
    """
    parts = losses.parts(losses.start)
    with torch.enable_grad():  # losses may differentiate, as gradient penalties do
        for i, player in enumerate(losses.partition.players):
            value = _called(player, lambda i=i: losses.loss(i, parts))
            _check_number(player, value)
            _check_still(losses, i, parts, value)
            _check_derivatives(losses, i, parts, value)
    _check_true(losses)


def _check_number(player: str, value: Any) -> None:
    if not isinstance(value, torch.Tensor) or value.shape != ():
        shown = tuple(value.shape) if isinstance(value, torch.Tensor) else value
        raise InputTypeError(f"the loss of player {player!r} is no scalar but {shown}")
    if not value.is_floating_point():
        raise InputTypeError(
            f"the loss of player {player!r} must be a real floating-point number, not {value.dtype}"
        )
    if not torch.isfinite(value):
        raise InputError(f"the loss of player {player!r} is not finite at the start")


def _check_still(losses: TorchLosses, i: int, parts: Parts, value: torch.Tensor) -> None:
    modules, players = losses.modules, losses.partition.players
    buffers = {name: buffer.clone() for name, buffer in modules.named_buffers()}
    drawing = _who_draws(modules, lambda: losses.loss(i, parts))
    if drawing is not None:
        raise InputError(
            f"the loss of player {players[i]!r} draws random numbers in {drawing}; "
            "switch dropout and noise off, or pass the numbers as data"
        )
    again = losses.loss(i, parts)
    for name, buffer in modules.named_buffers():
        if not torch.equal(buffer, buffers[name]):
            owner, _, own = name.removeprefix("players.").partition(".")
            raise InputError(
                f"the loss of player {players[i]!r} changes the buffer {own!r} of player "
                f"{players[int(owner)]!r}; let it stand still in evaluation mode"
            )
    if not _close(value, again):
        raise InputError(
            f"the loss of player {players[i]!r} changes from call to call; pass random numbers as data"
        )


def _check_derivatives(losses: TorchLosses, i: int, parts: Parts, value: torch.Tensor) -> None:
    players = losses.partition.players
    unused = range(len(players))
    if value.requires_grad:
        try:
            # a weight that is differentiated too shows functions that are `once_differentiable`
            weight = torch.ones_like(value).requires_grad_()
            gradient = torch.autograd.grad(
                value, parts, weight, create_graph=True, allow_unused=True
            )
            used = [own for own in gradient if own is not None and own.requires_grad]
            if used:
                torch.autograd.grad(used, parts, used, retain_graph=True, allow_unused=True)
        except Exception as error:
            raise InputError(
                f"the loss of player {players[i]!r} cannot be differentiated twice by PyTorch: "
                f"{_first_line(error)}"
            ) from error
        if any(node.name().endswith("::Error") for node in graph(*used)):
            raise InputError(
                f"the loss of player {players[i]!r} uses a function that can be differentiated once only "
                "(once_differentiable); write it so that its derivative can be differentiated again"
            )
        unused = [j for j, own in enumerate(gradient) if own is None]
    for j in unused:
        moved = [own + 0.1 * (1 + own.abs()) if k == j else own for k, own in enumerate(parts)]
        if not _close(losses.loss(i, tuple(moved)), value):
            raise InputError(
                f"the loss of player {players[i]!r} depends on player {players[j]!r}, but not for "
                "PyTorch's derivatives; leave out detach() and no_grad(), which the game does not need"
            )


def _check_true(losses: TorchLosses) -> None:
    """Raises InputError if a loss has other derivatives than PyTorch is told; see `true_derivatives`."""
    found = [_hindrances(losses, i) for i in range(len(losses.losses))]
    if not any(found):
        return
    try:
        double = losses.in_double if losses.dtype != torch.float64 else losses
    except InputTypeError:
        return  # in single precision kinks and rounding would speak too
    finally:
        vars(losses).pop("in_double", None)  # as large again as the modules
    for i, hindered in enumerate(found):

        def value(x: np.ndarray, i: int = i) -> np.ndarray:
            loss = double.derivative(i, x, (), (), ())
            return np.append(loss, double.derivative(i, x, (), (), (i,)))

        def product(x: np.ndarray, u: np.ndarray, i: int = i) -> np.ndarray:
            gradient = double.derivative(i, x, (), (), (WHOLE,))
            return np.append(gradient @ u, double.derivative(i, x, (u,), (WHOLE,), (i,)))

        x = np.asarray(losses.start, dtype=float)
        if hindered and differs(value, product, x):
            raise InputError(
                f"the loss of player {losses.partition.players[i]!r} has another derivative than PyTorch is "
                f"told, by {', '.join(hindered[:3])}: its Jacobian would be that of another function; leave "
                "it out (a game differentiates each loss by its own player alone)"
            )


class _Watch(torch.overrides.TorchFunctionMode):
    """Notes what is called that may take numbers out of the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        made = func(*args, **(kwargs or {}))
        before = [a for a in (*args, *(kwargs or {}).values()) if isinstance(a, torch.Tensor)]
        if func == torch.Tensor.data.__get__:  # pyright: ignore[reportAttributeAccessIssue]
            self.found[".data"] = None
        elif func is torch.autograd.grad and not (kwargs or {}).get("create_graph"):
            self.found["a gradient without create_graph"] = None
        elif name in _CUTS:
            self.found[f"{name}()"] = None
        elif any(own.requires_grad for own in before):
            if not torch.is_grad_enabled():
                self.found["no_grad()"] = None
            elif isinstance(made, torch.Tensor) and name in _CASTS and not made.is_floating_point():
                self.found["numbers turned into integers"] = None
        return made


_CUTS = ("detach", "detach_", "numpy", "item", "tolist", "__float__", "register_hook")
_CASTS = ("to", "type", "view", "int", "long", "short", "char", "byte", "type_as", "__int__")


def _hindrances(losses: TorchLosses, i: int) -> list[str]:
    """What in a loss may give other derivatives than its own."""
    parts = losses.parts(losses.start)
    with torch.enable_grad(), _Watch() as watch:
        value = losses.loss(i, parts)
    kind = torch.autograd.function.BackwardCFunction
    own = {f"the backward of {node.name()}" for node in graph(value) if isinstance(node, kind)}
    return [*watch.found, *sorted(own)]


def _uses_batch(norm: Any) -> bool:
    """Whether a layer normalises by the batch even in evaluation mode; instance norms have no batch."""
    batch = isinstance(norm, torch.nn.modules.batchnorm._BatchNorm)
    return batch and norm.running_mean is None


def _called(player: str, loss: Callable[[], Any]) -> Any:
    try:
        return loss()
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"the loss of player {player!r} fails: {_first_line(error)} "
            "(losses take every player's module in player order, then the data)"
        ) from error


def _close(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two values of a loss differ by no more than sums in another order would."""
    return torch.allclose(one, other, rtol=1e-5, atol=1e-7)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _who_draws(modules: torch.nn.Module, loss: Callable[[], Any]) -> str | None:
    """The innermost module, or the loss itself, that takes numbers from PyTorch's random generators."""
    found: list[str] = []
    before: dict[str, Any] = {}

    def enter(name: str) -> Callable[..., None]:
        return lambda *_: before.update({name: _generators()})

    def leave(name: str) -> Callable[..., None]:
        def check(*_: Any) -> None:
            if not _same(before[name], _generators()):
                found.append(name)

        return check

    hooks = []
    for name, module in modules.named_modules():
        if name.count(".") >= 1:
            hooks += [
                module.register_forward_pre_hook(enter(name)),
                module.register_forward_hook(leave(name)),
            ]
    start = _generators()
    try:
        loss()
        drawn = not _same(start, _generators())
    finally:
        for hook in hooks:
            hook.remove()
        torch.set_rng_state(start[0])
        if len(start) > 1:
            torch.cuda.set_rng_state_all(start[1:])
    if found:
        return repr(found[0].split(".", 2)[-1]) if found[0].count(".") > 1 else "its module"
    return "the loss itself" if drawn else None


def _generators() -> list[torch.Tensor]:
    on_devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return [torch.get_rng_state(), *on_devices]


def _same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(map(torch.equal, one, other))
