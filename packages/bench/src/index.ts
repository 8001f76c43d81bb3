/** The shape of what `npm run bench -- --json FILE` writes. */
export type { BenchReport } from './report/report.js';
