// The phase portrait that can be played with. `system(x, p)` is the field or the map, `data` says the rest.

const data = JSON.parse(document.getElementById("portrait-data").textContent);
const isMap = data.kind === "map";
const names = data.variables;

const initial = () => ({
  start: [...data.start],
  parameters: data.parameters.map((own) => own.value),
  rule: data.rule,
  lr: [...data.lr],
  beta: data.beta,
  count: data.count,
  axes: [0, 1],
  arrows: true,
  flow: !isMap,
  steps: data.steps,
});
let state = initial();
let found = {}; // what was last computed: steps, flow, equilibria
let playing = null; // how many steps are shown while playing

// ---- what is computed --------------------------------------------------------------------------

const field = (x) => system(x, state.parameters);

function settings() {
  const h = [];
  data.players.forEach(({ rows }, i) => rows.forEach((row) => (h[row] = state.lr[i])));
  return { h, beta: state.beta, turns: data.turns };
}

const atReport = () => data.parameters.every((own, i) => own.value === state.parameters[i]);

/** The report's equilibria; at other parameters, those that Newton's method finds from them. */
function equilibria() {
  if (atReport()) return data.equilibria;
  const moves = (x) => field(x).map((value, i) => (isMap ? value - x[i] : value));
  const places = [];
  for (const { point } of data.equilibria) {
    const near = zero(moves, point);
    const again = (own) => own.point.every((c, i) => Math.abs(c - near[i]) < 1e-6 * (1 + Math.abs(c)));
    if (near !== null && !places.some(again)) places.push({ point: near, kind: "moved" });
  }
  return places;
}

function compute() {
  found.equilibria = equilibria();
  if (isMap) {
    found.steps = iterates(field, state.start, state.count);
    found.flow = { times: [0], points: [state.start] };
  } else {
    found.steps = steps(state.rule, field, state.start, state.count, settings());
    const time = Math.max(...state.lr) * state.count;
    found.flow = state.flow ? flowPath(field, state.start, time) : { times: [0], points: [state.start] };
  }
}

// ---- what is shown -----------------------------------------------------------------------------

const canvas = element("canvas", { role: "img" });
const handle = element("div", {
  class: "handle", role: "slider", tabindex: 0, "aria-label": "Start point",
  "aria-describedby": "portrait-help",
});
const readout = element("div", { class: "readout", "aria-live": "polite" });
const marks = element("ul", { class: "legend", "aria-label": "Legend" });
let picture = null;

const projected = (point) => state.axes.map((axis) => point[axis]);
const box = () => state.axes.map((axis) => data.box[axis]);

function draw() {
  picture = view(canvas, box());
  if (picture.inner.width <= 0 || picture.inner.height <= 0) return;
  drawAxes(picture, state.axes.map((axis) => names[axis]));
  const count = playing ?? found.steps.length - 1;
  const until = playing === null ? Infinity : playing * Math.max(...state.lr);
  inFrame(picture, () => {
    if (state.arrows) {
      drawArrows(picture, (place) => {
        const x = [...state.start];
        state.axes.forEach((axis, k) => (x[axis] = place[k]));
        return projected(field(x).map((value, i) => (isMap ? value - x[i] : value)));
      });
    }
    if (state.flow) {
      drawFlow(picture, found.flow.points.filter((_, i) => found.flow.times[i] <= until).map(projected));
    }
    if (state.steps) drawSteps(picture, found.steps.slice(0, count + 1).map(projected), !isMap, stepColour());
  });
  for (const { point, kind } of found.equilibria) {
    const [px, py] = picture.pixel(projected(point));
    const inside = px >= MARGIN.left && py >= MARGIN.top &&
      px <= MARGIN.left + picture.inner.width && py <= MARGIN.top + picture.inner.height;
    if (inside) drawMark(picture.context, [px, py], kind);
  }
  const [px, py] = picture.pixel(projected(state.start));
  inFrame(picture, (context) => drawStart(context, [px, py]));
  handle.style.left = `${Math.max(0, Math.min(picture.width, px))}px`;
  handle.style.top = `${Math.max(0, Math.min(picture.height, py))}px`;
}

/** The rule's, as in the other pictures. */
function stepColour() {
  return isMap ? COLOURS.steps : data.colours[state.rule];
}

// short points are not broken at the end of a line
const coordinates = (point) => `(${point.map(shown).join(point.length > 3 ? ", " : ",\u00a0")})`;

function distance(point) {
  let nearest = null, least = Infinity;
  for (const own of found.equilibria) {
    const size = Math.hypot(...own.point.map((value, i) => value - point[i]));
    if (size < least) [nearest, least] = [own.point, size];
  }
  if (nearest === null) return "";
  return `, at distance ${shown(least)} from the ${isMap ? "fixed point" : "equilibrium"} ${coordinates(nearest)}`;
}

