// Moves the end of an activity together with its start.

const MINUTE = 60_000;

for (const start of document.querySelectorAll("input[type=datetime-local][name=start]")) watch(start, start.form?.elements.end);

function watch(start, end) {
  let before = start.valueAsNumber;
  start.addEventListener("change", () => {
    const now = start.valueAsNumber;
    // Clearing the start, or filling an empty one, moves nothing.
    if (!Number.isNaN(before) && !Number.isNaN(now) && end && !Number.isNaN(end.valueAsNumber)) {
      const moved = end.valueAsNumber + now - before;
      // A time without seconds stays so.
      end.value = new Date(moved).toISOString().slice(0, moved % MINUTE === 0 ? 16 : 23);
    }
    if (!Number.isNaN(now)) before = now;
  });
}
