/* Runs before anything is drawn: the address, then what this browser chose before, then the server's default. */
(function () {
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function look() {
    var chosen = new URLSearchParams(location.search).get("theme");
    try {
      if (chosen) localStorage.setItem("hx-theme", chosen);
      else chosen = localStorage.getItem("hx-theme");
    } catch (error) { chosen = chosen || null; /* storage is refused: the address still says it */ }
    return chosen || root.dataset.look || "auto";
  }
  window.hxApplyTheme = function () {
    var chosen = look();
    var theme = chosen === "dark" || (chosen !== "light" && dark.matches) ? "dark" : "light";
    root.dataset.theme = theme;
    root.dataset.bsTheme = theme;
    return chosen;
  };
  window.hxApplyTheme();
  dark.addEventListener("change", window.hxApplyTheme);
})();
