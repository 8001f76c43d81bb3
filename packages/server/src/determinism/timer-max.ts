/** The longest delay of a function that a handler puts off. It is in no checkpoint, so a replica that joins needs all messages since. */
export const TIMER_MAX_MS = 60_000;
