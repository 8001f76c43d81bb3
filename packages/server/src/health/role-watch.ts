import type { Logger, ReplicaStatus } from '@understudy/core';

/** Tells the user's functions about changes of role. Errors that they throw must not harm the replica. */
export class RoleWatch {
  readonly #logger: Logger;
  readonly #onServing: ((serving: boolean) => void) | undefined;
  readonly #listeners = new Set<(status: ReplicaStatus) => void>();
  readonly #versionListeners = new Set<(status: ReplicaStatus) => void>();
  #versions = '';
  #last: ReplicaStatus | undefined;
  #serving = false;

  constructor(logger: Logger, onServing: ((serving: boolean) => void) | undefined) {
    this.#logger = logger;
    this.#onServing = onServing;
  }

  get last(): ReplicaStatus | undefined {
    return this.#last;
  }

  /** Whether it was last told that this replica serves. */
  get serving(): boolean {
    return this.#serving;
  }

  listen(listener: (status: ReplicaStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  listenToVersions(listener: (status: ReplicaStatus) => void): () => void {
    this.#versionListeners.add(listener);
    return () => this.#versionListeners.delete(listener);
  }

  /** The versions in the status may have changed. */
  versionsChanged(status: ReplicaStatus): void {
    const { primary, members } = status;
    const versions = JSON.stringify([
      members.find(({ id }) => id === primary)?.version,
      members.map((one) => [one.id, one.version]),
    ]);
    if (versions === this.#versions) return;
    this.#versions = versions;
    for (const listener of this.#versionListeners) this.#safely(() => listener(status));
  }

  changed(status: ReplicaStatus): void {
    this.#last = status;
    const { role, term, epoch, primary, blocked } = status;
    this.#logger.log('info', 'role', { role, term, epoch, primary, blocked });
    this.#serve(status.role === 'primary');
    for (const listener of this.#listeners) this.#safely(() => listener(status));
  }

  /** Says that this replica stops. */
  ended(): void {
    this.#serve(false);
  }

  #serve(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    this.#safely(() => this.#onServing?.(serving));
  }

  #safely(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#logger.log('error', 'a listener for changes of role threw', { reason: String(error) });
    }
  }
}
