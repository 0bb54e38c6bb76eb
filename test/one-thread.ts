// What is tested beside the sources computes on one thread: two files run side by side on two cores, and with two
// threads each, a fifth of the time goes to waiting for them.

import { setThreads } from "../src/engine/index.ts";

setThreads(1);