function sentences() {
  const { steps: path, flow } = found;
  const end = path[path.length - 1], taken = path.length - 1;
  const what = isMap ? "iterates" : `${state.rule} steps`;
  const said = [];
  const place = `(${names.join(", ")}) = `;
  if (state.steps) {
    if (taken < state.count) said.push(`The ${what} leave all bounds after ${taken + 1}.`);
    else said.push(`After ${taken} ${what}: ${place}${coordinates(end)}${distance(end)}.`);
  }
  if (state.flow) {
    const last = flow.points[flow.points.length - 1], time = flow.times[flow.times.length - 1];
    const asked = Math.max(...state.lr) * state.count;
    if (time < asked) said.push(`The flow could be followed to t = ${shown(time)} only.`);
    else said.push(`The flow at time ${shown(time)}: ${place}${coordinates(last)}${distance(last)}.`);
  }
  if (!atReport()) {
    said.push(
      "The parameters are no longer those of the report: its verdicts do not hold here, and the crosses " +
        "are equilibria that Newton's method found from the report's.",
    );
  }
  return said;
}

let announcing = 0;

function tell() {
  const said = sentences();
  canvas.setAttribute(
    "aria-label",
    `Phase portrait of ${data.name}: ${names[state.axes[0]]} across, ${names[state.axes[1]]} up, ` +
      `start ${coordinates(state.start)}. ${said.join(" ")}`,
  );
  handle.setAttribute("aria-valuetext", names.map((name, i) => `${name} = ${shown(state.start[i])}`).join(", "));
  const [low, high] = data.box[state.axes[0]];
  handle.setAttribute("aria-valuemin", low);
  handle.setAttribute("aria-valuemax", high);
  handle.setAttribute("aria-valuenow", state.start[state.axes[0]]);
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    readout.replaceChildren(...said.map((text) => element("p", {}, text)));
  }, 120);
}

const MARKS = [
  ["stable", "stable"], ["unstable", "unstable"], ["neutral", "neutral"], ["undecided", "undecided"],
  ["moved", "equilibrium at these parameters"],
];

function showLegend() {
  const item = (paint, text) => {
    const icon = element("canvas", { width: 40, height: 36, "aria-hidden": "true" });
    const context = icon.getContext("2d");
    context.setTransform(2, 0, 0, 2, 0, 0);
    paint(context);
    return element("li", {}, icon, text);
  };
  const plain = (context) => ({ context, pixel: (point) => point });
  const items = [item((c) => drawStart(c, [10, 9]), "start")];
  if (state.flow) items.push(item((c) => drawFlow(plain(c), [[1, 9], [19, 9]]), "flow"));
  if (state.steps) {
    items.push(item((c) => drawSteps(plain(c), [[2, 9], [7, 9], [12, 9]], !isMap, stepColour()),
      `${isMap ? "iterates" : `${state.rule} steps`}, the last one square`));
  }
  for (const [kind, text] of MARKS) {
    if (found.equilibria.some((own) => own.kind === kind)) {
      items.push(item((c) => drawMark(c, [10, 9], kind), kind === "moved" ? text : `${text} for the ${data.kind}`));
    }
  }
  marks.replaceChildren(...items);
}

// ---- controls ----------------------------------------------------------------------------------

function update(change = {}) {
  stop();
  Object.assign(state, change);
  compute();
  shows.forEach((show) => show());
  draw();
  showLegend();
  tell();
}

const shows = []; // what brings the controls up to date with the state

function bound({ row, show }, value) {
  shows.push(() => show(value()));
  return row;
}

const replaced = (list, i, value) => list.map((own, k) => (k === i ? value : own));

function axesControls() {
  const pick = (text, k) => {
    const options = names.map((name, i) => [String(i), name]);
    return bound(choice(text, options, (value) => {
      const axes = replaced(state.axes, k, Number(value));
      if (axes[0] === axes[1]) axes[1 - k] = state.axes[k];
      update({ axes });
    }), () => String(state.axes[k]));
  };
  const note = element("p", { class: "note" },
    "The arrows are those of the plane through the start point; paths are projected onto it.");
  return group("Plane", pick("Across", 0), pick("Up", 1), note);
}

