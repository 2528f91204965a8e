// Makes the pages handier. All of them work without any of this, except for what is live.
// Each module tells one story; those that change what a page shows are given the part that is new.

import "./clocks.js";
import "./keys.js";
import "./menus.js";
import "./moving.js";
import "./confirm.js"; // before send.js: what is asked about first is not sent yet
import "./send.js";
import "./leaving.js"; // after send.js and confirm.js: what they hold back is not on its way
import "./place.js"; // before rows.js: it counts the rows that are chosen
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
  for (const story of [copying, dialogs, picking, submitting]) story(part);
}

enhance(document);
progress();
follow(enhance);
