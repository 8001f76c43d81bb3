/** What ties a call to the handler that makes it, across the packages of servers and clients. */
export * from './handling.js';
