"""`stability portrait`, `stability trajectory` and `stability report -o report.html`."""

import csv
import json
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import stability as st
from tests.cli.commands import in_process, process

GAME = """
name = "xy with a penalty"
[players.x]
strategy = ["x"]
loss = "x*y + gamma/2*x**2"
[players.y]
strategy = ["y"]
payoff = "x*y"
[parameters]
gamma = 0.5
[start]
x = 1.0
y = 0.5
"""


@pytest.fixture
def game_file(tmp_path):
    path = tmp_path / "my_game.toml"
    path.write_text(GAME)
    return path


def done(result):
    assert result.returncode == 0, result.stderr
    return result


def test_a_portrait_end_to_end(game_file, tmp_path, monkeypatch):
    done(process("portrait", str(game_file), cwd=tmp_path))
    root = ElementTree.parse(tmp_path / "my_game-portrait.svg").getroot()
    assert root.tag.endswith("svg")
    monkeypatch.chdir(tmp_path)
    again = in_process("portrait", str(game_file))
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert "Traceback" not in again.stderr


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_portraits_of_maps_in_other_formats(tmp_path, suffix):
    target = tmp_path / f"henon{suffix}"
    done(in_process("portrait", "henon", "-o", str(target)))
    assert target.read_bytes()[:4] == {".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix]


def test_a_portrait_as_data():
    result = done(
        in_process(
            "portrait", "dirac-gan-r1", "--json", "--set", "gamma=1", "--rule", "alternating:lr=0.2",
            "--start", "theta=1,psi=0", "--start", "theta=0,psi=1", "--steps", "20",
        )
    )  # fmt: skip
    content = json.loads(result.stdout)
    assert content["schema"] == "stability-portrait/1"
    assert content["parameters"] == {"gamma": 1.0}
    assert [len(own["points"]) for own in content["steps"]] == [21, 21]
    assert content["equilibria"][0]["type"] == "stable degenerate node"  # critical damping


@pytest.mark.slow
def test_planes_of_larger_games(tmp_path):
    target = tmp_path / "plane.svg"
    result = done(
        in_process("portrait", "balduzzi-four", "--plane", "x1,x3", "--rule", "alternating",
                   "-o", str(target))
    )  # fmt: skip
    assert "projected" in result.stderr
    assert target.exists()


def test_a_plane_that_hides_equilibria_says_so():
    call = ("lorenz", "--plane", "x,z", "--time", "1")
    result = done(in_process("portrait", *call, "--json"))
    content = json.loads(result.stdout)
    assert [len(content[key]) for key in ("equilibria", "outside_plane")] == [1, 2]
    assert "the plane of x and z at y = −8.485" in result.stderr
    assert "outside it: 2 of the 3" in result.stderr
    ax = st.plots.portrait(st.phase_portrait(st.load("lorenz"), span=["x", "z"], curves=False))
    legend = [text.get_text().replace("\n", " ") for text in ax.get_legend().get_texts()]
    assert "2 of 3 equilibria: outside this plane, projected" in legend


def test_a_trajectory_is_drawn_in_the_plane_that_is_asked_for(tmp_path):
    call = ("trajectory", "lorenz", "--plane", "x,z", "--time", "1", "-o")
    done(in_process(*call, str(tmp_path / "plane.svg")))
    paths = st.follow(st.load("lorenz"), span=["x", "z"], at={"x": 0, "y": 0, "z": 0}, time=1.0)
    assert paths.portrait.plane.labels == ("x", "z")
    np.testing.assert_array_equal(paths.portrait.plane.origin, [0, 0, 0])


@pytest.mark.parametrize("run", [in_process, pytest.param(process, marks=pytest.mark.slow)])
def test_a_trajectory_in_words(game_file, run):
    result = done(run("trajectory", str(game_file), "--rule", "simultaneous:lr=0.2"))
    assert "The flow is at" in result.stdout
    assert "From modified" in result.stdout


def test_a_trajectory_as_csv_json_and_picture(game_file, tmp_path):
    for suffix in (".csv", ".json", ".svg"):
        done(in_process("trajectory", str(game_file), "-o", str(tmp_path / f"run{suffix}")))
    with (tmp_path / "run.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["path"] for row in rows} == {
        "flow",
        "simultaneous",
        "modified flow of simultaneous",
    }
    content = json.loads((tmp_path / "run.json").read_text())
    assert content["comparisons"][0]["rule"] == "simultaneous"
    assert ElementTree.parse(tmp_path / "run.svg").getroot().tag.endswith("svg")


def test_an_animated_gif(game_file, tmp_path):
    target = tmp_path / "run.gif"
    done(in_process("trajectory", str(game_file), "-o", str(target), "--seconds", "0.5"))
    with Image.open(target) as picture:
        assert picture.n_frames == 10
        first = np.asarray(picture.convert("RGB"))
        picture.seek(9)
        assert (first != np.asarray(picture.convert("RGB"))).any()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_an_mp4(tmp_path):
    target = tmp_path / "run.mp4"
    done(in_process("trajectory", "henon", "--steps", "9", "-o", str(target), "--seconds", "0.5"))
    assert target.read_bytes()[4:8] == b"ftyp"


def test_an_mp4_without_ffmpeg_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    target = tmp_path / "run.mp4"
    result = in_process("trajectory", "henon", "--steps", "9", "-o", str(target))
    assert result.returncode == 2
    assert "ffmpeg" in result.stderr
    assert ".gif" in result.stderr
    assert not target.exists()


def test_a_report_as_a_page(game_file, tmp_path):
    target = tmp_path / "report.html"
    done(in_process("report", str(game_file), "-o", str(target)))
    text = target.read_text(encoding="utf-8")
    assert text.count("<figure") >= 4
    assert "Phase portrait to play with" in text
    assert "Spectral radius against the step size" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", st.games.catalogue.names())
def test_every_game_of_the_catalogue_has_its_pictures(name, tmp_path):
    portrait, paths, page = (tmp_path / f"it{suffix}" for suffix in (".svg", ".png", ".html"))
    done(in_process("portrait", name, "-o", str(portrait)))
    assert ElementTree.parse(portrait).getroot().tag.endswith("svg")
    done(in_process("trajectory", name, "--steps", "50", "-o", str(paths)))
    with Image.open(paths) as picture:
        assert min(picture.size) > 500
    done(in_process("report", name, "-o", str(page)))
    # where nothing can be linearised there is a portrait, and no spectrum
    least = 1 if name == "dirac-gan-wgan-gp" else 2
    assert page.read_text(encoding="utf-8").count("<figure") >= least


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["portrait", "xy", "-o", "x.gif"], ".svg"),
        (["portrait", "xy", "--basins", "rule"], "flow"),
        (["portrait", "xy", "--json", "--start", "x=1"], "says nothing of y"),
        (["portrait", "lorenz", "--json", "--plane", "x,q"], "q"),
        (["portrait", "lorenz", "--json", "--plane", "x"], "two"),
        (["portrait", "logistic", "--json", "--basins", "flow"], "one variable"),
        (["trajectory", "xy", "--rule", "nonsense"], "nonsense"),
        (["trajectory", "xy", "--time", "0"], "time"),
        (["trajectory", "xy", "--seconds", "0"], "seconds"),
        (["trajectory", "henon", "--time", "1"], "steps"),
        (["trajectory", "xy", "-o", "no/folder/x.png"], "folder"),
    ],
)
def test_bad_calls_get_one_sentence(arguments, fragment):
    result = in_process(*arguments)
    assert result.returncode == 2
    assert fragment in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
