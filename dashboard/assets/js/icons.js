// Marker and halo images, drawn on a canvas in the colours of the theme.
// Each state has a shape of its own; the colour only repeats it.

const SIZE = 40; // CSS pixels
const RATIO = 2;
export const MARKERS = ["moving", "stopped", "doubted", "late"]; // by number of dashboard/markers.py
export const HALO_SIZE = 64;

const SHAPES = {
  moving(c) {
    c.moveTo(0, -15);
    c.lineTo(10.5, 12);
    c.lineTo(0, 6.5);
    c.lineTo(-10.5, 12);
    c.closePath();
  },
  stopped(c) {
    c.arc(0, 0, 9, 0, 2 * Math.PI);
  },
  doubted(c) {
    polygon(c, 4, 14, -90);
  },
  late(c) {
    c.moveTo(-9, -12);
    c.lineTo(9, -12);
    c.lineTo(-9, 12);
    c.lineTo(9, 12);
    c.closePath();
  },
};

const HALOS = {
  1: (c, r) => polygon(c, 8, r, 22.5),
  2: (c, r) => polygon(c, 3, r * 1.25, -90),
  3: (c, r) => polygon(c, 4, r * 1.1, -90),
  4: (c, r) => c.arc(0, 0, r, 0, 2 * Math.PI),
};

function polygon(c, corners, radius, startDeg) {
  for (let at = 0; at < corners; at += 1) {
    const angle = ((startDeg + (360 * at) / corners) * Math.PI) / 180;
    c.lineTo(radius * Math.cos(angle), radius * Math.sin(angle));
  }
  c.closePath();
}

export function themeColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function canvas(size) {
  const element = document.createElement("canvas");
  element.width = size * RATIO;
  element.height = size * RATIO;
  const context = element.getContext("2d");
  context.scale(RATIO, RATIO);
  context.translate(size / 2, size / 2);
  context.lineJoin = "round";
  return { element, context };
}

export function drawMarker(kind, hollow) {
  const { element, context: c } = canvas(SIZE);
  const colour = themeColour(`marker-${kind}`);
  c.beginPath();
  SHAPES[kind](c);
  c.strokeStyle = themeColour("marker-edge");
  c.lineWidth = hollow ? 6 : 4;
  c.stroke();
  if (hollow) {
    c.fillStyle = themeColour("marker-edge");
    c.fill();
    c.strokeStyle = colour;
    c.lineWidth = 2.5;
    c.setLineDash(kind === "moving" ? [5, 2.5] : [4, 2.5]);
    c.stroke();
  } else {
    c.fillStyle = colour;
    c.fill();
  }
  if (kind === "doubted") mark(c, "?", hollow ? colour : themeColour("marker-edge"));
  return element;
}

function mark(c, sign, colour) {
  c.fillStyle = colour;
  c.font = "700 15px sans-serif";
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.fillText(sign, 0, 1);
}

export function drawHalo(severity) {
  const { element, context: c } = canvas(HALO_SIZE);
  if (severity === 2) c.translate(0, 4);
  c.beginPath();
  HALOS[severity](c, 22);
  c.fillStyle = themeColour(`severity-${severity}-wash`);
  c.fill();
  c.strokeStyle = themeColour("marker-edge");
  c.lineWidth = 7;
  c.stroke();
  c.strokeStyle = themeColour(`severity-${severity}`);
  c.lineWidth = 3.5;
  c.stroke();
  return element;
}

// All images of the live layer for MapLibre.
export function addImages(map) {
  const add = (name, { width, height, context }) => {
    const data = context.getImageData(0, 0, width, height);
    if (map.hasImage(name)) map.removeImage(name);
    map.addImage(name, data, { pixelRatio: RATIO });
  };
  const ready = (element) => ({
    width: element.width,
    height: element.height,
    context: element.getContext("2d"),
  });
  for (const kind of MARKERS) {
    add(`${kind}-full`, ready(drawMarker(kind, false)));
    add(`${kind}-hollow`, ready(drawMarker(kind, true)));
  }
  add("doubt", ready(drawDoubt()));
  add("hatch", ready(drawHatch()));
  for (const severity of [1, 2, 3, 4]) add(`halo-${severity}`, ready(drawHalo(severity)));
  for (const kind of ["depot", "place"]) add(`facility-${kind}`, ready(drawFacility(kind)));
}

// Slanted lines that meet those of the next tile.
function drawHatch() {
  const size = 12;
  const { element, context: c } = canvas(size);
  c.setTransform(RATIO, 0, 0, RATIO, 0, 0);
  c.strokeStyle = themeColour("severity-1");
  c.lineWidth = 2;
  c.beginPath();
  for (const at of [-size, 0, size]) {
    c.moveTo(at - 2, size + 2);
    c.lineTo(at + size + 2, -2);
  }
  c.stroke();
  return element;
}

// A doubted fix on a track: hollow and crossed, and smaller than any marker.
export function drawDoubt() {
  const { element, context: c } = canvas(SIZE);
  const stroke = (colour, width) => {
    c.beginPath();
    polygon(c, 4, 8, -90);
    for (const [x, y] of [[4, 4], [4, -4]]) {
      c.moveTo(-x, -y);
      c.lineTo(x, y);
    }
    c.strokeStyle = themeColour(colour);
    c.lineWidth = width;
    c.stroke();
  };
  stroke("marker-edge", 4.5);
  stroke("marker-doubted", 2);
  return element;
}

function drawFacility(kind) {
  const { element, context: c } = canvas(20);
  c.beginPath();
  if (kind === "depot") c.rect(-5, -5, 10, 10);
  else c.arc(0, 0, 3.5, 0, 2 * Math.PI);
  c.strokeStyle = themeColour("marker-edge");
  c.lineWidth = 4;
  c.stroke();
  c.fillStyle = themeColour("plan-strong");
  c.fill();
  return element;
}
