/**
 * The setting of all runs that are to show the lack of a rule: a drill, by its name; streams; nested calls; liveness threads;
 * replicas that compare their states; timers; functions that run once in the outside world; undefined: none of them.
 */
export type Setting = string | undefined;
export const STREAMS = 'streams';
export const NESTED = 'nested';
export const THREADS = 'threads';
export const DIGESTS = 'digests';
export const TIMERS = 'timers';
export const ONCE = 'once';
