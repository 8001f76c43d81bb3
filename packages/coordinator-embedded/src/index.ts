/** Keeps a group's record without a server of its own: in a directory of one host, or in one process for tests. */
export { type EmbeddedOptions, embeddedCoordinator } from './embedded.js';
export { embeddedGroups } from './groups.js';
export { type MemoryCoordinatorFactory, type MemoryFaults, memoryCoordinator } from './memory.js';
