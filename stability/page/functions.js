// The functions of game files that JavaScript lacks. None of them overflows or loses digits.

function sigmoid(z) {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

function softplus(z) {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

function heaviside(z, middle) {
  return z === 0 ? middle : (1 + Math.sign(z)) / 2;
}

function diracDelta(z) {
  return z === 0 ? NaN : 0 * z;
}

// Near 0 the series z e^(−z²) Σ (2z²)ⁿ/(1·3·5⋯(2n+1)), whose terms are all positive; farther out
// 1 − erfc by its continued fraction, from the back (Abramowitz, Stegun 1964, 7.1.6 and 7.1.14).
function erf(z) {
  const size = Math.abs(z);
  if (size < 3) {
    let term = z, sum = z;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  }
  let fraction = size;
  for (let n = 60; n > 0; n--) fraction = size + n / 2 / fraction;
  return Math.sign(z) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * fraction));
}
