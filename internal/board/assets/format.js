// Numbers as the console of a run shows them. What is not known is a dash.
const known = (x) => x !== null && x !== undefined && Number.isFinite(x);

export const digits = (x, n = 5) => (known(x) ? String(Number(x.toPrecision(n))) : "–");
export const percent = (x) => (known(x) ? (100 * x).toFixed(1) + " %" : "–");
export const count = (x) => (known(x) ? x.toLocaleString("en-US") : "–");

export function short(x) {
  if (!known(x)) return "–";
  for (const unit of ["", "k", "M", "G"]) {
    if (Math.abs(x) < 999.5 || unit === "G") return (unit && Math.abs(x) < 99.95 ? x.toFixed(1) : x.toFixed(0)) + unit;
    x /= 1000;
  }
}

export const memory = (mib) => (!known(mib) ? "–" : mib < 999.5 ? mib.toFixed(0) + " MB" : (mib / 1024).toFixed(1) + " GB");

export function duration(seconds) {
  if (!known(seconds) || seconds < 0) return "–";
  if (seconds < 9.95) return Number(seconds.toFixed(1)) + "s";
  const s = Math.round(seconds);
  if (s < 60) return s + "s";
  if (s < 3600) return Math.floor(s / 60) + "m" + String(s % 60).padStart(2, "0") + "s";
  const hours = Math.floor(s / 3600);
  return hours < 48 ? hours + "h" + String(Math.floor((s % 3600) / 60)).padStart(2, "0") + "m" : (s / 86400).toFixed(1) + "d";
}

export const plural = (n, noun) => n.toLocaleString("en-US") + " " + noun + (n === 1 ? "" : "s");
