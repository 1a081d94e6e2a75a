// Plane geometry that is good enough for a circle on a map.

const EARTH_RADIUS_M = 6371008.8;

export function circle(lon, lat, radiusM, corners = 64) {
  const reach = ((radiusM / EARTH_RADIUS_M) * 180) / Math.PI;
  const stretch = Math.cos((lat * Math.PI) / 180);
  const ring = [];
  for (let at = 0; at <= corners; at += 1) {
    const angle = (2 * Math.PI * at) / corners;
    ring.push([lon + (reach * Math.cos(angle)) / stretch, lat + reach * Math.sin(angle)]);
  }
  return { type: "Polygon", coordinates: [ring] };
}

export function bounds(points) {
  let box = null;
  for (const [lon, lat] of points) {
    box ??= [lon, lat, lon, lat];
    box = [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)];
  }
  return box;
}

export const point = (lon, lat) => ({ type: "Point", coordinates: [lon, lat] });
export const feature = (geometry, properties = {}, id = undefined) => ({ type: "Feature", id, geometry, properties });
export const collection = (features) => ({ type: "FeatureCollection", features });
