/** What the runs have that are to show the lack of a rule: a drill, by its name; streams; undefined: neither. */
export type Setting = string | undefined;
export const STREAMS = 'streams';
