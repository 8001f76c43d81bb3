/** The example bank. The other examples are imported by file, such as `@understudy/examples/chat/chat.js`. */
export * from './bank/bank.js';
export * from './bank/operation.js';
export * from './bank/proto.js';
export * from './bank/service.js';
export * from './bank/service-config.js';
