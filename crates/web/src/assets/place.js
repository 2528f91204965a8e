// After a quick change in a list, restores the scroll position and the selected rows.

const KEY = "driftless-place";
const SMALL = "form.quick, .told form, td.pick form";

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches(SMALL)) return;
  const chosen = [...document.querySelectorAll("input[name=id]:checked")].map((box) => box.value);
  keep(JSON.stringify({ path: location.pathname, y: scrollY, chosen }));
});

function keep(text) {
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    // Storage is not available: the page opens where its address says.
  }
}

function kept() {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const place = kept();
if (place?.path === location.pathname) {
  for (const value of place.chosen) {
    const box = document.querySelector(`input[name=id][value="${CSS.escape(value)}"]`);
    if (box) box.checked = true;
  }
  // After the browser has scrolled to the row in the address.
  addEventListener("load", () => requestAnimationFrame(() => scrollTo({ top: place.y, behavior: "instant" })));
}
