/** The machine's monotonic clock, in milliseconds. All processes of a machine read the same clock. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
