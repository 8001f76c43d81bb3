/** Arbitrary values of everything that travels, for property tests. */
export * from './frames.js';
export * from './orders.js';
export * from './outcomes.js';
export * from './parts.js';
export * from './values.js';
