// Elements and labelled controls, built without any HTML from text.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

let made = 0;
const newId = () => `control-${++made}`;

function checkbox(text, change) {
  const id = newId();
  const box = element("input", { type: "checkbox", id, onchange: () => change(box.checked) });
  const row = element("div", { class: "check" }, box, element("label", { for: id }, text));
  return { row, show: (value) => (box.checked = value) };
}

function choice(text, options, change) {
  const id = newId();
  const list = element(
    "select",
    { id, onchange: () => change(list.value) },
    ...options.map(([value, label]) => element("option", { value }, label)),
  );
  const row = element("div", { class: "choice" }, element("label", { for: id }, text), list);
  return { row, show: (value) => (list.value = value) };
}

function numberField(text, change) {
  const id = newId();
  const field = element("input", { type: "number", step: "any", id });
  field.addEventListener("change", () => {
    if (Number.isFinite(field.valueAsNumber)) change(field.valueAsNumber);
  });
  const row = element("div", { class: "coordinate" }, element("label", { for: id }, text), field);
  return { row, show: (value) => (field.value = rounded(value)) };
}

const TICKS = 200;

/** A slider with a field for exact values beside it; `scale` is {low, high, logarithmic, whole}. */
function slider(text, scale, change) {
  const { low, high, logarithmic = false, whole = false, least = -Infinity } = scale;
  const value = (tick) => {
    const share = tick / TICKS;
    const exact = logarithmic ? low * (high / low) ** share : low + (high - low) * share;
    return whole ? Math.round(exact) : Number(exact.toPrecision(3));
  };
  const tick = (own) => {
    const share = logarithmic
      ? Math.log(Math.max(own, low) / low) / Math.log(high / low)
      : (own - low) / (high - low);
    return Math.round(TICKS * share);
  };
  const id = newId();
  const range = element("input", { type: "range", min: 0, max: TICKS, step: 1, id });
  range.addEventListener("input", () => change(value(range.valueAsNumber)));
  const field = element("input", {
    type: "number", step: whole ? 1 : "any", "aria-label": `${text}, exact value`,
  });
  field.addEventListener("change", () => {
    const given = field.valueAsNumber;
    if (Number.isFinite(given) && given >= least) change(whole ? Math.round(given) : given);
  });
  const row = element("div", { class: "slider" }, element("label", { for: id }, text), range, field);
  const show = (own) => {
    if (value(range.valueAsNumber) !== own) range.value = tick(own);
    range.setAttribute("aria-valuetext", shown(own));
    field.value = rounded(own);
  };
  return { row, show };
}

const rounded = (value) => Number(value.toPrecision(6));

function group(legend, ...children) {
  return element("fieldset", {}, element("legend", {}, legend), ...children);
}
