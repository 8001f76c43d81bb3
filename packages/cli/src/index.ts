/** The `understudy` command as a function, for those who want it in a program of their own. */
export { type Output, run } from './run.js';
