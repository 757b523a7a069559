// The places of people in the tests, as their browsers give them.

import type { Place } from "./fixtures.ts";

/** In front of the door of line 101-1. */
export const YARD: Place = { latitude: 37.501274, longitude: 127.039585, accuracy: 12 };

/** North-east of it, and outside of the demo's plan. */
export const GATE: Place = { latitude: 37.504503, longitude: 127.04898, accuracy: 30 };