function stepControls() {
  const count = bound(
    slider(isMap ? "Number of iterates" : "Number of steps", { low: 1, high: 3000, logarithmic: true, whole: true, least: 1, most: 20000 },
      (value) => update({ count: value })),
    () => state.count,
  );
  if (isMap) return group("Map", count);
  const rule = bound(choice("Rule", data.rules, (value) => update({ rule: value })), () => state.rule);
  const together = data.lr.every((own) => own === data.lr[0]);
  const scale = { low: 1e-3, high: 4, logarithmic: true, least: 1e-12 };
  const rates = together
    ? [bound(slider("Step size lr", scale, (value) => update({ lr: state.lr.map(() => value) })), () => state.lr[0])]
    : data.players.map(({ name }, i) =>
        bound(slider(`Step size lr of ${name}`, scale, (value) => update({ lr: replaced(state.lr, i, value) })),
          () => state.lr[i]));
  const beta = bound(slider("Momentum beta", { low: -1, high: 1 }, (value) => update({ beta: value })), () => state.beta);
  shows.push(() => (beta.hidden = !["heavy-ball", "nesterov"].includes(state.rule)));
  return group("Steps", rule, ...rates, beta, count);
}

function parameterControls() {
  const sliders = data.parameters.map(({ name, low, high }, i) =>
    bound(slider(name, { low, high }, (value) => update({ parameters: replaced(state.parameters, i, value) })),
      () => state.parameters[i]));
  return group("Parameters", ...sliders);
}

const playButton = element("button", { type: "button", onclick: () => (playing === null ? play() : update()) }, "Play");
const resetButton = element("button", { type: "button", onclick: () => update(initial()) }, "Reset");

function play() {
  const last = found.steps.length - 1, begin = performance.now();
  const seconds = Math.min(8, Math.max(1.5, last / 25));
  playButton.textContent = "Stop";
  const frame = (now) => {
    if (playing === null) return;
    const share = Math.max(0, now - begin) / 1000 / seconds; // a frame may have begun before the click
    playing = Math.min(last, Math.floor(share * last));
    draw();
    if (playing === last) stop();
    else requestAnimationFrame(frame);
  };
  playing = 0;
  requestAnimationFrame(frame);
}

function stop() {
  if (playing === null) return;
  playing = null;
  playButton.textContent = "Play";
  draw();
}

// ---- the start point by mouse, touch and keyboard ------------------------------------------------

function startAt(event) {
  const frame = canvas.getBoundingClientRect();
  const place = picture.plane([event.clientX - frame.left, event.clientY - frame.top]);
  moveStart(place);
}

function moveStart(place) {
  const start = [...state.start];
  state.axes.forEach((axis, k) => {
    const [low, high] = data.box[axis];
    const value = Math.max(low, Math.min(high, place[k]));
    start[axis] = Number(value.toPrecision(6));
  });
  update({ start });
}

let dragging = false;

function follow(target) {
  target.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    dragging = true;
    target.setPointerCapture(event.pointerId);
    if (target === handle) handle.focus();
    event.preventDefault();
  });
  target.addEventListener("pointermove", (event) => dragging && startAt(event));
  for (const end of ["pointerup", "pointercancel"]) target.addEventListener(end, () => (dragging = false));
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

handle.addEventListener("keydown", (event) => {
  const direction = ARROWS[event.key];
  if (!direction) return;
  event.preventDefault();
  const share = event.shiftKey ? 0.1 : 0.01;
  moveStart(state.axes.map((axis, k) => {
    const [low, high] = data.box[axis];
    return state.start[axis] + direction[k] * share * (high - low);
  }));
});

// ---- the page ----------------------------------------------------------------------------------

function build() {
  const startFields = names.map((name, i) =>
    bound(numberField(name, (value) => update({ start: replaced(state.start, i, value) })), () => state.start[i]));
  const toggle = (text, what) => bound(checkbox(text, (value) => update({ [what]: value })), () => state[what]);
  const toggles = [toggle("Arrows", "arrows")];
  if (!isMap) toggles.push(toggle("Path of the flow", "flow"), toggle("Steps of the rule", "steps"));
  const panel = [stepControls(), group("Start", ...startFields)];
  if (data.parameters.length) panel.splice(1, 0, parameterControls());
  if (names.length > 2) panel.push(axesControls());
  panel.push(group("Show", ...toggles));
  const help = element("p", { id: "portrait-help", class: "note" },
    "Drag the start point, or move it with the arrow keys (with Shift: farther); " +
      "a click in the picture brings it there.");
  const stage = element("div", { class: "stage" }, canvas, handle);
  const buttons = element("div", { class: "buttons" }, playButton, resetButton);
  const side = element("div", { class: "panel" }, buttons, ...panel);
  document.getElementById("portrait").replaceChildren(
    element("div", { class: "explorer" }, element("div", {}, stage, marks, help, readout), side));
  canvas.addEventListener("click", startAt);
  follow(handle);
  update();
  new ResizeObserver(draw).observe(stage);
}

build();

window.stabilityPortrait = {
  data,
  system,
  update,
  get state() { return state; },
  get found() { return found; },
  get playing() { return playing !== null; },
};
