"""PyTorch's side of benchmarks/products.py, in a process of its own; it imports no JAX.

Reads a NumPy archive of weights, data and one direction, then a line with a number of repetitions at a time,
and answers with the seconds of each. The first line it writes is its version and the file of its own product.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import numpy as np


def main() -> None:
    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError:
        print("missing", flush=True)
        return
    kept = np.load(sys.argv[1])
    tensors = {key: torch.from_numpy(kept[key]) for key in kept.files}

    def layers(prefix: str) -> list[torch.Tensor]:
        return [tensors[f"{prefix}{k}"] for k in range(6)]

    def network(weights: Any, x: torch.Tensor) -> torch.Tensor:
        for k in (0, 2):
            x = torch.tanh(x @ weights[k] + weights[k + 1])
        return x @ weights[4] + weights[5]

    def fakes(gen: Any) -> torch.Tensor:
        return torch.tanh(network(gen, tensors["latent"]))

    softplus = torch.nn.functional.softplus

    def loss_of_disc(disc: Any, gen: Any) -> torch.Tensor:
        on_real, on_fakes = network(disc, tensors["real"]), network(disc, fakes(gen))
        return softplus(-on_real).mean() + softplus(on_fakes).mean()

    def loss_of_gen(gen: Any, disc: Any) -> torch.Tensor:
        return softplus(-network(disc, fakes(gen))).mean()

    def field(disc: Any, gen: Any) -> tuple[Any, Any]:
        return torch.func.grad(loss_of_disc)(disc, gen), torch.func.grad(loss_of_gen)(gen, disc)

    point, along = (layers("disc"), layers("gen")), (layers("u_disc"), layers("u_gen"))

    def product() -> Any:
        return torch.func.jvp(field, point, along)[1]

    flat = torch.cat([part.ravel() for player in product() for part in player])
    own = os.path.splitext(sys.argv[1])[0] + "-torch.npy"
    np.save(own, -flat.detach().numpy())
    print(torch.__version__, own, flush=True)
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            product()
            seconds.append(time.perf_counter() - begin)
        print(*seconds, flush=True)


if __name__ == "__main__":
    main()
