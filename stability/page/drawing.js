// A phase portrait on a canvas. Its colours are those of the report's other pictures.

const COLOURS = {
  paper: "#ffffff", ink: "#1b1f24", axis: "#5f6771", arrows: "#878e98",
  flow: "#0072b2", steps: "#d55e00", stable: "#009e73", unstable: "#d55e00", neutral: "#5f6771",
};
const MARGIN = { left: 52, right: 12, top: 12, bottom: 44 };
const FAR = 1e5; // pixels; a canvas draws nothing sensible farther out

/** The canvas made ready for its size on the screen, with the maps between the plane and its pixels. */
function view(canvas, [[left, right], [low, high]]) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const inner = {
    width: width - MARGIN.left - MARGIN.right,
    height: height - MARGIN.top - MARGIN.bottom,
  };
  const clipped = (value) => Math.max(-FAR, Math.min(FAR, value));
  const pixel = ([u, w]) => [
    clipped(MARGIN.left + ((u - left) / (right - left)) * inner.width),
    clipped(MARGIN.top + ((high - w) / (high - low)) * inner.height),
  ];
  const plane = ([px, py]) => [
    left + ((px - MARGIN.left) / inner.width) * (right - left),
    high - ((py - MARGIN.top) / inner.height) * (high - low),
  ];
  return { context, width, height, inner, box: [[left, right], [low, high]], pixel, plane };
}

/** Round numbers in an interval, about `count` of them. */
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((own) => own >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high * (1 + 1e-12) + 1e-12 * step; k++) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

function drawAxes({ context, width, height, inner, box, pixel }, labels) {
  context.fillStyle = COLOURS.paper;
  context.fillRect(0, 0, width, height);
  context.strokeStyle = COLOURS.axis;
  context.fillStyle = COLOURS.ink;
  context.lineWidth = 1;
  context.strokeRect(MARGIN.left + 0.5, MARGIN.top + 0.5, inner.width - 1, inner.height - 1);
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "top";
  const bottom = MARGIN.top + inner.height;
  for (const u of ticks(...box[0], Math.max(2, inner.width / 90))) {
    const [px] = pixel([u, box[1][0]]);
    line(context, [[px, bottom], [px, bottom + 4]]);
    context.fillText(shown(u), px, bottom + 7);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const w of ticks(...box[1], Math.max(2, inner.height / 70))) {
    const [, py] = pixel([box[0][0], w]);
    line(context, [[MARGIN.left - 4, py], [MARGIN.left, py]]);
    context.fillText(shown(w), MARGIN.left - 7, py);
  }
  context.font = "italic 14px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillText(labels[0], MARGIN.left + inner.width / 2, height - 2, inner.width);
  context.save();
  context.translate(2, MARGIN.top + inner.height / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "top";
  context.fillText(labels[1], 0, 0, inner.height);
  context.restore();
}

/** Everything drawn by `draw` is cut off at the frame. */
function inFrame({ context, inner }, draw) {
  context.save();
  context.beginPath();
  context.rect(MARGIN.left, MARGIN.top, inner.width, inner.height);
  context.clip();
  draw(context);
  context.restore();
}

/** Arrows along a field of the plane; slow ones are shorter. */
function drawArrows({ context, inner, pixel, plane }, field) {
  const columns = Math.max(6, Math.round(inner.width / 34));
  const rows = Math.max(6, Math.round(inner.height / 34));
  const spacing = Math.min(inner.width / columns, inner.height / rows);
  const arrows = [];
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < rows; j++) {
      const center = [
        MARGIN.left + ((i + 0.5) / columns) * inner.width,
        MARGIN.top + ((j + 0.5) / rows) * inner.height,
      ];
      const at = plane(center);
      const [du, dw] = field(at);
      const ahead = plane([center[0] + 1, center[1] - 1]);
      const px = du / (ahead[0] - at[0]), py = -dw / (ahead[1] - at[1]);
      const speed = Math.hypot(px, py);
      if (speed > 0 && Number.isFinite(speed)) arrows.push({ center, px, py, speed });
    }
  }
  const speeds = arrows.map((arrow) => arrow.speed).sort((a, b) => a - b);
  const median = speeds[Math.floor(speeds.length / 2)];
  context.strokeStyle = COLOURS.arrows;
  context.lineWidth = 1.1;
  for (const { center: [x, y], px, py, speed } of arrows) {
    const length = spacing * (0.28 + (0.56 * speed) / (speed + median));
    const a = px / speed, b = py / speed, head = 0.34 * length;
    const tip = [x + (a * length) / 2, y + (b * length) / 2];
    line(context, [[x - (a * length) / 2, y - (b * length) / 2], tip]);
    line(context, [
      [tip[0] - head * (a + 0.55 * b), tip[1] - head * (b - 0.55 * a)],
      tip,
      [tip[0] - head * (a - 0.55 * b), tip[1] - head * (b + 0.55 * a)],
    ]);
  }
}

function line(context, points) {
  context.beginPath();
  for (const point of points) context.lineTo(...point);
  context.stroke();
}

function drawFlow({ context, pixel }, points) {
  context.strokeStyle = COLOURS.flow;
  context.lineWidth = 2.2;
  context.lineJoin = "round";
  line(context, points.map(pixel));
}

/** The points of an algorithm's path, joined unless they are a map's. */
function drawSteps({ context, pixel }, points, joined, colour) {
  const places = points.map(pixel);
  context.strokeStyle = context.fillStyle = colour;
  if (joined) {
    context.lineWidth = 1.2;
    line(context, places);
  }
  for (const [px, py] of places) {
    context.beginPath();
    context.arc(px, py, points.length > 1500 ? 1.2 : 2.2, 0, 2 * Math.PI);
    context.fill();
  }
  const [px, py] = places[places.length - 1];
  context.fillStyle = COLOURS.paper;
  context.lineWidth = 2;
  context.beginPath();
  context.rect(px - 4.5, py - 4.5, 9, 9);
  context.fill();
  context.stroke();
}

function drawStart(context, [px, py]) {
  for (const [colour, radius] of [[COLOURS.ink, 10], [COLOURS.paper, 8], [COLOURS.ink, 5.5]]) {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(px, py, 0.85 * radius, 0, 2 * Math.PI);
    context.fill();
  }
}

/** An equilibrium: full circle stable, open unstable, square neutral, "?" undecided, cross not judged. */
function drawMark(context, [px, py], kind) {
  const colour = COLOURS[kind] ?? COLOURS.ink;
  context.strokeStyle = colour;
  context.fillStyle = kind === "stable" || kind === "neutral" ? colour : COLOURS.paper;
  context.lineWidth = 2.2;
  context.beginPath();
  if (kind === "moved") {
    line(context, [[px - 5, py - 5], [px + 5, py + 5]]);
    line(context, [[px - 5, py + 5], [px + 5, py - 5]]);
    return;
  }
  if (kind === "neutral") context.rect(px - 5, py - 5, 10, 10);
  else context.arc(px, py, kind === "undecided" ? 8 : 6, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  if (kind === "undecided") {
    context.fillStyle = colour;
    context.font = "bold 12px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText("?", px, py + 0.5);
  }
}

/** A number for people: four significant digits and a true minus sign. */
function shown(value) {
  if (!Number.isFinite(value)) return "—";
  return String(Number(value.toPrecision(4))).replaceAll("-", "−");
}
