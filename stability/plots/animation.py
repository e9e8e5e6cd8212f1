"""Moving pictures of paths: the flow and the steps at the same time, as a GIF or an MP4."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ..dynamics.positive_settings import check_positive, check_whole
from ..dynamics.trajectory import Trajectory
from ..errors import InputError
from ..phase.follow import Paths
from . import layers
from .along import compared, modified_flows
from .legend import legend_below
from .portrait import portrait
from .style import COLUMN, FLOW, STEPS, figure, styled

DPI = 120
HOLD = 1.0  # seconds that the last frame stays
FASTEST = 25  # frames a second


@dataclass(frozen=True)
class Track:
    """Something that moves: `trail(t)` is the way so far at time t, shape (n, 2), in the picture."""

    label: str
    color: str
    line: str
    marker: str
    dots: bool
    trail: Callable[[float], np.ndarray]


def animate(
    paths: Paths,
    file: str | Path,
    *,
    seconds: float = 8.0,
    frames: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Writes a moving picture of paths on their phase portrait: a step h takes the time h, as on the flow.

    **Arguments:**

    - `paths`: as `stability.follow` returns them.
    - `file`: a .gif, written by Pillow, or an .mp4, written by the program ffmpeg.
    - `seconds`: how long it lasts, apart from a second in which the end stands still.
    - `frames`: how many pictures; default: 20 a second, and no more than a map has steps.
    - `progress`: called with the share of the frames that are done.

    Raises InputError for another ending, and for an .mp4 where there is no ffmpeg.
    """
    file = Path(file)
    check_positive(seconds, "the seconds that an animation lasts")
    if file.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise InputError(
            "an .mp4 is written by the program ffmpeg, which is not there; install it or write a .gif"
        )
    if file.suffix not in (".gif", ".mp4"):
        raise InputError(f"{file}: an animation is a .gif or an .mp4")
    end = _end(paths)
    if frames is None:
        frames = max(2, round(20 * seconds))
        if paths.time is None:
            frames = min(frames, int(end) + 1)
    check_whole(frames, "the number of frames", 2, 100_000)
    rate = min(frames / seconds, FASTEST)
    frame = _stage(paths)

    def pictures() -> Iterator[np.ndarray]:
        for number, t in enumerate(np.linspace(0.0, end, frames)):
            yield frame(float(t))
            if progress is not None:
                progress((number + 1) / frames)

    if file.suffix == ".gif":
        _write_gif(file, frame(end), pictures(), rate)
    else:
        _write_mp4(file, pictures(), rate)


def _end(paths: Paths) -> float:
    """When the last path ends."""
    ends = [float(path.times[-1]) for path in paths.alone]
    for own in paths.comparisons:
        ends += [float(own.flow.times[-1]), float(own.steps.times[-1] * own.step_time)]
    return max(ends)


def _stage(paths: Paths) -> Callable[[float], np.ndarray]:
    """Draws the picture at a time, shape (height, width, 3); what stands still is drawn once."""
    tracks = _tracks(paths)
    with styled():
        still = replace(paths.portrait, nullclines=(), separatrices=(), paths=(), steps=())
        made, ax = figure(width=1.35 * COLUMN, height=1.35 * COLUMN)
        made.set_dpi(DPI)
        canvas = FigureCanvasAgg(made)
        portrait(still, ax, legend=False)
        ax.set_autoscale_on(False)
        moving = [
            (
                ax.plot([], [], track.line, color=track.color, linewidth=1.2, zorder=layers.PATHS)[0],
                ax.plot(
                    [], [], linestyle="none", marker=track.marker, color=track.color, markersize=6.0,
                    markeredgecolor="white", markeredgewidth=0.6, zorder=layers.EQUILIBRIA,
                    label=layers.label_once(ax, track.label),
                )[0],
            )
            for track in tracks
        ]  # fmt: skip
        for track, (trail, _) in zip(tracks, moving, strict=True):
            if track.dots:
                trail.set(marker=".", markersize=2.5, linewidth=0.5)
        clock = ax.text(
            0.02, 0.98, "", transform=ax.transAxes, va="top", zorder=5, parse_math=False
        )
        clock.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5})
        legend_below(ax)
        artists = [artist for pair in moving for artist in pair] + [clock]
        for artist in artists:
            artist.set_animated(True)
        canvas.draw()
        background = canvas.copy_from_bbox(made.bbox)

    def frame(t: float) -> np.ndarray:
        canvas.restore_region(background)
        for track, (trail, head) in zip(tracks, moving, strict=True):
            way = track.trail(t)
            trail.set_data(*way.T)
            head.set_data(*way[-1:].T)
        clock.set_text(f"step {int(t)}" if paths.time is None else f"t = {t:.3g}")
        for artist in artists:
            ax.draw_artist(artist)
        return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()

    return frame


