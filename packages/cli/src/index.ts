/** The `understudy` command as a function, for programs that run it themselves. */
export type { Output } from './common/output.js';
export { run } from './run.js';
