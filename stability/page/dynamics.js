// Rules, flows and zeros of a field v, a function from arrays to arrays.

/** x + h v, with a step size for each coordinate. */
function moved(x, h, v) {
  return x.map((value, i) => value + h[i] * v[i]);
}

// A rule: init(v, x) is the memory it starts with, step(v, x, memory, settings) the next [x, memory].
// settings: h by coordinate, beta, and turns: whose coordinates move, in order, and how often.
const RULES = {
  simultaneous: {
    init: () => null,
    step: (v, x, _, { h }) => [moved(x, h, v(x)), null],
  },
  alternating: {
    init: () => null,
    step: (v, x, _, { h, turns }) => {
      for (const { rows, steps } of turns) {
        for (let k = 0; k < steps; k++) {
          const slope = v(x);
          x = x.map((value, i) => (rows.includes(i) ? value + h[i] * slope[i] : value));
        }
      }
      return [x, null];
    },
  },
  extragradient: {
    init: () => null,
    step: (v, x, _, { h }) => [moved(x, h, v(moved(x, h, v(x)))), null],
  },
  optimistic: {
    init: (v, x) => v(x),
    step: (v, x, last, { h }) => {
      const slope = v(x);
      return [moved(x, h, slope.map((value, i) => 2 * value - last[i])), slope];
    },
  },
  "heavy-ball": {
    init: (_, x) => x.map(() => 0),
    step: (v, x, momentum, { h, beta }) => {
      const slope = v(x);
      momentum = momentum.map((value, i) => beta * value + h[i] * slope[i]);
      return [x.map((value, i) => value + momentum[i]), momentum];
    },
  },
  nesterov: {
    init: (_, x) => x.map(() => 0),
    step: (v, x, momentum, { h, beta }) => {
      const ahead = x.map((value, i) => value + beta * momentum[i]);
      const next = moved(ahead, h, v(ahead));
      return [next, next.map((value, i) => value - x[i])];
    },
  },
  heun: {
    init: () => null,
    step: (v, x, _, { h }) => {
      const first = v(x);
      const second = v(moved(x, h, first));
      return [moved(x, h, first.map((value, i) => (value + second[i]) / 2)), null];
    },
  },
  rk4: {
    init: () => null,
    step: (v, x, _, { h }) => {
      const half = h.map((value) => value / 2);
      const a = v(x), b = v(moved(x, half, a)), c = v(moved(x, half, b)), e = v(moved(x, h, c));
      return [moved(x, h, a.map((value, i) => (value + 2 * b[i] + 2 * c[i] + e[i]) / 6)), null];
    },
  },
};

const TOO_LARGE = 1e9;

function within(x) {
  return x.every((value) => Math.abs(value) < TOO_LARGE); // false for NaN
}

/** The profiles of `count` steps of a rule, fewer if they leave all bounds. */
function steps(rule, v, start, count, settings) {
  const points = [start];
  let x = start, memory = RULES[rule].init(v, x);
  for (let k = 0; k < count; k++) {
    [x, memory] = RULES[rule].step(v, x, memory, settings);
    if (!within(x)) break;
    points.push(x);
  }
  return points;
}

/** The iterates of a map, fewer if they leave all bounds. */
function iterates(map, start, count) {
  const points = [start];
  for (let k = 0; k < count; k++) {
    const x = map(points[k]);
    if (!within(x)) break;
    points.push(x);
  }
  return points;
}

// Dormand, Prince 1980: order five, with an error estimate of order four
const STAGES = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const ERROR = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];
const MOST_STEPS = 20000;

/** The flow's path for a time, {times, points}; it ends early where it leaves all bounds or gets too stiff. */
function flowPath(v, start, time, tolerance = 1e-9) {
  const times = [0], points = [start];
  const longest = time / 400; // so that the path looks smooth
  let t = 0, x = start, h = longest / 8;
  for (let n = 0; n < MOST_STEPS && t < time; n++) {
    h = Math.min(h, longest, time - t);
    const slopes = [];
    let next = x;
    for (const weights of STAGES) {
      next = x.map((value, i) => value + h * weights.reduce((sum, w, s) => sum + w * slopes[s][i], 0));
      slopes.push(v(next));
    }
    const error = Math.max(
      ...x.map((value, i) => {
        const own = h * ERROR.reduce((sum, w, s) => sum + w * slopes[s][i], 0);
        return Math.abs(own) / (tolerance * (1 + Math.abs(value)));
      }),
    );
    if (error <= 1 && within(next)) {
      t = time - t - h < 1e-12 * time ? time : t + h;
      x = next;
      times.push(t);
      points.push(x);
    } else if (h < 1e-12 * time) {
      break;
    }
    h *= error > 0 ? Math.min(4, Math.max(0.2, 0.9 * error ** -0.2)) : Number.isNaN(error) ? 0.2 : 4;
  }
  return { times, points };
}

/** The zero of f that Newton's method finds from x, or null. */
function zero(f, x) {
  for (let n = 0; n < 50; n++) {
    const value = f(x);
    const columns = x.map((center, j) => {
      const h = 1e-6 * (1 + Math.abs(center));
      const at = (shift) => f(x.map((c, i) => (i === j ? c + shift : c)));
      const ahead = at(h), behind = at(-h);
      return ahead.map((own, i) => (own - behind[i]) / (2 * h));
    });
    const step = solve(x.map((_, i) => columns.map((column) => column[i])), value);
    if (step === null) return null;
    x = x.map((own, i) => own - step[i]);
    if (!within(x)) return null;
    if (step.every((own, i) => Math.abs(own) < 1e-10 * (1 + Math.abs(x[i])))) return x;
  }
  return null;
}

/** The solution of a linear system by Gaussian elimination with row exchanges, or null if it is singular. */
function solve(matrix, right) {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  const n = rows.length;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    }
    if (!(Math.abs(rows[pivot][k]) > 1e-12)) return null;
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= n; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  return rows.map((row, i) => row[n] / row[i]);
}
