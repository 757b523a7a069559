// The table of pages, as in app/src/page_table.rs; a test compares the two.
"use strict";

const PAGES = [
  { "path": "/", "signedIn": true, "hydrated": true },
  { "path": "/sign-in", "signedIn": false, "hydrated": false },
  { "path": "/call", "signedIn": true, "hydrated": true },
  { "path": "/call/{id}", "signedIn": true, "hydrated": false },
  { "path": "/calls", "signedIn": true, "hydrated": false },
  { "path": "/devices", "signedIn": true, "hydrated": false },
  { "path": "/me", "signedIn": true, "hydrated": false },
  { "path": "/me/leave", "signedIn": true, "hydrated": false },
  { "path": "/me/sign-in", "signedIn": true, "hydrated": false },
  { "path": "/install", "signedIn": false, "hydrated": false },
  { "path": "/admin/statistics", "signedIn": true, "hydrated": false },
  { "path": "/admin/people", "signedIn": true, "hydrated": false },
  { "path": "/admin/people/import", "signedIn": true, "hydrated": false },
  { "path": "/admin/people/cards", "signedIn": true, "hydrated": false },
  { "path": "/admin/drills", "signedIn": true, "hydrated": false },
  { "path": "/admin/audit", "signedIn": true, "hydrated": false },
  { "path": "/admin/board", "signedIn": true, "hydrated": false },
  { "path": "/admin/board/displays", "signedIn": true, "hydrated": false },
  { "path": "/admin/escalation", "signedIn": true, "hydrated": false },
  { "path": "/join", "signedIn": false, "hydrated": false },
  { "path": "/join/{code}", "signedIn": false, "hydrated": false }
];

// Returns whether `path`, an address without query, is one of a page; a segment in braces stands for any text.
function isPage(path) {
  const asked = path.split("/");
  const fits = (segment, index) => (segment.startsWith("{") ? Boolean(asked[index]) : asked[index] === segment);
  return PAGES.some((page) => {
    const segments = page.path.split("/");
    return segments.length === asked.length && segments.every(fits);
  });
}
