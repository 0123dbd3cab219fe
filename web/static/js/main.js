// Everything here makes pages that already work nicer: each module listens on the document, so swaps need no set-up.
import "./combobox.js";
import "./filters.js";
import "./keeping.js";
import "./messages.js";
import "./passwords.js";
import "./photos.js";
import "./popups.js";
import "./profiles.js";
import "./sheets.js";
