// Where people are in the tests, as their browsers tell it.

import type { Place } from "./fixtures.ts";

/** In front of the house. */
export const YARD: Place = { latitude: 37.501274, longitude: 127.039585, accuracy: 12 };

/** North-east of it. */
export const GATE: Place = { latitude: 37.504503, longitude: 127.04898, accuracy: 30 };
