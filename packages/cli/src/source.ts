import { embeddedCoordinator, embeddedGroups } from '@understudy/coordinator-embedded';
import type { Coordinator } from '@understudy/core';

/** Where the records of groups are kept. */
export interface Source {
  /** For messages. */
  readonly name: string;
  readonly groups: () => Promise<readonly string[]>;
  readonly coordinator: (group: string) => Coordinator;
}

export function directorySource(dir: string): Source {
  return { name: dir, groups: () => embeddedGroups(dir), coordinator: embeddedCoordinator(dir) };
}

/** Uses a group's coordinator and closes it, however that ends. */
export async function withCoordinator<T>(
  source: Source,
  group: string,
  use: (coordinator: Coordinator) => Promise<T>,
): Promise<T> {
  const coordinator = source.coordinator(group);
  try {
    return await use(coordinator);
  } finally {
    await coordinator.close();
  }
}
