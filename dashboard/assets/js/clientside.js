// What Dash calls in the browser. Loaded before Dash; the modules listen to the events.
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.kawal = {
  theme(clicks) {
    const root = document.documentElement;
    if (clicks) {
      root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
      document.cookie = `kawal_theme=${root.dataset.theme}; Max-Age=31536000; Path=/; SameSite=Lax`;
      document.dispatchEvent(new CustomEvent("kawal:theme"));
    }
    return root.dataset.theme;
  },

  language(language) {
    if (language !== document.documentElement.lang) {
      document.documentElement.lang = language;
      document.dispatchEvent(new CustomEvent("kawal:language"));
    }
    return language;
  },
};
