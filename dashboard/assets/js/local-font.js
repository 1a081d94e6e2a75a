// Letters for the map, made from the fonts of this computer.
//
// MapLibre asks a style's `glyphs` address for signed distance fields in protocol buffers
// (github.com/mapbox/node-fontnik, proto/glyphs.proto). A glyph server is one more thing
// to run; this answers `local-font://{fontstack}/{range}` from a canvas instead.

const SIZE = 24; // what MapLibre scales from
const BORDER = 3;
const RADIUS = 8;
const CUTOFF = 0.25;
const TOP_OF_LINE = 27;
const FAMILY = '"Inter", "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';
const FAR = 1e20;

export function addLocalFont(maplibre) {
  maplibre.addProtocol("local-font", async ({ url }) => {
    const [, stack, from, to] = /^local-font:\/\/([^/]+)\/(\d+)-(\d+)/.exec(decodeURIComponent(url));
    return { data: encodeRange(stack, Number(from), Number(to)).buffer };
  });
}

function encodeRange(stack, from, to) {
  const draw = pen(stack);
  const glyphs = [];
  for (let code = from; code <= to; code += 1) {
    const glyph = draw(code);
    if (glyph) glyphs.push(bytesField(3, encodeGlyph(glyph)));
  }
  const name = new TextEncoder().encode(stack);
  const range = new TextEncoder().encode(`${from}-${to}`);
  return bytesField(1, join([bytesField(1, name), bytesField(2, range), ...glyphs]));
}

function encodeGlyph({ code, data, width, height, left, top, advance }) {
  const zigzag = (value) => (value < 0 ? -2 * value - 1 : 2 * value);
  const numbers = [[3, width], [4, height], [5, zigzag(left)], [6, zigzag(top)], [7, advance]];
  return join([
    numberField(1, code),
    ...(data ? [bytesField(2, data)] : []),
    ...numbers.map(([field, value]) => numberField(field, value)),
  ]);
}

// A function that draws one letter of a font stack as a distance field.
function pen(stack) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE * 3;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const style = /italic/i.test(stack) ? "italic" : "normal";
  context.font = `${style} ${/bold/i.test(stack) ? 600 : 400} ${SIZE}px ${FAMILY}`;
  context.textBaseline = "alphabetic";
  return (code) => {
    const letter = String.fromCodePoint(code);
    const box = context.measureText(letter);
    const left = Math.floor(-box.actualBoundingBoxLeft);
    const top = Math.ceil(box.actualBoundingBoxAscent);
    const width = Math.max(Math.ceil(box.actualBoundingBoxRight) - left, 0);
    const height = Math.max(Math.ceil(box.actualBoundingBoxDescent) + top, 0);
    const metrics = { code, width, height, left, top: top - TOP_OF_LINE, advance: Math.round(box.width) };
    if (!width || !height) return { ...metrics, width: 0, height: 0, data: null };
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillText(letter, BORDER - left, BORDER + top);
    const [w, h] = [width + 2 * BORDER, height + 2 * BORDER];
    return { ...metrics, data: distanceField(context.getImageData(0, 0, w, h).data, w, h) };
  };
}

// Distance to the outline, outside minus inside, from the ink of each pixel.
function distanceField(pixels, width, height) {
  const outer = new Float64Array(width * height).fill(FAR);
  const inner = new Float64Array(width * height);
  for (let at = 0; at < outer.length; at += 1) {
    const ink = pixels[4 * at + 3] / 255;
    if (ink === 0) continue;
    outer[at] = ink === 1 ? 0 : Math.max(0, 0.5 - ink) ** 2;
    inner[at] = ink === 1 ? FAR : Math.max(0, ink - 0.5) ** 2;
  }
  squaredDistances(outer, width, height);
  squaredDistances(inner, width, height);
  return Uint8Array.from(outer, (squared, at) => {
    const distance = Math.sqrt(squared) - Math.sqrt(inner[at]);
    return Math.min(Math.max(Math.round(255 - 255 * (distance / RADIUS + CUTOFF)), 0), 255);
  });
}

// Felzenszwalb and Huttenlocher, Distance Transforms of Sampled Functions, 2012.
function squaredDistances(grid, width, height) {
  for (let x = 0; x < width; x += 1) transformLine(grid, x, width, height);
  for (let y = 0; y < height; y += 1) transformLine(grid, y * width, 1, width);
}

function transformLine(grid, offset, stride, length) {
  const values = Float64Array.from({ length }, (_, q) => grid[offset + q * stride]);
  const roots = [0];
  const edges = [-FAR, FAR];
  const meet = (q, r) => (values[q] - values[r] + q * q - r * r) / (2 * (q - r));
  for (let q = 1; q < length; q += 1) {
    let edge = meet(q, roots.at(-1));
    while (edge <= edges[roots.length - 1]) {
      roots.pop();
      edge = meet(q, roots.at(-1));
    }
    edges[roots.length] = edge;
    roots.push(q);
    edges[roots.length] = FAR;
    edges.length = roots.length + 1;
  }
  for (let q = 0, k = 0; q < length; q += 1) {
    while (edges[k + 1] < q) k += 1;
    grid[offset + q * stride] = values[roots[k]] + (q - roots[k]) ** 2;
  }
}

function numberField(field, value) {
  return Uint8Array.from([field << 3, ...varint(value)]);
}

function bytesField(field, bytes) {
  return join([Uint8Array.from([(field << 3) | 2, ...varint(bytes.length)]), bytes]);
}

function varint(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

function join(parts) {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
