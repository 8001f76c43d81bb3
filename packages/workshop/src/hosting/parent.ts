/** A process's tie to its parent: it reports to the parent and does not outlive it. */

/** Sends a message to the parent process. Does nothing if there is none. */
export const tellParent = (message: object): void => {
  if (process.connected) process.send?.(message);
};

/** Ends this process when its parent is gone, for whatever reason. */
export function endWithParent(): void {
  process.on('disconnect', () => process.exit(0));
  // The parent may have died while this process was loading. A process without a parent never had a channel.
  if (process.send !== undefined && !process.connected) process.exit(0);
  // Ctrl-C in a terminal reaches every process of the group. The parent decides what it means, so this one ignores it.
  if (process.connected) process.on('SIGINT', () => {});
}
