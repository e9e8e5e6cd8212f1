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

/** Why a field's number cannot be used, in words, or nothing; of `limits`, {least, most, whole}, a `least` is positive. */
function complaint(field, { least = -Infinity, most = Infinity, whole = false }) {
  const given = field.valueAsNumber;
  const what = whole ? "a whole number" : "a number";
  if (!Number.isFinite(given) || (whole && !Number.isInteger(given))) return `Not used: this is to be ${what}.`;
  if (given < least) return `Not used: this is to be ${whole ? `${what} of at least ${least}` : "a positive number"}.`;
  if (given > most) return `Not used: this is to be ${what} of at most ${shown(most)}.`;
  return "";
}

/** Calls `change` with what is written into a number field; what cannot be used is said beside it. */
function checked(field, limits, change) {
  const note = element("p", { class: "complaint", id: newId(), role: "alert", hidden: true });
  const say = (text) => {
    note.textContent = text;
    note.hidden = text === "";
    field.setAttribute("aria-invalid", text !== "");
    if (text) field.setAttribute("aria-describedby", note.id);
    else field.removeAttribute("aria-describedby");
  };
  field.addEventListener("input", () => complaint(field, limits) || say(""));
  field.addEventListener("change", () => {
    const text = complaint(field, limits);
    say(text);
    if (!text) change(field.valueAsNumber);
  });
  const show = (value) => {
    field.value = rounded(value);
    say("");
  };
  return { note, show };
}

function numberField(text, change) {
  const id = newId();
  const field = element("input", { type: "number", step: "any", id });
  const { note, show } = checked(field, {}, change);
  const row = element("div", { class: "coordinate" }, element("label", { for: id }, text), field, note);
  return { row, show };
}

const TICKS = 200;

/** A slider with a field for exact values beside it; `scale` is {low, high, logarithmic, whole, least, most}. */
function slider(text, scale, change) {
  const { low, high, logarithmic = false, whole = false } = scale;
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
  const exact = checked(field, scale, change);
  const row = element("div", { class: "slider" }, element("label", { for: id }, text), range, field, exact.note);
  const show = (own) => {
    if (value(range.valueAsNumber) !== own) range.value = tick(own);
    range.setAttribute("aria-valuetext", shown(own));
    exact.show(own);
  };
  return { row, show };
}

const rounded = (value) => Number(value.toPrecision(6));

function group(legend, ...children) {
  return element("fieldset", {}, element("legend", {}, legend), ...children);
}
