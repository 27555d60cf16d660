/** The site's service worker. It is at the root of the site, so that it controls all pages. */

import './keybroker/player/worker.js';