def _tracks(paths: Paths) -> list[Track]:
    plane = paths.portrait.plane

    def place(points: np.ndarray) -> np.ndarray:
        if plane is not None:
            own = plane.coordinates if paths.time is None else plane.curve
            return layers.cut_off(own(points), plane.box)
        if paths.time is None:  # a cobweb: up to the graph, across to the diagonal
            corners = np.repeat(points[:, 0], 2)
            return np.stack([corners[:-1], corners[1:]], axis=1)
        return np.stack([points[:, 0], np.zeros(len(points))], axis=1)

    found = []
    for path in paths.alone:
        if paths.time is None:
            joined = "-" if plane is None else "none"
            found.append(
                Track("map", STEPS, joined, "o", plane is not None, _stepped(path, 1.0, place))
            )
        else:
            found.append(Track("flow", FLOW, "-", "o", False, _flowing(path, place)))
    for own in paths.comparisons:
        found.append(Track("flow", FLOW, "-", "o", False, _flowing(own.flow, place)))
    for own, label, color in modified_flows(paths):
        found.append(Track(label, color, ":", "s", False, _flowing(own, place)))
    for own, rule, look in compared(paths):
        stepped = _stepped(own.steps, own.step_time, place)
        found.append(Track(rule, look.color, "-", look.marker, True, stepped))
    return found


def _flowing(path: Trajectory, place: Callable[[np.ndarray], np.ndarray]) -> Callable[[float], Any]:
    last = float(path.times[-1])

    def trail(t: float) -> np.ndarray:
        now = path(np.array([min(t, last)]))
        return place(np.concatenate([path.points[path.times < t], now]))

    return trail


def _stepped(
    path: Trajectory, step_time: float, place: Callable[[np.ndarray], np.ndarray]
) -> Callable[[float], Any]:
    def trail(t: float) -> np.ndarray:
        done = int(np.searchsorted(path.times * step_time, t * (1 + 1e-12), side="right"))
        return place(path.points[: max(done, 1)])

    return trail


def _write_gif(file: Path, last: np.ndarray, pictures: Iterator[np.ndarray], rate: float) -> None:
    """All frames in the palette of the last one, which has every colour."""
    from PIL import Image

    # the method that keeps white white
    palette = Image.fromarray(last).quantize(
        255, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    colors, corner = palette.getpalette(), palette.getpixel((0, 0))
    assert colors is not None
    assert isinstance(corner, int)
    colors[3 * corner : 3 * corner + 3] = [255, 255, 255]  # what it makes of white is 254
    palette.putpalette(colors)
    frames = [
        Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE)
        for picture in pictures
    ]
    durations = [round(1000 / rate)] * (len(frames) - 1) + [round(1000 * HOLD)]
    frames[0].save(
        file, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False
    )


def _write_mp4(file: Path, pictures: Iterator[np.ndarray], rate: float) -> None:
    first = next(pictures)
    height, width = (size - size % 2 for size in first.shape[:2])  # what the encoder can take
    command = [
        "ffmpeg", "-hide_banner", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{rate:.6g}", "-i", "-",
        "-an", "-pix_fmt", "yuv420p", "-movflags", "+faststart",
        "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact",  # the same file every time
        str(file),
    ]  # fmt: skip
    with tempfile.TemporaryFile() as errors:
        with (
            subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors) as process,
            suppress(BrokenPipeError),  # ffmpeg gave up; it says why
        ):
            assert process.stdin is not None
            picture = first
            for picture in chain([first], pictures):
                process.stdin.write(picture[:height, :width].tobytes())
            for _ in range(round(HOLD * rate)):
                process.stdin.write(picture[:height, :width].tobytes())
        code = process.returncode
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip().splitlines()
    if code:
        raise InputError(
            f"ffmpeg could not write {file}: {said[-1] if said else f'exit code {code}'}"
        )
