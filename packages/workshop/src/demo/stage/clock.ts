/** Milliseconds of the machine's monotonic clock: what two processes of one machine read can be compared. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
