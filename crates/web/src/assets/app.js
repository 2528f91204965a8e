// Makes the pages more convenient. They all work without scripts, except for live updates.
// Each module does one thing. Those that change elements are also run on parts that are added later.

import "./clocks.js";
import "./keys.js";
import "./menus.js";
import "./moving.js";
import "./confirm.js"; // before send.js: a form that needs confirmation is not sent yet
import "./send.js";
import "./leaving.js"; // after send.js and confirm.js: a form that they hold back is not being sent
import "./place.js"; // before rows.js, which counts the selected rows
import "./rows.js";
import "./setup.js";
import "./sizes.js";
import { copying } from "./copying.js";
import { dialogs } from "./dialogs.js";
import { follow } from "./live.js";
import { picking } from "./picking.js";
import { progress } from "./progress.js";
import { submitting } from "./submitting.js";

function enhance(part) {
  for (const setUp of [copying, dialogs, picking, submitting]) setUp(part);
}

enhance(document);
progress();
follow(enhance);
