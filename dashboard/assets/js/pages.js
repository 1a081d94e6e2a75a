// The little that the pages need: the theme, and how old what they show is.

const THEME = "kawal_theme";
const YEAR_S = 31536000;

function toggleTheme() {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  document.cookie = `${THEME}=${root.dataset.theme}; Max-Age=${YEAR_S}; Path=/; SameSite=Lax`;
  document.dispatchEvent(new CustomEvent("kawal:theme"));
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#button-theme")) toggleTheme();
  if (event.target.closest("[data-print]")) window.print();
});

function words(seconds) {
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  if (seconds < 60) return relative.format(-Math.round(seconds), "second");
  if (seconds < 3600) return relative.format(-Math.round(seconds / 60), "minute");
  return relative.format(-Math.round(seconds / 3600), "hour");
}

function showAges() {
  for (const age of document.querySelectorAll("[data-read-s]")) {
    age.textContent = `(${words(Math.max(0, Date.now() / 1000 - Number(age.dataset.readS)))})`;
  }
  for (const at of document.querySelectorAll("time.read-at")) {
    at.textContent = new Date(at.dateTime).toLocaleTimeString(document.documentElement.lang);
  }
}

setInterval(showAges, 1000);

// The part that the address names is drawn after the page has loaded.
const drawn = new MutationObserver(() => {
  const part = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!part) return;
  drawn.disconnect();
  part.scrollIntoView();
});
if (location.hash) drawn.observe(document.body, { childList: true, subtree: true });
