/** What ties a call to the handler that makes it, on both sides: servers set it, clients ask for it. */
export * from './handling.js';
