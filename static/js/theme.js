// Loaded in <head> and blocking, so that a reader who follows the system's theme sees no flash of the other one.
"use strict";
{
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  if (!root.dataset.bsTheme) {
    follow();
    dark.addEventListener("change", follow);
  }
}
