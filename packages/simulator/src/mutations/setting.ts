/**
 * The setting of all runs that are to show the lack of a rule: a drill, by its name; streams; nested calls; liveness threads; undefined:
 * none of them.
 */
export type Setting = string | undefined;
export const STREAMS = 'streams';
export const NESTED = 'nested';
export const THREADS = 'threads';
