/** A process of the bank that was started by another reports to it, and does not outlive it. */

/** Tells the process that started this one; nothing happens if there is none. */
export const tellParent = (message: object): void => {
  if (process.connected) process.send?.(message);
};

/** Ends this process when the one that started it is gone, however that came. */
export function endWithParent(): void {
  process.on('disconnect', () => process.exit(0));
  // It may have gone while this process was loading; one that nobody started never had a channel.
  if (process.send !== undefined && !process.connected) process.exit(0);
  // A key press in the terminal reaches every process of the group; the one that started us decides what it means.
  if (process.connected) process.on('SIGINT', () => {});
}
