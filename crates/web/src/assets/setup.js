// Fills in the setup form: the time zone of the browser, and an ID made from the name.

const form = document.querySelector("[data-setup]");
const zone = form?.querySelector("[data-own-zone]");
if (zone && !zone.value) {
  const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zone.options].some((option) => option.value === mine)) zone.value = mine;
}

/** `Harbor Street Relief` becomes `harbor-street-relief`. */
function short(name) {
  const plain = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40);
}

const [name, id] = ["org_name", "org"].map((field) => form?.elements[field]);
if (name && id) {
  // An ID that was typed is not replaced.
  let follows = !id.value;
  id.addEventListener("input", () => (follows = !id.value));
  name.addEventListener("input", () => {
    if (follows) id.value = short(name.value);
  });
}
