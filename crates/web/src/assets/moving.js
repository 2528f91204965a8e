// An activity whose start is moved takes its end along.

const MINUTE = 60_000;

for (const start of document.querySelectorAll("input[type=datetime-local][name=start]")) watch(start, start.form?.elements.end);

function watch(start, end) {
  let before = start.valueAsNumber;
  start.addEventListener("change", () => {
    const now = start.valueAsNumber;
    // An emptied start moves nothing, nor does one that was empty.
    if (!Number.isNaN(before) && !Number.isNaN(now) && end && !Number.isNaN(end.valueAsNumber)) {
      const moved = end.valueAsNumber + now - before;
      // What has no seconds keeps none.
      end.value = new Date(moved).toISOString().slice(0, moved % MINUTE === 0 ? 16 : 23);
    }
    if (!Number.isNaN(now)) before = now;
  });
}
